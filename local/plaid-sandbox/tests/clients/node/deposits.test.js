// Accounts that wait for a micro-deposit, and time that moves.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { refusal } from './refusal.js';
import { Simulator } from './simulator.js';
import { Receiver } from './webhooks.js';

const HOUNDSTOOTH = { institution: 'ins_109512', username: 'microdeposits_good' };

let simulator;
let receiver;
before(async () => {
  simulator = await Simulator.start();
  receiver = await Receiver.start(simulator.plaid);
});
after(() => {
  receiver.stop();
  simulator.stop();
});

const status = async (access_token) => {
  const { data } = await simulator.plaid.accountsGet({ access_token });
  return data.accounts[0].verification_status;
};

const processorToken = ({ access_token, accounts }) =>
  simulator.plaid.processorTokenCreate({
    access_token,
    account_id: accounts[0].account_id,
    processor: 'astra',
  });

test('an account that is not verified gets no processor token', async () => {
  const bank = await simulator.link(HOUNDSTOOTH);
  assert.equal(await status(bank.access_token), 'pending_automatic_verification');
  const { data } = await refusal(processorToken(bank));
  assert.equal(data.error_code, 'PRODUCT_NOT_READY');
});

test('a deposit is verified by itself a day later, and a webhook says so', async () => {
  const bank = await simulator.link({ ...HOUNDSTOOTH, webhook: receiver.url });
  await simulator.control('POST', '/clock', { advance_seconds: 24 * 3600 });
  const webhook = await receiver.next('AUTOMATICALLY_VERIFIED');
  assert.equal(webhook.refusal, null);
  assert.equal(webhook.account_id, bank.accounts[0].account_id);
  assert.equal(await status(bank.access_token), 'automatically_verified');
  const { data } = await processorToken(bank);
  assert.match(data.processor_token, /^processor-sandbox-/);
});

test('a deposit can be ended at once, for good or ill', async () => {
  for (const [verification_status, code] of [
    ['automatically_verified', 'AUTOMATICALLY_VERIFIED'],
    ['verification_expired', 'VERIFICATION_EXPIRED'],
  ]) {
    const { access_token, accounts } = await simulator.link({
      ...HOUNDSTOOTH,
      webhook: receiver.url,
    });
    const { account_id } = accounts[0];
    await simulator.plaid.sandboxItemSetVerificationStatus({
      access_token,
      account_id,
      verification_status,
    });
    assert.equal(await status(access_token), verification_status);
    assert.equal((await receiver.next(code)).account_id, account_id);
  }
});
