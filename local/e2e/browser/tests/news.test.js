// What happens while the user looks on: the bank changes something, Plaid's webhook tells
// of it, and the page follows without a reload.

import assert from 'node:assert/strict';

import { AUTOMATED_BANK, AUTOMATED_USER, BANK, NUMBERS } from '../banks.js';
import { picture } from '../browser.js';
import { pageTest } from '../reference-page.js';
import { invoke, liveItems, simulate, withoutPlaid } from '../stack.js';

const linkOne = async (app) => {
  await (await app.startLink()).linkOneAccount();
  await app.connected(BANK);
  return app.onlyItem();
};

// The truth changes at the bank, and Plaid tells.
const happens = (path, change) => simulate(`items/${path}`, { ...change, fire_webhook: true });

const announce = (itemId, code) =>
  simulate('webhooks/send', { item_id: itemId, webhook_type: 'ITEM', webhook_code: code });

const inUpdateMode = async (app, button) => {
  const link = await app.openLink(button);
  await link.press('Continue');
  await link.logIn();
  await link.finish();
};

pageTest('a bank that breaks says so, and is Connected again once it is mended', async (app) => {
  const { item_id: itemId } = await linkOne(app);
  const card = app.card(BANK);
  await happens(itemId, { error: { error_code: 'ITEM_LOGIN_REQUIRED' } });
  await card.getByRole('button', { name: 'Log in again' }).waitFor();
  await picture(app.page, 'broken');
  assert.equal((await app.onlyItem()).status, 'login_required');
  await happens(itemId, { error: null });
  await card.getByText('Connected').waitFor();
  // What comes late and is not true any more changes nothing.
  await announce(itemId, 'ERROR');
  await announce(itemId, 'PENDING_DISCONNECT');
  await card.getByText('ends this connection').waitFor();
  await card.getByText('Connected').waitFor();
  assert.equal((await app.onlyItem()).status, 'active');
});

pageTest('a deposit that has arrived makes its account ready', async (app) => {
  const link = await app.startLink();
  await link.chooseBank(AUTOMATED_BANK);
  await link.logIn({ username: AUTOMATED_USER });
  await link.share('Plaid Checking');
  await link.enterNumbers(NUMBERS);
  await link.finish();
  const card = app.card(AUTOMATED_BANK);
  await card.getByText('In progress').waitFor();
  const { item_id: itemId, accounts: [account] } = await app.onlyItem();
  await happens(`${itemId}/accounts/${account.account_id}`, { verification_status: 'automatically_verified' });
  await card.getByText('Ready for payments').waitFor();
  await picture(app.page, 'deposit-arrived');
});

pageTest('what a bank announces stays until update mode has ended well', async (app) => {
  const { item_id: itemId } = await linkOne(app);
  await announce(itemId, 'PENDING_DISCONNECT');
  const said = app.card(BANK).getByText('ends this connection');
  await said.waitFor();
  await picture(app.page, 'announced');
  const mend = app.card(BANK).getByRole('button', { name: 'Log in again' });
  const link = await app.openLink(mend);
  await link.title(/again/);
  await app.leave({ ask: false });
  await said.waitFor();
  await inUpdateMode(app, mend);
  await said.waitFor({ state: 'detached' });
  assert.deepEqual((await app.onlyItem()).notices, []);
});

pageTest('a permission that is taken back disconnects the bank', async (app) => {
  const { item_id: itemId } = await linkOne(app);
  await happens(itemId, { revoke: true });
  const card = app.card(BANK);
  await card.getByText('Disconnected').waitFor();
  await card.getByText('No longer shared').waitFor();
  await card.getByRole('button', { name: 'Link again' }).waitFor();
  await picture(app.page, 'disconnected');
  // What was taken back does not come back: the bank is linked as a new one.
  await app.openLink(card.getByRole('button', { name: 'Link again' }));
  assert.equal(app.wish.item_id, undefined);
  await app.link.linkOneAccount();
  await app.connected(BANK);
  await app.page.locator('.item', { hasText: 'Ready for payments' }).waitFor();
  const [fresh, ...others] = (await app.user.items()).filter(({ status }) => status === 'active');
  assert.notEqual(fresh.item_id, itemId);
  assert.deepEqual(others, []);
});

pageTest('a bank that is removed is gone at Plaid, too', async (app) => {
  const { item_id: itemId } = await linkOne(app);
  await app.card(BANK).getByRole('button', { name: 'Remove' }).click();
  const question = app.page.getByRole('dialog', { name: `Remove ${BANK}?` });
  await question.getByRole('button', { name: 'Keep' }).click();
  await question.waitFor({ state: 'detached' });
  assert.equal((await app.onlyItem()).item_id, itemId);
  await app.card(BANK).getByRole('button', { name: 'Remove' }).click();
  await picture(app.page, 'remove');
  await question.getByRole('button', { name: 'Remove' }).click();
  await app.notice(`${BANK} is removed`).waitFor();
  assert.deepEqual(await app.user.items(), []);
  assert.ok(!(await liveItems()).includes(itemId));
});

pageTest('a bank that Plaid could not be told to forget goes later, by itself', async (app) => {
  const { item_id: itemId } = await linkOne(app);
  const card = app.card(BANK);
  await withoutPlaid('/item/remove', async () => {
    await card.getByRole('button', { name: 'Remove' }).click();
    await app.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await app.notice(`${BANK} is being removed`).waitFor();
  });
  await card.getByText('Being removed').waitFor();
  assert.equal(await card.getByRole('button').count(), 0);
  assert.ok((await liveItems()).includes(itemId));
  await invoke('reconcile-items', { item_id: itemId });
  await card.waitFor({ state: 'detached' });
  await app.page.getByRole('heading', { name: 'No bank linked yet' }).waitFor();
  assert.ok(!(await liveItems()).includes(itemId));
});

pageTest('a page that cannot look says so, and catches up', async (app) => {
  const { item_id: itemId } = await linkOne(app);
  const list = /\/v1\/items\?/;
  await app.page.route(list, (route) => route.abort());
  await app.page.getByText('There is no connection at the moment.').first().waitFor();
  await picture(app.page, 'out-of-date');
  await happens(itemId, { error: { error_code: 'ITEM_LOGIN_REQUIRED' } });
  await app.page.unroute(list);
  await app.card(BANK).getByRole('button', { name: 'Log in again' }).waitFor();
  await app.page.getByText('Your bank needs you.').waitFor();
});
