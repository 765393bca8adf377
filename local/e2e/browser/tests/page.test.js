// What the page itself has to bear.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BANK } from '../banks.js';
import { picture, withPage } from '../browser.js';
import { pageTest } from '../reference-page.js';
import { GATEWAY } from '../stack.js';

pageTest('a list that cannot be had is asked for again', async (app) => {
  const { page } = app;
  const json = { status: 503, code: 'storage_unavailable', detail: 'The storage is not available.', request_id: 'req-1' };
  await page.route(/\/v1\/items\?/, (route) =>
    route.fulfill({ status: 503, contentType: 'application/problem+json', json }));
  await page.reload();
  await app.notice('Your banks could not be loaded').getByText('storage_unavailable · Request req-1').waitFor();
  await picture(page, 'list-error');
  await page.unrouteAll();
  await app.button('Try again').click();
  await page.getByRole('heading', { name: 'No bank linked yet' }).waitFor();
});

pageTest('a session that has ended asks to sign in again, and leaves nothing behind', async (app) => {
  const { page } = app;
  await page.route('**/v1/link-tokens', (route) => route.fulfill({ status: 401, json: { message: 'Unauthorized' } }));
  await app.button('Link a bank').click();
  await app.notice('You were signed out').waitFor();
  await page.getByLabel('User name').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length), 0);
});

pageTest('a link token that Link refuses is replaced by a new one', async (app) => {
  let calls = 0;
  await app.page.route('**/v1/link-tokens', async (route) => {
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
