// Link for an Item that is there already.

import assert from 'node:assert/strict';

import { BANK } from '../banks.js';
import { picture } from '../browser.js';
import { pageTest } from '../reference-page.js';
import { liveItems, look, simulate } from '../stack.js';

const linkOne = async (app) => {
  await (await app.startLink()).linkOneAccount();
  await app.connected(BANK);
  return app.onlyItem();
};

const shareSavings = async (app, button) => {
  const link = await app.openLink(button);
  await link.title(/again/);
  await link.press('Continue');
  await link.logIn();
  await link.share('Plaid Saving');
  await picture(app.page, 'more-accounts');
  await link.finish();
  await app.connected(BANK);
};

pageTest('other accounts are shared in update mode, and the first keeps its id', async (app) => {
  const item = await linkOne(app);
  await shareSavings(app, app.button('Change shared accounts'));
  assert.equal(await app.focused(), BANK);
  const { accounts } = await look(`items/${item.item_id}`);
  assert.deepEqual(accounts.map((account) => account.name), ['Plaid Checking', 'Plaid Saving']);
  assert.equal(accounts[0].account_id, item.accounts[0].account_id);
  await app.onlyItem();
});

pageTest('accounts that are new at the bank are offered, shared, and used for payments', async (app) => {
  const { item_id: itemId } = await linkOne(app);
  await simulate('webhooks/send', { item_id: itemId, webhook_type: 'ITEM', webhook_code: 'NEW_ACCOUNTS_AVAILABLE' });
  const offer = app.card(BANK).getByRole('button', { name: 'Share more accounts' });
  await offer.waitFor();
  await picture(app.page, 'new-accounts');
  await shareSavings(app, offer);
  assert.deepEqual([app.wish.item_id, app.wish.account_selection_enabled], [itemId, true]);
  await offer.waitFor({ state: 'detached' });
  const use = app.card(BANK).getByRole('button', { name: 'Use Plaid Saving for payments' });
  await use.click();
  await use.waitFor({ state: 'detached' });
  await app.connected(BANK);
  const { accounts, notices } = await app.onlyItem();
  assert.deepEqual(accounts.map(({ name, status }) => [name, status]), [['Plaid Checking', 'ready'], ['Plaid Saving', 'ready']]);
  assert.deepEqual(notices, []);
  const { processor_tokens: tokens } = (await look('items')).items.find((item) => item.item_id === itemId);
  assert.equal(tokens, 2);
});

pageTest('a broken login is mended in update mode, with the Item it had', async (app) => {
  const { item_id: itemId } = await linkOne(app);
  const before = await liveItems();
  await simulate(`items/${itemId}`, { error: { error_code: 'ITEM_LOGIN_REQUIRED' }, fire_webhook: true });
  const link = await app.openLink(app.card(BANK).getByRole('button', { name: 'Log in again' }));
  assert.equal(app.wish.item_id, itemId);
  const exchanges = [];
  app.page.on('request', (request) => /\/v1\/items$/.test(request.url()) && exchanges.push(request.url()));
  await link.press('Continue');
  await link.logIn();
  await link.title('It worked');
  await link.press('Finish');
  await app.card(BANK).getByText('Connected').waitFor();
  await app.connected(BANK);
  assert.equal(await app.focused(), BANK);
  assert.equal((await app.onlyItem()).status, 'active');
  assert.deepEqual(exchanges, [], 'update mode has nothing to exchange');
  assert.deepEqual(await liveItems(), before);
});
