// Webhooks: fired, signed, and verified in the application's own language.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Simulator } from './simulator.js';
import { Receiver } from './webhooks.js';

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

test('a fired webhook arrives and is believed', async () => {
  const { access_token, item_id } = await simulator.link({ webhook: receiver.url });
  const { data } = await simulator.plaid.sandboxItemFireWebhook({
    access_token,
    webhook_type: 'ITEM',
    webhook_code: 'NEW_ACCOUNTS_AVAILABLE',
  });
  assert.equal(data.webhook_fired, true);
  const webhook = await receiver.next('NEW_ACCOUNTS_AVAILABLE');
  assert.deepEqual([webhook.refusal, webhook.item_id], [null, item_id]);
  const { data: found } = await simulator.plaid.itemGet({ access_token });
  assert.equal(found.status.last_webhook.code_sent, 'NEW_ACCOUNTS_AVAILABLE');
});

test('a webhook URL can be changed, and the new one hears of it', async () => {
  const { access_token, item_id } = await simulator.link();
  const { data } = await simulator.plaid.itemWebhookUpdate({
    access_token,
    webhook: receiver.url,
  });
  assert.equal(data.item.webhook, receiver.url);
  const webhook = await receiver.next('WEBHOOK_UPDATE_ACKNOWLEDGED');
  assert.deepEqual([webhook.refusal, webhook.item_id], [null, item_id]);
  assert.equal(webhook.new_webhook_url, receiver.url);
});

test('a broken login is told by webhook', async () => {
  const { access_token } = await simulator.link({ webhook: receiver.url });
  await simulator.plaid.sandboxItemResetLogin({ access_token });
  const webhook = await receiver.next('ERROR');
  assert.equal(webhook.refusal, null);
  assert.equal(webhook.error.error_code, 'ITEM_LOGIN_REQUIRED');
});

test('a key that was rotated out is still known, and so is the new one', async () => {
  const { access_token } = await simulator.link({ webhook: receiver.url });
  const fire = async () => {
    const webhook_code = 'LOGIN_REPAIRED';
    await simulator.plaid.sandboxItemFireWebhook({ access_token, webhook_code });
    return (await receiver.next(webhook_code)).refusal;
  };
  assert.equal(await fire(), null);
  await simulator.control('POST', '/webhooks/rotate-key', {});
  assert.equal(await fire(), null);
});

for (const [tamper, reason] of [
  ['signature', /signature verification failed/],
  ['body', /the body is another one/],
  ['kid', /INVALID_WEBHOOK_VERIFICATION_KEY_ID/],
  ['alg', /the algorithm is none/],
  ['no_header', /there is no signature/],
]) {
  test(`a webhook with a spoiled ${tamper} is refused`, async () => {
    const webhook_code = `SPOILED_${tamper}`;
    const body = { webhook_type: 'TEST', webhook_code };
    await simulator.control('POST', '/webhooks/send', { url: receiver.url, body, tamper });
    assert.match((await receiver.next(webhook_code)).refusal, reason);
  });
}

test('a webhook that was signed too long ago is refused', async () => {
  const webhook = {
    url: receiver.url,
    body: { webhook_type: 'TEST', webhook_code: 'OLD' },
    iat_offset_seconds: -301,
  };
  await simulator.control('POST', '/webhooks/send', webhook);
  assert.match((await receiver.next('OLD')).refusal, /"iat" claim timestamp check failed/);
});
