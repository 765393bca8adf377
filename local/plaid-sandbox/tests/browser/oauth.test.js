import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World } from './support.js';

let world;
before(async () => { world = await World.start(); });
after(() => world.stop());

const BANK = 'Platypus OAuth Bank';

const signIn = async (page) => {
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Allow', exact: true }).waitFor();
};

const withRedirect = () => world.open({ redirect_uri: `${world.app.url}/return` });

// At the bank, which has taken the place of the application.
const toBank = async (link) => {
  await link.to(BANK);
  await link.press(`Continue to ${BANK}`);
  await link.page.waitForURL(/\/link\/v2\/oauth\//);
};

const goOn = async (link, token = link.token) => {
  await link.page.waitForURL(/oauth_state_id=/);
  await link.create({ token, receivedRedirectUri: link.page.url() });
  await link.page.evaluate(() => window.handler.open());
};

test('a bank with its own site sends the user back to the redirect URI', async () => {
  const link = await withRedirect();
  await toBank(link);
  await signIn(link.page);
  await link.page.getByLabel('Plaid Saving').uncheck();
  await link.page.getByRole('button', { name: 'Allow', exact: true }).click();
  await goOn(link);
  await link.title('It worked');
  await link.press('Finish');
  const { token, metadata } = await link.said('success');
  assert.equal(metadata.institution.institution_id, 'ins_127287');
  assert.deepEqual(metadata.accounts.map((account) => account.name), ['Plaid Checking']);
  await world.exchange(token);
  const { link_sessions } = await world.post('/link/token/get', { link_token: link.token });
  assert.equal(link_sessions.length, 1);

  await link.page.evaluate(() => { window.log.length = 0; window.handler.destroy(); });
  await goOn(link);
  const again = await link.said('exit');
  assert.equal(again.error.error_code, 'OAUTH_STATE_ID_ALREADY_PROCESSED');
  assert.equal(again.error.error_type, 'OAUTH_ERROR');
  await link.close();
});

test('who denies at the bank can try again', async () => {
  const link = await withRedirect();
  await toBank(link);
  await link.page.getByRole('button', { name: 'Deny', exact: true }).click();
  await goOn(link);
  await link.frame.getByRole('alert').waitFor();
  await link.shot('oauth-denied');
  const { error, metadata } = await link.leave();
  assert.equal(error.error_code, 'ACCESS_NOT_GRANTED');
  assert.equal(metadata.status, 'requires_oauth');
  assert.ok((await link.events()).includes('FAIL_OAUTH'));
  await link.close();
});

test('the return belongs to the link token that went out', async () => {
  const link = await withRedirect();
  await toBank(link);
  await signIn(link.page);
  await link.page.getByRole('button', { name: 'Allow', exact: true }).click();
  await goOn(link, (await world.linkToken()).link_token);
  const { error } = await link.said('exit');
  assert.equal(error.error_code, 'INCORRECT_LINK_TOKEN');
  await link.page.evaluate((token) => {
    window.log.length = 0;
    window.handler = window.Plaid.create(window.make({
      token,
      receivedRedirectUri: `${location.origin}/return?oauth_state_id=unheard-of`,
    }));
    window.handler.open();
  }, link.token);
  assert.equal((await link.said('exit')).error.error_code, 'OAUTH_STATE_ID_NOT_FOUND');
  await link.close();
});

test('without a redirect URI the bank opens in a window of its own', async () => {
  const link = await world.open();
  await link.to(BANK);
  await link.title('Log in at');
  const opened = link.page.waitForEvent('popup');
  await link.press(`Continue to ${BANK}`);
  const bank = await opened;
  await link.title('Go on in the other window');
  await link.shot('oauth-waiting');
  await signIn(bank);
  await bank.getByRole('button', { name: 'Allow', exact: true }).click();
  await link.title('It worked');
  await link.press('Finish');
  const { metadata } = await link.said('success');
  assert.equal(metadata.accounts.length, 2);
  assert.deepEqual((await link.events()).slice(-6),
    ['SELECT_INSTITUTION', 'OAUTH', 'OPEN_OAUTH', 'LOADING', 'CONNECTED', 'HANDOFF']);
  await link.close();
});

test('a closed window is noticed', async () => {
  const link = await world.open();
  await link.to(BANK);
  await link.title('Log in at');
  const opened = link.page.waitForEvent('popup');
  await link.press(`Continue to ${BANK}`);
  const bank = await opened;
  await bank.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  await bank.close();
  await link.frame.getByRole('alert').waitFor();
  assert.ok((await link.events()).includes('CLOSE_OAUTH'));
  await link.close();
});
