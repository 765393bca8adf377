// Banks that let users log in on their own site only.

import assert from 'node:assert/strict';

import { OAUTH_BANK } from '../banks.js';
import { picture } from '../browser.js';
import { pageTest } from '../reference-page.js';
import { GATEWAY, lastRunOfLink } from '../stack.js';

const RETURN = `${GATEWAY}/oauth-return.html`;
const NO_ACCESS = 'You did not give access to your accounts.';

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
  const link = await toBank(app);
  assert.equal(app.wish.redirect_uri, RETURN);
  await (await link.toBankSite(OAUTH_BANK)).allow();
  await link.finish();
  await app.card(OAUTH_BANK).waitFor();
  // A reload must not play the return again.
  assert.equal(page.url(), `${GATEWAY}/`);
  await app.onlyItem();
  await page.reload();
  await app.card(OAUTH_BANK).waitFor();
  assert.equal(await page.locator('dialog[open]').count(), 0);
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
