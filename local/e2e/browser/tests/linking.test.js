// From the first click to an Item.

import assert from 'node:assert/strict';

import { BANK, DOWN_BANK } from '../banks.js';
import { picture } from '../browser.js';
import { pageTest } from '../reference-page.js';

pageTest('one account is linked, and its processor token shown on demand', async (app) => {
  const { page } = app;
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
  assert.doesNotMatch(await card.innerText(), /processor-sandbox-/);
  await card.getByRole('button', { name: 'Show' }).click();
  await card.getByText(/processor-sandbox-/).waitFor();
  await picture(page, 'linked');
  const item = await app.onlyItem();
  assert.equal(item.action, 'none');
  assert.equal(item.accounts.length, 1);
  const kept = await page.evaluate(() => JSON.stringify(Object.entries({ ...sessionStorage, ...localStorage })));
  assert.doesNotMatch(kept, /public-sandbox|processor-sandbox|access-sandbox/);
});

pageTest('with several accounts the user chooses one, also after a reload', async (app) => {
  const { page } = app;
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn();
  await link.share('Plaid Checking', 'Plaid Saving');
  await link.finish();
  await page.getByText('Which account should payments come from?').waitFor();
  await picture(page, 'select-account');
  await page.reload();
  await page.getByRole('radio', { name: /Plaid Saving/ }).check();
  await app.button('Use this account').click();
  await app.connected(BANK);
  const { accounts } = await app.onlyItem();
  const ready = accounts.filter((account) => account.status === 'ready');
  assert.deepEqual(ready.map((account) => account.name), ['Plaid Saving']);
});

pageTest('bad credentials can be corrected', async (app) => {
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn({ password: 'wrong' });
  await link.alert(/./);
  await link.logIn();
  await link.share('Plaid Checking');
  await link.finish();
  await app.connected(BANK);
});

pageTest('a bank that is down can be left for another', async (app) => {
  const link = await app.startLink();
  await link.chooseBank(DOWN_BANK);
  await link.title('Your bank does not answer');
  await link.press('Choose another bank');
  await link.frame.getByRole('button', { name: BANK }).click();
  await link.logIn();
  await link.share('Plaid Checking');
  await link.finish();
  await app.connected(BANK);
});
