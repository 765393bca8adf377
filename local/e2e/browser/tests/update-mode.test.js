// Link for an Item that is there already.

import assert from 'node:assert/strict';

import { BANK } from '../banks.js';
import { picture } from '../browser.js';
import { pageTest } from '../reference-page.js';
import { look, simulate } from '../stack.js';

pageTest('other accounts are shared in update mode, and the first keeps its id', async (app) => {
  await (await app.startLink()).linkOneAccount();
  await app.connected(BANK);
  const item = await app.onlyItem();
  const link = await app.openLink(app.button('Change shared accounts'));
  await link.title(/again/);
  await link.press('Continue');
  await link.logIn();
  await link.share('Plaid Saving');
  await picture(app.page, 'more-accounts');
  await link.finish();
  await app.notice('Thank you').waitFor();
  const { accounts } = await look(`items/${item.item_id}`);
  assert.deepEqual(accounts.map((account) => account.name), ['Plaid Checking', 'Plaid Saving']);
  assert.equal(accounts[0].account_id, item.accounts[0].account_id);
  await app.onlyItem();
});

pageTest('a broken login is mended in update mode', async (app) => {
  await (await app.startLink()).linkOneAccount();
  await app.connected(BANK);
  const { item_id: itemId } = await app.onlyItem();
  await simulate(`items/${itemId}`, { error: { error_code: 'ITEM_LOGIN_REQUIRED' }, fire_webhook: true });
  const link = await app.openLink(app.card(BANK).getByRole('button', { name: 'Log in again' }));
  assert.equal(app.wish.item_id, itemId);
  await link.press('Continue');
  await link.logIn();
  await link.title('It worked');
  await link.press('Finish');
  await app.card(BANK).getByText('Connected').waitFor();
  assert.equal((await app.onlyItem()).status, 'active');
});
