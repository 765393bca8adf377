import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World } from './support.js';

let world;
before(async () => { world = await World.start(); });
after(() => world.stop());

const NUMBERS = { 'Routing number': '110000000', 'Account number': '1111222233330000' };

const statuses = async (access_token) => {
  const { accounts } = await world.post('/accounts/get', { access_token });
  return accounts.map((account) => account.verification_status);
};

const finish = async (link) => {
  await link.title('It worked');
  await link.press('Finish');
  return link.said('success');
};

const sameDay = async () => {
  const link = await world.open({ auth: { same_day_microdeposits_enabled: true } });
  await link.toInstitutions();
  await link.press('Use account numbers instead');
  await link.title('Enter your account details');
  await link.fill({ ...NUMBERS, 'Routing number': '123456789' });
  await link.press('Continue');
  await link.frame.getByRole('alert').waitFor();
  await link.shot('numbers-wrong');
  await link.fill(NUMBERS);
  await link.press('Continue');
  const { token, metadata } = await finish(link);
  assert.equal(metadata.institution, null);
  assert.equal(metadata.accounts[0].verification_status, 'pending_manual_verification');
  await link.close();
  return world.exchange(token);
};

test('automated micro-deposits', async () => {
  const link = await world.open({ auth: { automated_microdeposits_enabled: true } });
  await link.to('Houndstooth Bank');
  await link.logIn('pass_good', 'microdeposits_good');
  await link.share('Plaid Checking');
  await link.title('Enter your account details');
  await link.fill(NUMBERS);
  await link.press('Continue');
  const { token, metadata } = await finish(link);
  assert.equal(metadata.accounts[0].verification_status, 'pending_automatic_verification');
  const { access_token } = await world.exchange(token);
  assert.deepEqual(await statuses(access_token), ['pending_automatic_verification']);
  await link.close();
});

test('instant micro-deposits', async () => {
  const link = await world.open();
  await link.to('Windowpane Bank');
  await link.title('Enter your account details');
  await link.fill({ ...NUMBERS, 'Routing number': '333333334' });
  await link.press('Continue');
  await link.title('Confirm your deposit');
  await link.fill({ 'Three-letter code': 'ABC' });
  await link.press('Confirm');
  const { metadata } = await finish(link);
  assert.equal(metadata.accounts[0].verification_status, 'manually_verified');
  await link.close();
});

test('the right code of a Same-Day micro-deposit verifies the account', async () => {
  const { access_token } = await sameDay();
  const link = await world.open({ access_token });
  await link.title(/needs your bank again/);
  await link.press('Continue');
  await link.title('Confirm your deposit');
  await link.fill({ 'Three-letter code': 'XYZ' });
  await link.press('Confirm');
  await link.frame.getByText('You have 2 tries left').waitFor();
  await link.shot('deposit-code');
  await link.fill({ 'Three-letter code': 'ABC' });
  await link.press('Confirm');
  const { token, metadata } = await finish(link);
  assert.equal(token, null);
  assert.equal(metadata.accounts[0].verification_status, 'manually_verified');
  assert.deepEqual(await statuses(access_token), ['manually_verified']);
  await link.close();
});

test('three wrong codes lock the account', async () => {
  const { access_token } = await sameDay();
  const link = await world.open({ access_token });
  await link.title(/needs your bank again/);
  await link.press('Continue');
  for (const left of ['2 tries', '1 try']) {
    await link.fill({ 'Three-letter code': 'XYZ' });
    await link.press('Confirm');
    await link.frame.getByText(`You have ${left} left`).waitFor();
  }
  await link.fill({ 'Three-letter code': 'XYZ' });
  await link.press('Confirm');
  await link.title('This account is locked');
  await link.shot('locked');
  const { error } = await link.leave('free');
  assert.equal(error.error_code, 'TOO_MANY_VERIFICATION_ATTEMPTS');
  assert.deepEqual(await statuses(access_token), ['verification_failed']);
  await link.close();
});
