// The reference page, against the simulator's Link.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { picture, withPage } from '../browser.js';
import { ReferencePage } from '../reference-page.js';
import { GATEWAY, liveItems, look, simulate } from '../stack.js';

const BANK = 'First Platypus Bank';
const OAUTH_BANK = 'Platypus OAuth Bank';
const NUMBERS = { 'Routing number': '110000000', 'Account number': '1111222233330000' };
const VERIFY_DEPOSIT = 'Enter the code';

const test_ = (name, act) => test(name, () => withPage(async (page, context) => act(await ReferencePage.open(page), context)));

// All of Link, for one account.
const linkOne = async (app) => {
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn();
  await link.share('Plaid Checking');
  await link.finish();
  return link;
};

test_('one account is linked, and its processor token shown on demand', async (app) => {
  const { page, user } = app;
  await picture(page, 'empty');
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn();
  await link.share('Plaid Checking');
  await picture(page, 'link');
  await link.finish();
  await app.connected(BANK);
  const card = app.card(BANK);
  await card.getByText('Ready for payments').waitFor();
  await assertNoText(card, /processor-sandbox-/);
  await card.getByRole('button', { name: 'Show' }).click();
  await card.getByText(/processor-sandbox-/).waitFor();
  await picture(page, 'linked');
  const [item] = await user.items();
  assert.equal(item.action, 'none');
  assert.equal(item.accounts.length, 1);
  const kept = await page.evaluate(() => JSON.stringify(Object.entries({ ...sessionStorage, ...localStorage })));
  assert.doesNotMatch(kept, /public-sandbox|processor-sandbox|access-sandbox/);
});

test_('with several accounts the user chooses one, also after a reload', async (app) => {
  const { page, user } = app;
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn();
  await link.share('Plaid Checking', 'Plaid Saving');
  await link.finish();
  await page.getByText('Which account should payments come from?').waitFor();
  await picture(page, 'select-account');
  await page.reload();
  await page.getByRole('radio', { name: /Plaid Saving/ }).check();
  await page.getByRole('button', { name: 'Use this account' }).click();
  await app.connected(BANK);
  const [item] = await user.items();
  const ready = item.accounts.filter((account) => account.status === 'ready');
  assert.deepEqual(ready.map((account) => account.name), ['Plaid Saving']);
});

test_('a user who returns from the bank’s own site goes on where they were', async (app) => {
  const { page, user } = app;
  const link = await app.startLink();
  await link.chooseBank(OAUTH_BANK);
  await link.allowAtBank(OAUTH_BANK);
  await link.finish();
  await app.card(OAUTH_BANK).waitFor();
  // A reload must not play the return again.
  assert.equal(page.url(), `${GATEWAY}/`);
  assert.equal((await user.items()).length, 1);
  await page.reload();
  await app.card(OAUTH_BANK).waitFor();
  assert.equal(await page.locator('dialog[open]').count(), 0);
});

test_('bad credentials can be corrected', async (app) => {
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn({ password: 'wrong' });
  await link.frame.getByRole('alert').waitFor();
  await link.logIn();
  await link.share('Plaid Checking');
  await link.finish();
  await app.connected(BANK);
});

test_('a bank that asks for a code gets it', async (app) => {
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn({ password: 'mfa_device' });
  await link.title(/How should we send/);
  await link.press('Send code');
  await link.fill({ Code: '1234' });
  await link.press('Continue');
  await link.share('Plaid Checking');
  await link.finish();
  await app.connected(BANK);
});

test_('a bank that is down can be left for another', async (app) => {
  const link = await app.startLink();
  await link.chooseBank('Unhealthy Platypus Bank - Down');
  await link.title('Your bank does not answer');
  await link.press('Choose another bank');
  await link.frame.getByRole('button', { name: BANK }).click();
  await link.logIn();
  await link.share('Plaid Checking');
  await link.finish();
  await app.connected(BANK);
});

test_('an automated micro-deposit is waited for', async (app) => {
  const { page, user } = app;
  const link = await app.startLink();
  await link.chooseBank('Houndstooth Bank');
  await link.logIn({ username: 'microdeposits_good' });
  await link.share('Plaid Checking');
  await link.fill(NUMBERS);
  await link.press('Continue');
  await link.finish();
  await app.card('Houndstooth Bank').waitFor();
  await picture(page, 'automated-deposit');
  const [item] = await user.items();
  assert.equal(item.action, 'wait');
  assert.ok(item.poll_after_seconds > 0);
});

test_('the code of a Same-Day micro-deposit is entered in update mode', async (app) => {
  const { page, user } = app;
  const link = await app.startLink();
  await link.title(/wants to link/);
  await link.press('Continue');
  await link.press('Use account numbers instead');
  await link.fill(NUMBERS);
  await link.press('Continue');
  await link.finish();
  const verify = page.getByRole('button', { name: VERIFY_DEPOSIT });
  await verify.waitFor();
  await picture(page, 'same-day-deposit');
  const [item] = await user.items();
  assert.equal(item.action, 'verify_deposits');
  assert.equal(item.institution, null);
  await verify.click();
  await link.title(/needs your bank again/);
  await link.press('Continue');
  await link.title('Confirm your deposit');
  await link.fill({ 'Three-letter code': 'ABC' });
  await link.press('Confirm');
  await link.finish();
  const truth = await look(`items/${item.item_id}`);
  assert.equal(truth.accounts[0].verification_status, 'manually_verified');
});

test_('a user who leaves is told so, and the API learns how far they were', async (app) => {
  const { page, user } = app;
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.title(/Log in to/);
  const report = page.waitForResponse((response) => response.url().endsWith('/exit'));
  await link.close({ ask: true });
  assert.equal((await report).status(), 204);
  await app.notice('No bank was linked').getByText(/left before logging in/).waitFor();
  await picture(page, 'exit');
  const session = await user.link(app.linkId);
  assert.equal(session.problem.status, 'requires_credentials');
  assert.deepEqual(await user.items(), []);
});

// How a user gets to a pane from Link's first one, and what leaving there reports.
const TO_LOGIN = async (link) => {
  await link.chooseBank(BANK);
  await link.title(/Log in to/);
};
const LEAVINGS = [
  ['when asked for consent', async (link) => link.title(/wants to link/), { ask: false }],
  ['while choosing a bank', async (link) => {
    await link.title(/wants to link/);
    await link.press('Continue');
    await link.title('Select your bank');
  }, { ask: false }],
  ['while choosing how to get a code', async (link) => {
    await TO_LOGIN(link);
    await link.logIn({ password: 'mfa_device' });
    await link.title(/How should we send/);
  }, { ask: true, status: 'choose_device' }],
  ['while entering a code', async (link) => {
    await TO_LOGIN(link);
    await link.logIn({ password: 'mfa_device' });
    await link.press('Send code');
    await link.title('Enter the code');
  }, { ask: true, status: 'requires_code' }],
  ['while choosing accounts', async (link) => {
    await TO_LOGIN(link);
    await link.logIn();
    await link.title(/Select a/);
  }, { ask: true, status: 'requires_account_selection' }],
  ['before going to the bank’s own site', async (link) => {
    await link.chooseBank(OAUTH_BANK);
    await link.frame.getByRole('button', { name: `Continue to ${OAUTH_BANK}` }).waitFor();
  }, { ask: true, status: 'requires_oauth' }],
];

for (const [where, go, { ask, status }] of LEAVINGS) {
  test_(`a user may leave ${where}`, async (app) => {
    const { page, user } = app;
    const link = await app.startLink();
    await go(link);
    const report = page.waitForResponse((response) => response.url().endsWith('/exit'));
    await link.close({ ask });
    assert.equal((await report).status(), 204);
    const session = await user.link(app.linkId);
    assert.equal(session.status, 'exited');
    if (status) assert.equal(session.problem.status, status);
    assert.deepEqual(await user.items(), []);
  });
}

test_('other accounts are shared in update mode, and the first keeps its id', async (app) => {
  const { page, user } = app;
  await linkOne(app);
  await app.connected(BANK);
  const [item] = await user.items();
  await page.getByRole('button', { name: 'Change shared accounts' }).click();
  const { link } = app;
  await link.title(/again/);
  await link.press('Continue');
  await link.logIn();
  await link.share('Plaid Saving');
  await picture(page, 'more-accounts');
  await link.finish();
  await app.notice('Thank you').waitFor();
  const { accounts } = await look(`items/${item.item_id}`);
  assert.deepEqual(accounts.map((account) => account.name), ['Plaid Checking', 'Plaid Saving']);
  assert.equal(accounts[0].account_id, item.accounts[0].account_id);
  assert.equal((await user.items()).length, 1);
});

test_('a hosted session opens on a page of Plaid’s own', async (app) => {
  const { page, user } = app;
  const { hosted_link_url: url, link_id: linkId } = await user.createLinkToken({ hosted_link: {} });
  assert.equal((await user.link(linkId)).status, 'open');
  await page.goto(url);
  await picture(page, 'hosted');
  await page.getByRole('heading', { name: /wants to link/ }).waitFor();
});

test_('an error of the bank is told in Plaid’s own words', async (app) => {
  const { page, user } = app;
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn({ password: 'error_ITEM_LOCKED' });
  await link.title(/locked/);
  await link.close({ ask: false });
  const notice = app.notice('No bank was linked');
  await notice.getByText('ITEM_LOCKED').waitFor();
  await picture(page, 'error');
  const { problem } = await user.link(app.linkId);
  assert.equal(problem.error_code, 'ITEM_LOCKED');
  if (problem.display_message) await notice.getByText(problem.display_message).waitFor();
});

test('onSuccess twice makes one Item', () =>
  withPage(async (page) => {
    await page.addInitScript(callTwice);
    const app = await ReferencePage.open(page);
    const before = await liveItems();
    const statuses = await repeatExchanges(page);
    await linkOne(app);
    await app.connected(BANK);
    assert.equal(await page.evaluate(() => window.successes), 2);
    assert.deepEqual(statuses, [201, 201], 'the page exchanges once, and a repeat gets the same answer');
    assert.equal((await app.user.items()).length, 1);
    assert.equal((await liveItems()).length, before.length + 1);
  }));

test_('while another exchange runs, the page waits as long as it is told', async (app) => {
  const { page } = app;
  const attempts = [];
  await page.route('**/v1/items', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    attempts.push({ at: Date.now(), body: route.request().postData() });
    if (attempts.length > 1) return route.continue();
    const json = { status: 409, code: 'exchange_in_progress', detail: 'Repeat it.', request_id: 'r' };
    return route.fulfill({ status: 409, headers: { 'retry-after': '1' }, contentType: 'application/problem+json', json });
  });
  await linkOne(app);
  await app.connected(BANK);
  assert.equal(attempts.length, 2);
  assert.equal(attempts[0].body, attempts[1].body);
  assert.ok(attempts[1].at - attempts[0].at >= 1000);
});

test_('an exchange that was cut off is finished after a reload', async (app) => {
  const { page, user } = app;
  const before = await liveItems();
  // Plaid and our API have done their part; only the answer never arrives.
  await page.route('**/v1/items', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    await route.fetch();
    return route.abort();
  });
  await linkOne(app);
  await app.notice('Your bank could not be connected').getByRole('button', { name: 'Try again' }).waitFor();
  await page.unroute('**/v1/items');
  await page.reload();
  await app.connected(BANK);
  assert.equal((await user.items()).length, 1);
  assert.equal((await liveItems()).length, before.length + 1);
});

test_('a list that cannot be had is asked for again', async (app) => {
  const { page } = app;
  const json = { status: 503, code: 'storage_unavailable', detail: 'The storage is not available.', request_id: 'req-1' };
  await page.route(/\/v1\/items\?/, (route) =>
    route.fulfill({ status: 503, contentType: 'application/problem+json', json }));
  await page.reload();
  await app.notice('Your banks could not be loaded').getByText('storage_unavailable · Request req-1').waitFor();
  await picture(page, 'list-error');
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'No bank linked yet' }).waitFor();
});

test_('a session that has ended asks to sign in again, and leaves nothing behind', async (app) => {
  const { page } = app;
  await page.route('**/v1/link-tokens', (route) => route.fulfill({ status: 401, json: { message: 'Unauthorized' } }));
  await page.getByRole('button', { name: 'Link a bank' }).click();
  await app.notice('You were signed out').waitFor();
  await page.getByLabel('User name').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length), 0);
});

test_('a link token that Link refuses is replaced by a new one', async (app) => {
  const { page } = app;
  let calls = 0;
  await page.route('**/v1/link-tokens', async (route) => {
    calls += 1;
    if (calls > 1) return route.continue();
    const response = await route.fetch();
    const stale = { ...(await response.json()), link_token: 'link-sandbox-00000000-0000-0000-0000-000000000000' };
    return route.fulfill({ response, json: stale });
  });
  const link = await app.startLink();
  await link.chooseBank(BANK);
  assert.equal(calls, 2);
});

test_('a broken login is mended in update mode', async (app) => {
  const { page, user } = app;
  const link = await linkOne(app);
  await app.connected(BANK);
  const [{ item_id }] = await user.items();
  // Whether our table learns of it is another test's: here the page shows what it is told.
  await simulate(`items/${item_id}`, { error: { error_code: 'ITEM_LOGIN_REQUIRED' } });
  const broken = (item) => ({ ...item, status: 'login_required', action: 'relink' });
  let mended = false;
  await page.route(/\/v1\/items(\/|\?)/, async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    if (mended) return route.fulfill({ response, json: body });
    return route.fulfill({ response, json: body.items ? { ...body, items: body.items.map(broken) } : broken(body) });
  });
  await page.reload();
  const update = page.waitForRequest((request) => request.url().endsWith('/v1/link-tokens'));
  await app.card(BANK).getByRole('button', { name: 'Log in again' }).click();
  assert.equal((await update).postDataJSON().item_id, item_id);
  await link.press('Continue');
  await link.logIn();
  await link.title('It worked');
  mended = true;
  await link.press('Finish');
  await app.card(BANK).getByText('Connected').waitFor();
  assert.equal((await user.items()).length, 1);
});

test('the page fits a phone, in the dark, and is closed to strangers', () =>
  withPage(
    async (page) => {
      const response = await page.goto(GATEWAY);
      assert.match(response.headers()['content-security-policy'], /frame-ancestors 'none'/);
      await page.getByRole('button', { name: 'Continue' }).waitFor();
      const [wide, there] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      assert.ok(wide <= there, `${wide} is wider than ${there}`);
      await picture(page, 'phone-dark');
    },
    { options: { viewport: { width: 360, height: 740 }, colorScheme: 'dark' } },
  ));

const assertNoText = async (locator, pattern) => assert.doesNotMatch(await locator.innerText(), pattern);

// In the page, before everything else: a Link that calls onSuccess twice.
const callTwice = () => {
  let plaid;
  window.successes = 0;
  const twice = (onSuccess) => (...result) => {
    for (window.successes = 0; window.successes < 2; window.successes += 1) onSuccess(...result);
  };
  Object.defineProperty(window, 'Plaid', {
    get: () => plaid,
    set: (real) => {
      plaid = { ...real, create: (config) => real.create({ ...config, onSuccess: twice(config.onSuccess) }) };
    },
  });
};

// Sends every exchange of the page a second time, as a front end would that acts upon
// every onSuccess. Gives the status of the answers.
const repeatExchanges = async (page) => {
  const statuses = [];
  await page.route('**/v1/items', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const first = await route.fetch();
    const second = await route.fetch();
    statuses.push(first.status(), second.status());
    assert.equal(await first.text(), await second.text());
    return route.fulfill({ response: second });
  });
  return statuses;
};
