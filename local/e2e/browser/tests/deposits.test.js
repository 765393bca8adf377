// Accounts that a small deposit has to confirm.

import assert from 'node:assert/strict';

import { AUTOMATED_BANK, AUTOMATED_USER, DEPOSIT_CODE, NUMBERS } from '../banks.js';
import { picture } from '../browser.js';
import { pageTest } from '../reference-page.js';
import { look } from '../stack.js';

const VERIFY_DEPOSIT = 'Enter the code';

pageTest('an automated micro-deposit is waited for', async (app) => {
  const link = await app.startLink();
  await link.chooseBank(AUTOMATED_BANK);
  await link.logIn({ username: AUTOMATED_USER });
  await link.share('Plaid Checking');
  await link.enterNumbers(NUMBERS);
  await link.finish();
  await app.card(AUTOMATED_BANK).waitFor();
  await picture(app.page, 'automated-deposit');
  const item = await app.onlyItem();
  assert.equal(item.action, 'wait');
  assert.ok(item.poll_after_seconds > 0);
});

// An account that waits for the code of its deposit, linked by its numbers.
const linkByNumbers = async (app) => {
  const link = await app.startLink();
  await link.toBanks();
  await link.press('Use account numbers instead');
  await link.enterNumbers(NUMBERS);
  await link.finish();
  await app.button(VERIFY_DEPOSIT).waitFor();
  return app.onlyItem();
};

// Link in update mode, where it asks for the code.
const toDepositCode = async (app) => {
  const link = await app.openLink(app.button(VERIFY_DEPOSIT));
  await link.title(/needs your bank again/);
  await link.press('Continue');
  return link;
};

pageTest('the code of a Same-Day micro-deposit is entered in update mode', async (app) => {
  const item = await linkByNumbers(app);
  await picture(app.page, 'same-day-deposit');
  assert.equal(item.action, 'verify_deposits');
  assert.equal(item.institution, null);
  const link = await toDepositCode(app);
  await link.enterDepositCode(DEPOSIT_CODE);
  await link.finish();
  const truth = await look(`items/${item.item_id}`);
  assert.equal(truth.accounts[0].verification_status, 'manually_verified');
});
