// The running stack, past every page: what a test knows, and what it looks up.

const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: cargo test -p e2e --test browser sets it`);
  return value;
};

export const GATEWAY = need('GATEWAY_URL');
export const PLAID = need('PLAID_URL');

const call = async (url, { token, body, method = body ? 'POST' : 'GET' } = {}) => {
  const response = await fetch(url, {
    method,
    headers: {
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

export const signIn = async (userId) => {
  const { token } = await call(`${GATEWAY}/dev/login`, { body: { user_id: userId } });
  return {
    createLinkToken: (wish = {}) => call(`${GATEWAY}/v1/link-tokens`, { token, body: wish }),
    items: async () => (await call(`${GATEWAY}/v1/items`, { token })).items,
    item: (itemId) => call(`${GATEWAY}/v1/items/${itemId}`, { token }),
    link: (linkId) => call(`${GATEWAY}/v1/links/${linkId}`, { token }),
  };
};

// The ids of the Items that are alive at Plaid.
export const liveItems = async () => {
  const { items } = await call(`${PLAID}/simulator/items`);
  return items.map((item) => item.item_id);
};

// One of the simulator's controls, to read.
export const look = (path) => call(`${PLAID}/simulator/${path}`);

export const simulate = (path, body) => call(`${PLAID}/simulator/${path}`, { body });
