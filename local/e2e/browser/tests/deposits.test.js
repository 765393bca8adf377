// Accounts that a small deposit has to confirm.

import assert from 'node:assert/strict';

import {
  AUTOMATED_BANK, AUTOMATED_USER, DEPOSIT_CODE, INSTANT_BANK, INSTANT_NUMBERS, NUMBERS, WRONG_DEPOSIT_CODE,
} from '../banks.js';
import { picture } from '../browser.js';
import { pageTest } from '../reference-page.js';
import { lastRunOfLink, liveItems, look } from '../stack.js';

const VERIFY_DEPOSIT = 'Enter the code';
const NOT_VERIFIED = 'This account could not be verified. Please link it again.';
const LOCKED = 'This account is locked';

// What Plaid says of the accounts' verification.
const verifications = async (itemId) => {
  const { accounts } = await look(`items/${itemId}`);
  return accounts.map((account) => account.verification_status);
};

const missTwice = async (link) => {
  for (const left of ['2 tries', '1 try']) {
    await link.enterDepositCode(WRONG_DEPOSIT_CODE);
    await link.alert(`You have ${left} left`);
  }
};

// Leaves a Link that has locked the account; the page and our API say why.
const leaveLocked = async (app, { title, itemIds, status }) => {
  await app.link.title(LOCKED);
  const { pane, told } = await app.leave({ ask: false });
  assert.equal(pane, 'failed');
  assert.equal(told.error.error_code, 'TOO_MANY_VERIFICATION_ATTEMPTS');
  const notice = app.notice(title);
  await notice.getByText(NOT_VERIFIED).waitFor();
  await notice.getByText(/^TOO_MANY_VERIFICATION_ATTEMPTS · Request /).waitFor();
  assert.deepEqual(await app.user.link(app.linkId), {
    link_id: app.linkId,
    status: 'exited',
    item_ids: itemIds,
    problem: {
      status,
      error_type: 'INVALID_INPUT',
      error_code: 'TOO_MANY_VERIFICATION_ATTEMPTS',
      display_message: NOT_VERIFIED,
    },
  });
  const { exit } = await lastRunOfLink(app.linkToken);
  assert.equal(exit.error.error_code, 'TOO_MANY_VERIFICATION_ATTEMPTS');
};

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

// Link in update mode, after its first pane.
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
  assert.deepEqual(await verifications(item.item_id), ['pending_manual_verification']);
  const link = await toDepositCode(app);
  await link.enterDepositCode(DEPOSIT_CODE);
  await link.finish();
  await app.connected('Your account');
  assert.deepEqual(await verifications(item.item_id), ['manually_verified']);
});

pageTest('three wrong codes of a Same-Day micro-deposit lock the account', async (app) => {
  const { item_id } = await linkByNumbers(app);
  const link = await toDepositCode(app);
  await missTwice(link);
  await picture(app.page, 'deposit-code');
  await link.enterDepositCode(WRONG_DEPOSIT_CODE);
  await link.title(LOCKED);
  await picture(app.page, 'locked');
  await leaveLocked(app, { title: LOCKED, itemIds: [item_id], status: 'requires_code' });
  await picture(app.page, 'locked-exit');
  assert.deepEqual(await verifications(item_id), ['verification_failed']);
  assert.ok((await liveItems()).includes(item_id));
});

pageTest('wrong codes count over several sessions, and a locked account stays locked', async (app) => {
  const { item_id } = await linkByNumbers(app);
  await missTwice(await toDepositCode(app));
  const { pane } = await app.leave({ ask: true });
  assert.equal(pane, 'deposit_code');
  await app.notice('Nothing was changed').getByText('You left before entering the code of the deposit.').waitFor();
  assert.deepEqual(await verifications(item_id), ['pending_manual_verification']);
  const link = await toDepositCode(app);
  await link.enterDepositCode(WRONG_DEPOSIT_CODE);
  await link.title(LOCKED);
  await app.leave({ ask: false });
  assert.deepEqual(await verifications(item_id), ['verification_failed']);
  await toDepositCode(app);
  await leaveLocked(app, { title: LOCKED, itemIds: [item_id], status: null });
});

const toInstantCode = async (app) => {
  const link = await app.startLink();
  await link.chooseBank(INSTANT_BANK);
  await link.enterNumbers(INSTANT_NUMBERS);
  return link;
};

pageTest('the code of an Instant Micro-deposit is entered while linking', async (app) => {
  const link = await toInstantCode(app);
  await link.enterDepositCode(WRONG_DEPOSIT_CODE);
  await link.alert('You have 2 tries left');
  await link.enterDepositCode(DEPOSIT_CODE);
  await link.finish();
  await app.connected(INSTANT_BANK);
  await app.card(INSTANT_BANK).getByText('Ready for payments').waitFor();
  await picture(app.page, 'instant-deposit');
  const item = await app.onlyItem();
  assert.deepEqual([item.status, item.action], ['active', 'none']);
  assert.equal(item.institution.name, INSTANT_BANK);
  assert.deepEqual(item.accounts.map(({ name, status }) => [name, status]), [['Plaid Checking', 'ready']]);
  assert.deepEqual(await verifications(item.item_id), ['manually_verified']);
});

pageTest('three wrong codes of an Instant Micro-deposit link nothing', async (app) => {
  const before = await liveItems();
  const link = await toInstantCode(app);
  await missTwice(link);
  await link.enterDepositCode(WRONG_DEPOSIT_CODE);
  await leaveLocked(app, { title: 'No bank was linked', itemIds: [], status: 'requires_code' });
  await picture(app.page, 'instant-locked-exit');
  assert.deepEqual(await app.user.items(), []);
  assert.deepEqual(await liveItems(), before);
});

pageTest('numbers that no bank knows are said at once', async (app) => {
  const link = await app.startLink();
  await link.chooseBank(INSTANT_BANK);
  await link.enterNumbers(NUMBERS);
  await link.alert('We do not know this routing number');
  await link.enterNumbers({ ...INSTANT_NUMBERS, 'Account number': '12345' });
  await link.alert('This account number does not exist');
  await link.enterNumbers(INSTANT_NUMBERS);
  await link.enterDepositCode(DEPOSIT_CODE);
  await link.finish();
  await app.connected(INSTANT_BANK);
});
