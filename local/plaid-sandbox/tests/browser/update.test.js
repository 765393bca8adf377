import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World } from './support.js';

let world;
before(async () => { world = await World.start(); });
after(() => world.stop());

// A linked Item with one account.
const item = async (bank = 'First Platypus Bank') => {
  const link = await world.open();
  await link.to(bank);
  await link.logIn();
  await link.share('Plaid Checking');
  await link.press('Finish');
  const { token } = await link.said('success');
  await link.close();
  return world.exchange(token);
};

const webhookCodes = async () => {
  const { webhooks } = await (await fetch(`${world.base}/simulator/webhooks`)).json();
  return webhooks.map((webhook) => webhook.webhook_code || JSON.parse(webhook.body).webhook_code);
};

test('update mode repairs a login, and the Item stays', async () => {
  const { access_token, item_id } = await item();
  await world.post('/item/webhook/update', { access_token, webhook: `${world.app.url}/webhook` });
  await world.post('/sandbox/item/reset_login', { access_token });
  const link = await world.open({ access_token });
  await link.title('Corner Shop needs First Platypus Bank again');
  await link.shot('update-consent');
  await link.press('Continue');
  await link.title(/Log in to/);
  assert.equal(await link.frame.getByLabel('Username').inputValue(), 'user_good');
  await link.fill({ Username: 'somebody_else', Password: 'pass_good' });
  await link.press('Log in');
  await link.frame.getByText('Please log in with the same user').waitFor();
  await link.logIn();
  await link.title('It worked');
  await link.press('Finish');
  const { token, metadata } = await link.said('success');
  assert.equal(token, null);
  assert.equal(metadata.accounts.length, 1);
  const answer = await world.post('/item/get', { access_token });
  assert.equal(answer.item.error, null);
  assert.equal(answer.item.item_id, item_id);
  assert.ok(!(await webhookCodes()).includes('LOGIN_REPAIRED'));
  await link.close();
});

test('update mode adds an account, and the first keeps its id', async () => {
  const { access_token } = await item();
  const first = (await world.post('/accounts/get', { access_token })).accounts[0].account_id;
  const link = await world.open({ access_token, update: { account_selection_enabled: true } });
  await link.title(/again/);
  await link.press('Continue');
  await link.logIn();
  await link.title('Select accounts');
  assert.equal(await link.frame.getByLabel('Plaid Checking').isChecked(), true);
  await link.share('Plaid Saving');
  await link.press('Finish');
  const { metadata } = await link.said('success');
  assert.deepEqual(metadata.accounts.map((account) => account.name),
    ['Plaid Checking', 'Plaid Saving']);
  const { accounts } = await world.post('/accounts/get', { access_token });
  assert.equal(accounts.length, 2);
  assert.equal(accounts[0].account_id, first);
  await link.close();
});
