// Errors, as the client shows them; those that a test arms too.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { refusal } from './refusal.js';
import { Simulator } from './simulator.js';

let simulator;
before(async () => {
  simulator = await Simulator.start();
});
after(() => simulator.stop());
afterEach(() => simulator.control('DELETE', '/faults'));

test('an error has type, code and the request id that the simulator logged', async () => {
  const { access_token } = await simulator.link();
  await simulator.plaid.sandboxItemResetLogin({ access_token });
  const { status, data } = await refusal(simulator.plaid.accountsGet({ access_token }));
  assert.equal(status, 400);
  assert.equal(data.error_type, 'ITEM_ERROR');
  assert.equal(data.error_code, 'ITEM_LOGIN_REQUIRED');
  assert.equal(typeof data.error_message, 'string');
  assert.equal(typeof data.display_message, 'string');
  const { requests } = await simulator.control('GET', '/requests');
  const logged = requests.find(({ request_id }) => request_id === data.request_id);
  assert.equal(logged.endpoint, '/accounts/get');
  const { data: found } = await simulator.plaid.itemGet({ access_token });
  assert.equal(found.item.error.error_code, 'ITEM_LOGIN_REQUIRED');
});

test('wrong keys are refused', async () => {
  const headers = { 'PLAID-SECRET': 'not-the-secret' };
  const call = simulator.plaid.itemGet({ access_token: 'access-sandbox-x' }, { headers });
  assert.equal((await refusal(call)).data.error_code, 'INVALID_API_KEYS');
});

test('a scripted error strikes the chosen call and no other', async () => {
  const { access_token } = await simulator.link();
  await simulator.control('POST', '/faults', {
    endpoint: '/accounts/get',
    call: 2,
    kind: 'plaid_error',
    error_code: 'RATE_LIMIT',
  });
  await simulator.plaid.accountsGet({ access_token });
  const { status, data } = await refusal(simulator.plaid.accountsGet({ access_token }));
  assert.equal(status, 429);
  assert.equal(data.error_type, 'RATE_LIMIT_EXCEEDED');
  await simulator.plaid.accountsGet({ access_token });
});

test('an answer that is not from Plaid is seen as it is', async () => {
  await simulator.control('POST', '/faults', {
    endpoint: '*',
    kind: 'http_status',
    status: 502,
    body: '<html>Bad gateway</html>',
  });
  const { status, data } = await refusal(simulator.plaid.itemGet({ access_token: 'any' }));
  assert.deepEqual([status, data], [502, '<html>Bad gateway</html>']);
});

test('a lost answer leaves an Item that only the simulator knows', async () => {
  const before = await simulator.liveItems();
  const { data } = await simulator.plaid.sandboxPublicTokenCreate({
    institution_id: 'ins_109508',
    initial_products: ['auth'],
  });
  const endpoint = '/item/public_token/exchange';
  await simulator.control('POST', '/faults', { endpoint, kind: 'lose_answer' });
  const { public_token } = data;
  await assert.rejects(simulator.plaid.itemPublicTokenExchange({ public_token }), (error) => {
    assert.equal(error.code, 'ECONNRESET');
    assert.equal(error.response, undefined);
    return true;
  });
  assert.equal((await simulator.liveItems()).length, before.length + 1);
  const again = await refusal(simulator.plaid.itemPublicTokenExchange({ public_token }));
  assert.equal(again.data.error_code, 'INVALID_PUBLIC_TOKEN');
});
