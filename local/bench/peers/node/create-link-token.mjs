// POST /v1/link-tokens: a link token for a new Item.

import { createHash, randomUUID } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { handle, userOf } from './api.mjs';
import { plaid } from './plaid.mjs';
import { inAMonth, now, table, TableName } from './table.mjs';

const env = process.env;
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

export const handler = handle(async (event, line) => {
  const user = userOf(event);
  const base = env.WEBHOOK_BASE_URL || `https://${event.requestContext.domainName}`;
  const client = await plaid();
  const { data } = await client.linkTokenCreate({
    client_name: env.PLAID_CLIENT_NAME,
    language: env.PLAID_LANGUAGE,
    country_codes: env.PLAID_COUNTRY_CODES.split(','),
    // Plaid learns no name of the user.
    user: { client_user_id: sha256(`${env.VAULT_ID}\n${user}`) },
    products: ['auth'],
    webhook: `${base}/v1/webhooks/plaid`,
  });
  const { link_token, expiration, request_id } = data;
  const link_id = randomUUID();
  await table.send(
    new PutCommand({
      TableName,
      Item: {
        pk: `OWNER#${user}`,
        sk: `LINK#${link_id}`,
        link_token_sha256: sha256(link_token),
        expiration,
        created_at: now(),
        expires_at: inAMonth(),
      },
    }),
  );
  Object.assign(line, { link_id, plaid_request_id: request_id });
  return [201, { link_id, link_token, expiration, request_id }];
});
