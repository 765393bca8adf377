// Plaid's client, with the keys that Secrets Manager has.

import { Agent } from 'node:https';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Configuration, PlaidApi, PlaidEnvironments } from 'plaid';

const FRESH_FOR = 5 * 60 * 1000;

const { PLAID_SECRET_ID, PLAID_ENVIRONMENT, PLAID_BASE_URL } = process.env;
const secrets = new SecretsManagerClient({});
const httpsAgent = new Agent({ keepAlive: true });
let kept;

export const plaid = async () => {
  if (!kept || kept.until < Date.now()) {
    const read = new GetSecretValueCommand({ SecretId: PLAID_SECRET_ID });
    const { client_id, secret } = JSON.parse((await secrets.send(read)).SecretString);
    const configuration = new Configuration({
      basePath: PLAID_BASE_URL || PlaidEnvironments[PLAID_ENVIRONMENT],
      baseOptions: {
        httpsAgent,
        timeout: 8000,
        headers: { 'PLAID-CLIENT-ID': client_id, 'PLAID-SECRET': secret },
      },
    });
    kept = { client: new PlaidApi(configuration), until: Date.now() + FRESH_FOR };
  }
  return kept.client;
};

// Read while the function starts, not in the first request.
await plaid();
