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
  const { page } = app;
  await (await app.startLink()).linkOneAccount();
  await app.connected(BANK);
  const { item_id } = await app.onlyItem();
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
  const link = await app.openLink(app.card(BANK).getByRole('button', { name: 'Log in again' }));
  assert.equal(app.wish.item_id, item_id);
  await link.press('Continue');
  await link.logIn();
  await link.title('It worked');
  mended = true;
  await link.press('Finish');
  await app.card(BANK).getByText('Connected').waitFor();
  await app.onlyItem();
});
