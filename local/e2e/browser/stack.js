// The running stack, past every page: what a test knows, and what it looks up.

import { SINGLE_ACCOUNT_USER } from './banks.js';

const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: cargo test --workspace --test browser sets it`);
  return value;
};

export const GATEWAY = need('GATEWAY_URL');
export const PLAID = need('PLAID_URL');
export const ASTRA = need('ASTRA_URL');

const KEYS = { 'plaid-client-id': 'sandbox-client-id', 'plaid-secret': 'sandbox-secret' };
// How long a condition may take to come true.
const PATIENCE = 20_000;
const POLL = 50;

const call = async (url, { token, body, headers = {}, method = body ? 'POST' : 'GET' } = {}) => {
  const response = await fetch(url, {
    method,
    headers: {
      ...headers,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
};

let users = 0;

// A user whom no other test knows.
export const newUser = () => `person-${process.pid}-${(users += 1)}`;

// A public token as Link hands it out, from the Sandbox's own call.
const publicToken = async (institutionId, username) => {
  const options = { override_username: username, webhook: `${GATEWAY}/v1/webhooks/plaid` };
  const body = { institution_id: institutionId, initial_products: ['auth'], options };
  return (await call(`${PLAID}/sandbox/public_token/create`, { body, headers: KEYS })).public_token;
};

export const signIn = async (userId) => {
  const { token } = await call(`${GATEWAY}/dev/login`, { body: { user_id: userId } });
  return {
    token,
    // Links a bank without a browser.
    linkItem: async (institutionId, username = SINGLE_ACCOUNT_USER) => {
      const body = { public_token: await publicToken(institutionId, username) };
      return call(`${GATEWAY}/v1/items`, { token, body });
    },
    refresh: (itemId) => call(`${GATEWAY}/v1/items/${itemId}/refresh`, { token, method: 'POST' }),
    createLinkToken: (wish = {}) => call(`${GATEWAY}/v1/link-tokens`, { token, body: wish }),
    items: async () => (await call(`${GATEWAY}/v1/items`, { token })).items,
    item: (itemId) => call(`${GATEWAY}/v1/items/${itemId}`, { token }),
    link: (linkId) => call(`${GATEWAY}/v1/links/${linkId}`, { token }),
  };
};

// One of the simulator's controls, to read.
export const look = (path) => call(`${PLAID}/simulator/${path}`);

export const simulate = (path, body) => call(`${PLAID}/simulator/${path}`, { body });

// The same of Astra's simulator.
export const lookAtAstra = (path) => call(`${ASTRA}/simulator/${path}`);

export const simulateAstra = (path, body) => call(`${ASTRA}/simulator/${path}`, { body });

// A user of Astra's, by the address that was typed there.
export const atAstra = async (email) => {
  const { users } = await lookAtAstra('users');
  return users.find((user) => user.email === email);
};

// The accounts that Astra has of this user.
export const accountsAtAstra = async (email) => {
  const { user_id: userId } = await atAstra(email);
  const { accounts } = await lookAtAstra('accounts');
  return accounts.filter((account) => account.user_id === userId);
};

// While `act` runs, Plaid does not do its part of this call.
export const withoutPlaid = async (endpoint, act) => {
  await simulate('faults', { endpoint, kind: 'http_status', status: 500, times: 1000 });
  try {
    await act();
  } finally {
    await call(`${PLAID}/simulator/faults`, { method: 'DELETE' });
  }
};

// Runs one of our functions, as its schedule does.
export const invoke = (name, event) => call(`${GATEWAY}/dev/invoke/${name}`, { body: event });

// The ids of the Items that are alive at Plaid.
export const liveItems = async () => {
  const { items } = await look('items');
  return items.map((item) => item.item_id);
};

// What Plaid's API says of the last run of Link with this token.
export const lastRunOfLink = async (linkToken) => {
  const body = { link_token: linkToken };
  const { link_sessions: runs } = await call(`${PLAID}/link/token/get`, { body, headers: KEYS });
  return runs.at(-1);
};

// What `ask` gives once it is something. `what` names it for whoever waits in vain.
const until = async (what, ask) => {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const found = await ask();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`there never are ${what}`);
    await new Promise((done) => setTimeout(done, POLL));
  }
};

// The webhooks about a link token, once there are so many and all of them are answered.
export const webhooksOfLink = (linkToken, count) =>
  until(`${count} answered webhooks`, async () => {
    const { webhooks } = await look('webhooks');
    const ours = webhooks
      .map((webhook) => ({ ...webhook, body: JSON.parse(webhook.body) }))
      .filter(({ body }) => body.link_token === linkToken);
    return ours.length >= count && ours.every(({ attempts }) => attempts.length > 0) && ours;
  });

// A session of Link, once our API knows that it is over.
export const finishedLink = (user, linkId) =>
  until('results of the session', async () => {
    const link = await user.link(linkId);
    return link.status === 'finished' && link;
  });
