// Banks that let users log in on their own site only.

import assert from 'node:assert/strict';

import { OAUTH_BANK } from '../banks.js';
import { picture } from '../browser.js';
import { pageTest } from '../reference-page.js';
import { GATEWAY, lastRunOfLink } from '../stack.js';

const RETURN = `${GATEWAY}/oauth-return.html`;
const NO_ACCESS = 'You did not give access to your accounts.';

// In the page, before everything else: tells `created` what each Link is created with.
const tellCreations = () => {
  let plaid;
  Object.defineProperty(window, 'Plaid', {
    get: () => plaid,
    set: (real) => {
      const create = (config) => {
        window.created({ token: config.token, receivedRedirectUri: config.receivedRedirectUri ?? null });
        return real.create(config);
      };
      plaid = { ...real, create };
    },
  });
};

// With what each Link was created, on every page that the tab has shown.
const watchCreations = async (page) => {
  const created = [];
  await page.exposeFunction('created', (config) => created.push(config));
  await page.addInitScript(tellCreations);
  return created;
};

// As with Plaid's own Sandbox, where the page names no address to return to.
const withoutReturn = (page) =>
  page.route('**/config.json', async (route) => {
    const response = await route.fetch();
    return route.fulfill({ response, json: { ...(await response.json()), environment: 'sandbox' } });
  });

const toBank = async (app) => {
  const link = await app.startLink();
  await link.chooseBank(OAUTH_BANK);
  await link.title(`Log in at ${OAUTH_BANK}`);
  return link;
};

const oneAccountReady = async (app) => {
  await app.connected(OAUTH_BANK);
  const item = await app.onlyItem();
  assert.equal(item.action, 'none');
  assert.deepEqual(item.accounts.map(({ name, status }) => [name, status]), [['Plaid Checking', 'ready']]);
};

// The user was at the bank and shared nothing; page, our API and Plaid say the same.
const leftWithoutAccess = async (app) => {
  const { told } = await app.leave({ ask: true });
  assert.equal(told.metadata.institution.name, OAUTH_BANK);
  const notice = app.notice('No bank was linked');
  await notice.getByText(NO_ACCESS).waitFor();
  await notice.getByText(/^ACCESS_NOT_GRANTED · Request /).waitFor();
  assert.deepEqual(await app.user.link(app.linkId), {
    link_id: app.linkId,
    status: 'exited',
    item_ids: [],
    problem: {
      status: 'requires_oauth',
      error_type: 'ITEM_ERROR',
      error_code: 'ACCESS_NOT_GRANTED',
      display_message: NO_ACCESS,
    },
  });
  const { exit } = await lastRunOfLink(app.linkToken);
  assert.equal(exit.error.error_code, 'ACCESS_NOT_GRANTED');
  assert.deepEqual(await app.user.items(), []);
};

pageTest('a user who returns from the bank’s own site goes on where they were', async (app) => {
  const { page } = app;
  const created = await watchCreations(page);
  await page.reload();
  let asked = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/v1/link-tokens')) asked += 1;
  });
  const link = await toBank(app);
  assert.equal(app.wish.redirect_uri, RETURN);
  const [returned] = await Promise.all([
    page.waitForRequest((request) => request.url().startsWith(RETURN)),
    (await link.toBankSite(OAUTH_BANK)).allow(),
  ]);
  assert.deepEqual([...new URL(returned.url()).searchParams.keys()], ['oauth_state_id']);
  await link.finish();
  await app.card(OAUTH_BANK).waitFor();
  assert.equal(asked, 1, 'the same link token goes on');
  assert.deepEqual(created, [
    { token: app.linkToken, receivedRedirectUri: null },
    { token: app.linkToken, receivedRedirectUri: returned.url() },
  ]);
  // A reload must not play the return again.
  assert.equal(page.url(), `${GATEWAY}/`);
  await app.onlyItem();
  await page.reload();
  await app.card(OAUTH_BANK).waitFor();
  assert.equal(await page.locator('dialog[open]').count(), 0);
  assert.equal(created.length, 2);
});

// The address to which the bank sends the user, who gets there in another tab: a bank's
// app opens the browser anew.
const returnElsewhere = async (app) => {
  const link = await toBank(app);
  const bank = await link.toBankSite(OAUTH_BANK);
  await bank.signIn();
  await app.page.route(`${RETURN}*`, (route) => route.abort());
  const [returned] = await Promise.all([
    app.page.waitForRequest((request) => request.url().startsWith(RETURN)),
    bank.share({ without: ['Plaid Saving'] }),
  ]);
  return app.otherTab(returned.url());
};

pageTest('a user whom the bank sends to another tab goes on there, after signing in', async (app) => {
  const there = await returnElsewhere(app);
  assert.equal(there.page.url(), `${GATEWAY}/`);
  await there.notice('You are back from your bank').waitFor();
  await there.signIn();
  await there.link.finish();
  await oneAccountReady(there);
  assert.equal(await there.page.evaluate(() => localStorage.length), 0, 'the link token is not kept any longer');
});

pageTest('somebody else in that tab does not go on with it', async (app) => {
  const there = await returnElsewhere(app);
  await there.signIn(`${app.userId}-other`);
  await there.notice('This is not where you started').waitFor();
  assert.equal(await there.page.locator('dialog[open]').count(), 0);
});

pageTest('a user who denies at the bank’s own site returns, and is told what is missing', async (app) => {
  const link = await toBank(app);
  await (await link.toBankSite(OAUTH_BANK)).deny();
  await link.alert(NO_ACCESS);
  assert.equal(app.page.url(), `${GATEWAY}/`);
  await picture(app.page, 'oauth-denied');
  await leftWithoutAccess(app);
  await picture(app.page, 'oauth-denied-exit');
});

pageTest('a user who denied at the bank’s own site may think better of it', async (app) => {
  const link = await toBank(app);
  await (await link.toBankSite(OAUTH_BANK)).deny();
  await link.alert(NO_ACCESS);
  await (await link.toBankSite(OAUTH_BANK)).allow({ without: ['Plaid Saving'] });
  await link.finish();
  await oneAccountReady(app);
});

pageTest(
  'without an address to return to, the bank’s own site opens in a window of its own',
  async (app) => {
    const link = await toBank(app);
    assert.equal(app.wish.redirect_uri, undefined);
    const bank = await link.openBankWindow(OAUTH_BANK);
    await link.title('Go on in the other window');
    await picture(app.page, 'pop-up-waiting');
    await bank.signIn();
    await picture(bank.page, 'pop-up');
    await Promise.all([bank.page.waitForEvent('close'), bank.share({ without: ['Plaid Saving'] })]);
    await link.finish();
    await oneAccountReady(app);
    assert.equal(app.page.url(), `${GATEWAY}/`);
  },
  withoutReturn,
);

pageTest(
  'a user may deny in the bank’s window',
  async (app) => {
    const link = await toBank(app);
    const bank = await link.openBankWindow(OAUTH_BANK);
    await bank.deny();
    await link.alert(NO_ACCESS);
    await leftWithoutAccess(app);
  },
  withoutReturn,
);

pageTest(
  'a bank’s window that is closed too early can be opened again',
  async (app) => {
    const link = await toBank(app);
    const early = await link.openBankWindow(OAUTH_BANK);
    await early.ready();
    await early.page.close();
    await link.alert(/window was closed/);
    const bank = await link.openBankWindow(OAUTH_BANK);
    await bank.allow({ without: ['Plaid Saving'] });
    await link.finish();
    await oneAccountReady(app);
  },
  withoutReturn,
);

pageTest(
  'a user who leaves while the bank’s window is open closes it, too',
  async (app) => {
    const link = await toBank(app);
    const bank = await link.openBankWindow(OAUTH_BANK);
    await bank.ready();
    const [{ pane }] = await Promise.all([app.leave({ ask: true }), bank.page.waitForEvent('close')]);
    assert.equal(pane, 'oauth');
    await app.notice('No bank was linked').getByText(`You left before logging in at ${OAUTH_BANK}.`).waitFor();
    const { problem } = await app.user.link(app.linkId);
    assert.deepEqual([problem.status, problem.error_code], ['requires_oauth', null]);
    assert.deepEqual(await app.user.items(), []);
  },
  withoutReturn,
);
