// POST /v1/webhooks/plaid: keeps what Plaid signed, and nothing else.

import { createHash, timingSafeEqual } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { importJWK, jwtVerify } from 'jose';
import { bodyOf, handle, Problem } from './api.mjs';
import { plaid } from './plaid.mjs';
import { inAMonth, isTaken, table, TableName } from './table.mjs';

const KEY_KNOWN_FOR = 12 * 3600 * 1000;
const TOKENS = /\b(public|link|access|processor)-(sandbox|production)-[\w-]+/g;
const options = { algorithms: ['ES256'], maxTokenAge: '5 min' };
const keys = new Map();

const refuse = (reason) => new Problem(401, 'webhook_not_verified', reason);

const keyOf = async ({ kid }) => {
  const kept = keys.get(kid);
  if (kept?.until > Date.now()) return kept.key;
  const client = await plaid();
  const { data } = await client.webhookVerificationKeyGet({ key_id: kid }).catch((error) => {
    if (error.response?.status === 400) throw refuse('Plaid has no such key.');
    throw error;
  });
  if (data.key.expired_at != null) throw refuse('The key has expired.');
  const key = await importJWK(data.key, 'ES256');
  keys.set(kid, { key, until: Date.now() + KEY_KNOWN_FOR });
  return key;
};

const verify = async (token, hash) => {
  if (!token) throw refuse('There is no signature.');
  const { payload } = await jwtVerify(token, keyOf, options).catch((error) => {
    throw error.code?.startsWith('ERR_J') ? refuse(error.code) : error;
  });
  const signed = Buffer.from(String(payload.request_body_sha256));
  if (signed.length !== hash.length || !timingSafeEqual(signed, Buffer.from(hash))) {
    throw refuse('The body is another one.');
  }
  return payload.iat;
};

export const handler = handle(async (event, line) => {
  const body = bodyOf(event);
  const hash = createHash('sha256').update(body).digest('hex');
  const iat = await verify(event.headers['plaid-verification'], hash);
  const text = body.toString();
  const { webhook_type, webhook_code, item_id } = JSON.parse(text);
  const Item = {
    pk: `INBOX#${item_id ?? hash}`,
    sk: `${iat}#${hash}`,
    webhook_type,
    webhook_code,
    item_id,
    body: text.replace(TOKENS, '$1-$2-...'),
    body_sha256: hash,
    issued_at: iat * 1000,
    received_at: Date.now(),
    stale: false,
    expires_at: inAMonth(),
  };
  Object.assign(line, { webhook_type, webhook_code, item_id });
  try {
    const ConditionExpression = 'attribute_not_exists(pk)';
    await table.send(new PutCommand({ TableName, Item, ConditionExpression }));
  } catch (error) {
    // Plaid sent it before, and it is kept.
    if (!isTaken(error)) throw error;
  }
  return [200, {}];
});
