// The exchange as the page does it, where networks and calls back are at their worst.

import assert from 'node:assert/strict';

import { BANK, IDS } from '../banks.js';
import { pageTest } from '../reference-page.js';
import { liveItems } from '../stack.js';

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

pageTest(
  'onSuccess twice makes one Item',
  async (app) => {
    const { page } = app;
    const before = await liveItems();
    const statuses = await repeatExchanges(page);
    await (await app.startLink()).linkOneAccount();
    await app.connected(BANK);
    assert.equal(await page.evaluate(() => window.successes), 2);
    assert.deepEqual(statuses, [201, 201], 'the page exchanges once, and a repeat gets the same answer');
    await app.onlyItem();
    assert.equal((await liveItems()).length, before.length + 1);
  },
  (page) => page.addInitScript(callTwice),
);

pageTest('while another exchange runs, the page waits as long as it is told', async (app) => {
  const attempts = [];
  await app.page.route('**/v1/items', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    attempts.push({ at: Date.now(), body: route.request().postData() });
    if (attempts.length > 1) return route.continue();
    const json = { status: 409, code: 'exchange_in_progress', detail: 'Repeat it.', request_id: 'r' };
    return route.fulfill({ status: 409, headers: { 'retry-after': '1' }, contentType: 'application/problem+json', json });
  });
  await (await app.startLink()).linkOneAccount();
  await app.connected(BANK);
  assert.equal(attempts.length, 2);
  assert.equal(attempts[0].body, attempts[1].body);
  assert.ok(attempts[1].at - attempts[0].at >= 1000);
});

pageTest('an exchange that was cut off is finished after a reload', async (app) => {
  const { page } = app;
  const before = await liveItems();
  // Plaid and our API have done their part; only the answer never arrives.
  await page.route('**/v1/items', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    await route.fetch();
    return route.abort();
  });
  await (await app.startLink()).linkOneAccount();
  await app.notice('Your bank could not be connected').getByRole('button', { name: 'Try again' }).waitFor();
  await page.unroute('**/v1/items');
  await page.reload();
  await app.connected(BANK);
  await app.onlyItem();
  assert.equal((await liveItems()).length, before.length + 1);
});

pageTest('an account that is linked already is not linked twice, and shown', async (app) => {
  const { item_id: itemId } = await app.user.linkItem(IDS.platypus);
  const before = await liveItems();
  await (await app.startLink()).linkOneAccount();
  await app.notice(`${BANK} is linked already`).waitFor();
  assert.equal(await app.focused(), BANK);
  assert.equal((await app.onlyItem()).item_id, itemId);
  assert.deepEqual((await liveItems()).filter((id) => !before.includes(id)), []);
  const kept = await app.page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }));
  assert.doesNotMatch(kept, /public-sandbox/, 'nothing is left to be finished');
});
