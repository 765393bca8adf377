// POST /v1/items: from Link's public token to an Item and a processor token.

import { createHash } from 'node:crypto';
import { DeleteCommand, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { handle, jsonOf, Problem, userOf } from './api.mjs';
import { plaid } from './plaid.mjs';
import { inAMonth, isTaken, now, table, TableName } from './table.mjs';
import { dataKey } from './vault.mjs';

const { PLAID_ENVIRONMENT, PROCESSOR } = process.env;
// Seconds; longer than an invocation may take.
const LEASE = 30;

const read = (event) => {
  const request = jsonOf(event);
  if (!request.public_token?.startsWith?.(`public-${PLAID_ENVIRONMENT}-`)) {
    throw new Problem(400, 'invalid_field', 'public_token is not one of this environment.');
  }
  return request;
};

// The account that was named, or the only one there is.
const choose = (accounts, accountId) => {
  const usable = accounts.filter(({ type }) => type === 'depository');
  if (accountId) return usable.find(({ account_id }) => account_id === accountId);
  return usable.length === 1 ? usable[0] : undefined;
};

const hinted = ({ accounts }) =>
  Array.isArray(accounts) ? accounts.map(({ id, ...rest }) => ({ account_id: id, ...rest })) : [];

const keyOf = (publicToken) => {
  const hash = createHash('sha256').update(publicToken).digest('hex');
  return { pk: `EXCHANGE#${hash}`, sk: 'EXCHANGE' };
};

// Whoever holds the claim may exchange. One that was never finished ends by itself.
const claim = async (key, user) => {
  const lease = { step: 'claimed', created_at: now(), lease_until: now() + LEASE };
  const put = new PutCommand({
    TableName,
    Item: { ...key, user_id: user, ...lease, expires_at: inAMonth() },
    ConditionExpression: 'attribute_not_exists(pk) OR (step = :claimed AND lease_until < :now)',
    ExpressionAttributeValues: { ':claimed': 'claimed', ':now': now() },
  });
  try {
    await table.send(put);
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw new Problem(409, 'exchange_in_progress', 'This public token was sent before.');
  }
};

const exchange = async (client, key, public_token) => {
  try {
    return (await client.itemPublicTokenExchange({ public_token })).data;
  } catch (error) {
    // Plaid said no: nothing was made, and the token may be tried again.
    if (error.response) await table.send(new DeleteCommand({ TableName, Key: key }));
    if (error.response?.data?.error_code !== 'INVALID_PUBLIC_TOKEN') throw error;
    throw new Problem(422, 'public_token_refused', 'Plaid refused the public token.');
  }
};

const record = async (key, user, item, account, token, sealing) => {
  const { item_id, access_token, institution } = item;
  const owner = `OWNER#${user}`;
  const place = `${owner}/${item_id}`;
  const common = { pk: owner, item_id, wrapped_key: sealing.wrappedKey, created_at: now() };
  const items = [
    {
      ...common,
      sk: `ITEM#${item_id}`,
      status: 'active',
      institution,
      access_token: sealing.seal(access_token, `${place}/access_token`),
    },
    {
      ...common,
      sk: `ACCOUNT#${item_id}#${account.account_id}`,
      ...account,
      processor: PROCESSOR,
      processor_token: sealing.seal(token, `${place}/${account.account_id}/processor_token`),
    },
  ];
  const finish = {
    TableName,
    Key: key,
    UpdateExpression: 'SET step = :finished',
    ConditionExpression: 'step = :claimed',
    ExpressionAttributeValues: { ':finished': 'finished', ':claimed': 'claimed' },
  };
  const puts = items.map((Item) => ({ Put: { TableName, Item } }));
  await table.send(new TransactWriteCommand({ TransactItems: [...puts, { Update: finish }] }));
};

const settle = async (client, key, user, item, request, sealing) => {
  const { access_token } = item;
  let accounts = hinted(request);
  if (!accounts.length) accounts = (await client.accountsGet({ access_token })).data.accounts;
  const account = choose(accounts, request.account_id);
  if (!account) throw new Problem(422, 'unknown_account', 'Name one of the checking accounts.');
  const { account_id, name, mask, type, subtype, verification_status } = account;
  const ask = { access_token, account_id, processor: PROCESSOR };
  const { processor_token } = (await client.processorTokenCreate(ask)).data;
  const known = { account_id, name, mask, type, subtype, verification_status };
  await record(key, user, item, known, processor_token, sealing);
  return { ...known, status: 'ready', processor_token };
};

// An Item that nobody knows must not live on at Plaid.
const undo = async (client, { access_token }, line) => {
  try {
    await client.itemRemove({ access_token });
  } catch (error) {
    line.orphan = error.code ?? error.name;
  }
};

export const handler = handle(async (event, line) => {
  const user = userOf(event);
  const request = read(event);
  const institution = request.institution ?? null;
  const key = keyOf(request.public_token);
  const client = await plaid();
  const sealing = await dataKey();
  try {
    await claim(key, user);
    const made = await exchange(client, key, request.public_token);
    const item_id = made.item_id;
    Object.assign(line, { item_id, plaid_request_id: made.request_id });
    try {
      const item = { ...made, institution };
      const account = await settle(client, key, user, item, request, sealing);
      const accounts = [account];
      return [201, { item_id, status: 'active', institution, accounts, processor: PROCESSOR }];
    } catch (error) {
      await undo(client, made, line);
      throw error;
    }
  } finally {
    sealing.forget();
  }
});
