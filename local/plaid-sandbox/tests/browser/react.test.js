import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Link, World } from './support.js';

let world;
before(async () => { world = await World.start(); });
after(() => world.stop());

// react-plaid-link as it comes from npm. Nothing leaves this machine.
const react = async (more = {}) => {
  const { link_token } = await world.linkToken(more);
  const context = await world.browser.newContext();
  const page = await context.newPage();
  const foreign = [];
  page.on('request', (request) => {
    const url = request.url();
    if (!/^(http:\/\/(localhost|127\.0\.0\.1)[:/]|about:)/.test(url)) foreign.push(url);
  });
  await page.goto(`${world.app.url}/react?token=${link_token}`);
  await page.locator('#link:enabled').click();
  return { link: new Link(page, link_token), foreign };
};

test('react-plaid-link links a bank', async () => {
  const { link, foreign } = await react();
  await link.to('First Platypus Bank');
  await link.logIn();
  await link.share('Plaid Checking');
  await link.press('Finish');
  const { token } = await link.said('success');
  assert.match(token, /^public-sandbox-/);
  assert.deepEqual(foreign, []);
  await link.close();
});

test('react-plaid-link hears of an exit, and opens again', async () => {
  const { link } = await react();
  await link.title(/wants to link/);
  assert.equal((await link.leave('free')).error, null);
  await link.page.locator('#link').click();
  await link.title(/wants to link/);
  await link.close();
});

test('react-plaid-link returns from a bank', async () => {
  const { link } = await react({ redirect_uri: `${world.app.url}/react` });
  await link.to('Platypus OAuth Bank');
  await link.press('Continue to Platypus OAuth Bank');
  await link.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await link.page.getByRole('button', { name: 'Allow', exact: true }).click();
  await link.page.waitForURL(/oauth_state_id=/);
  await link.title('It worked');
  await link.press('Finish');
  await link.said('success');
  await link.close();
});
