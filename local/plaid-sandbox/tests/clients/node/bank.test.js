// From a linked bank to a processor token, and to the Item's end.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { refusal } from './refusal.js';
import { Simulator } from './simulator.js';

let simulator;
before(async () => {
  simulator = await Simulator.start();
});
after(() => simulator.stop());

const checking = ({ accounts }) => accounts.find(({ subtype }) => subtype === 'checking');

test('a bank is linked and its account given to the processor', async () => {
  const bank = await simulator.link();
  const { access_token, item_id } = bank;
  assert.deepEqual(await simulator.liveItems(), [item_id]);
  const { account_id } = checking(bank);

  const { data: auth } = await simulator.plaid.authGet({ access_token });
  const numbers = auth.numbers.ach.find((ach) => ach.account_id === account_id);
  assert.match(numbers.routing, /^[0-9]{9}$/);

  const { data: made } = await simulator.plaid.processorTokenCreate({
    access_token,
    account_id,
    processor: 'astra',
  });
  assert.match(made.processor_token, /^processor-sandbox-/);

  // What the processor sees with it.
  const { processor_token } = made;
  const { data: seen } = await simulator.plaid.processorAuthGet({ processor_token });
  assert.equal(seen.account.account_id, account_id);
  assert.deepEqual(seen.numbers.ach, numbers);

  await simulator.plaid.processorTokenPermissionsSet({ processor_token, products: ['auth'] });
  const { data: allowed } = await simulator.plaid.processorTokenPermissionsGet({
    processor_token,
  });
  assert.deepEqual(allowed.products, ['auth']);
});

test('an Item tells what it is, and at which institution', async () => {
  const { access_token, item_id } = await simulator.link({ institution: 'ins_127287' });
  const { data: found } = await simulator.plaid.itemGet({ access_token });
  assert.equal(found.item.item_id, item_id);
  assert.deepEqual(found.item.products, ['auth']);
  const { data } = await simulator.plaid.institutionsGetById({
    institution_id: found.item.institution_id,
    country_codes: ['US'],
    options: { include_optional_metadata: true, include_auth_metadata: true },
  });
  assert.equal(data.institution.name, 'Platypus OAuth Bank');
  assert.equal(data.institution.oauth, true);
  assert.equal(data.institution.auth_metadata.supported_methods.instant_auth, true);
});

test('a removed Item is gone, with its tokens', async () => {
  const bank = await simulator.link();
  const { access_token, item_id } = bank;
  const { data: made } = await simulator.plaid.processorTokenCreate({
    access_token,
    account_id: checking(bank).account_id,
    processor: 'astra',
  });
  await simulator.plaid.itemRemove({ access_token });
  assert.ok(!(await simulator.liveItems()).includes(item_id));
  const { processor_token } = made;
  const { data: item } = await refusal(simulator.plaid.itemGet({ access_token }));
  assert.equal(item.error_code, 'ITEM_NOT_FOUND');
  const { data: auth } = await refusal(simulator.plaid.processorAuthGet({ processor_token }));
  assert.equal(auth.error_code, 'ITEM_NOT_FOUND');
});

test('an invalidated access token gives way to a new one', async () => {
  const { access_token, item_id } = await simulator.link();
  const { data } = await simulator.plaid.itemAccessTokenInvalidate({ access_token });
  const { data: old } = await refusal(simulator.plaid.itemGet({ access_token }));
  assert.equal(old.error_code, 'INVALID_ACCESS_TOKEN');
  const { data: found } = await simulator.plaid.itemGet({ access_token: data.new_access_token });
  assert.equal(found.item.item_id, item_id);
});
