// What the page itself has to bear.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BANK } from '../banks.js';
import { picture, withPage } from '../browser.js';
import { pageTest } from '../reference-page.js';
import { GATEWAY, PLAID } from '../stack.js';

const SCRIPT = `${PLAID}/link/v2/stable/link-initialize.js`;

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

pageTest(
  'what went wrong can be copied for support',
  async (app) => {
    const { page } = app;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: GATEWAY });
    const detail = 'Plaid did not do its part. Try again.';
    const plaid = { error_type: 'API_ERROR', error_code: 'INTERNAL_SERVER_ERROR', display_message: null, request_id: 'plaid-7' };
    const json = { status: 503, code: 'plaid_unavailable', detail, request_id: 'req-7', plaid };
    await page.route('**/v1/link-tokens', (route) =>
      route.fulfill({ status: 503, contentType: 'application/problem+json', headers: { 'retry-after': '120' }, json }));
    await app.button('Link a bank').click();
    const notice = app.notice('The bank window could not be opened');
    await notice.getByText('Nothing is lost. Try again in 2 minutes.').waitFor();
    await notice.getByText(detail).waitFor();
    await notice.getByText('plaid_unavailable · Request req-7').waitFor();
    await notice.getByRole('button', { name: 'Copy for support' }).click();
    await notice.getByRole('button', { name: 'Copied' }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.deepEqual(copied.split('\n').slice(0, -1), [
      'The bank window could not be opened', detail, 'Code: plaid_unavailable', 'Status: 503', 'Request: req-7',
      'Plaid: INTERNAL_SERVER_ERROR', 'Plaid request: plaid-7',
    ]);
    assert.match(copied, /\nTime: \d{4}-\d\d-\d\dT[\d:.]+Z$/);
    await page.unrouteAll();
    await notice.getByRole('button', { name: 'Try again' }).click();
    await app.link.title(/wants to link/);
  },
);

pageTest(
  'a script that does not load is said, and loaded at the next try',
  async (app) => {
    await app.button('Link a bank').click();
    const notice = app.notice('The bank window could not be opened');
    await notice.getByText(SCRIPT).waitFor();
    await app.page.unrouteAll();
    await notice.getByRole('button', { name: 'Try again' }).click();
    await app.link.title(/wants to link/);
  },
  (page) => page.route(SCRIPT, (route) => route.abort()),
);

// The policy of a page, by directive.
const policyOf = (response) => {
  const directives = response.headers()['content-security-policy'].split('; ');
  return Object.fromEntries(directives.map((directive) => {
    const [name, ...values] = directive.split(' ');
    return [name, values];
  }));
};

test('the page is closed to strangers, as Plaid wants it', () =>
  withPage(
    async (page) => {
      const policy = policyOf(await page.goto(GATEWAY));
      const nonce = policy['script-src'].find((source) => source.startsWith("'nonce-"));
      assert.deepEqual(policy, {
        'default-src': ["'self'", PLAID],
        'script-src': ["'self'", nonce, SCRIPT],
        'style-src': ["'self'"],
        'frame-src': [PLAID],
        'connect-src': ["'self'", PLAID],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
      });
      await page.getByRole('button', { name: 'Continue' }).waitFor();
      const ran = await page.evaluate(() => {
        const script = document.createElement('script');
        script.textContent = 'window.stranger = true';
        document.head.append(script);
        return Boolean(window.stranger);
      });
      assert.equal(ran, false);
    },
    { forbidden: true },
  ));
