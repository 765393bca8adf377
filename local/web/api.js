// The calls of our API. An answer is its JSON; everything else is a Problem.

/** @typedef {import('../../docs/openapi').components['schemas']} Described */
/**
 * @typedef {Described['Item']} Item
 * @typedef {Described['Account']} Account
 * @typedef {Described['Notice']} ItemNotice
 * @typedef {Described['ItemPage']} Page
 * @typedef {Described['LinkToken']} LinkToken
 * @typedef {Described['NewLinkToken']} LinkWish
 * @typedef {Described['LinkExit']} Exit
 * @typedef {Described['LinkedItem']} Exchange
 * @typedef {Described['PlaidError']} PlaidSaid
 * @typedef {Described['Problem']} ProblemDocument
 * @typedef {Described['AstraConnection']} AstraConnection
 * @typedef {Described['AstraAuthorization']} AstraAuthorization
 * @typedef {{plaid_script: string, plaid_origin: string, environment: string, astra: boolean}} Config
 */

// Longer than the longest of our functions may take.
const TIMEOUT = 35_000;

const NO_CONNECTION = {
  code: 'no_connection',
  detail: 'The service does not answer. Check your connection and try again.',
};

// What API Gateway says by itself is meant for machines.
/** @type {Record<number, string>} */
const OF_GATEWAY = {
  401: 'Your session has ended. Sign in again.',
  404: 'This is not available.',
  429: 'That was a lot at once. Try again in a moment.',
};

/** What our API could not do, and why, as its problem document tells. */
export class Problem extends Error {
  /**
   * @param {{status?: number, code: string, detail: string, requestId?: string | null,
   *   retryAfter?: number | null, plaid?: PlaidSaid | null, itemId?: string | null}} told
   */
  constructor({ status = 0, code, detail, requestId = null, retryAfter = null, plaid = null, itemId = null }) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.requestId = requestId;
    /** Seconds. */
    this.retryAfter = retryAfter;
    this.plaid = plaid;
    this.itemId = itemId;
  }

  /**
   * @param {Response} response
   * @param {Partial<ProblemDocument>} body
   */
  static of(response, body) {
    const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
    const { status } = response;
    const gateways = OF_GATEWAY[status] || 'Something went wrong on our side. Try again in a moment.';
    return new Problem({
      status,
      code: body.code || `http_${status}`,
      detail: body.detail || gateways,
      requestId: body.request_id || response.headers.get('apigw-requestid'),
      retryAfter: Number.isNaN(seconds) ? null : seconds,
      plaid: body.plaid || null,
      itemId: body.item_id || null,
    });
  }
}

/** @param {string} text */
const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/**
 * @param {string} method
 * @param {string} path
 * @param {{token?: string, body?: object, keepalive?: boolean}} [options]
 */
const call = async (method, path, { token, body, keepalive = false } = {}) => {
  /** @type {Record<string, string>} */
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (body) headers['content-type'] = 'application/json';
  let response;
  let text;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      keepalive,
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT),
    });
    text = await response.text();
  } catch {
    throw new Problem(NO_CONNECTION);
  }
  const answer = parse(text);
  if (response.ok && (answer || response.status === 204)) return answer;
  throw Problem.of(response, answer || {});
};

/** @type {() => Promise<Config>} */
export const readConfig = () => call('GET', '/config.json');

/**
 * Your identity provider does this in production.
 * @param {string} userId
 * @returns {Promise<string>}
 */
export const signIn = async (userId) => {
  const { token } = await call('POST', '/dev/login', { body: { user_id: userId } });
  return token;
};

/** @param {string} itemId */
const pathOf = (itemId) => `/v1/items/${encodeURIComponent(itemId)}`;

/**
 * The calls of one signed-in user.
 * @param {string} token
 */
export const apiOf = (token) => ({
  /** @type {(wish: LinkWish) => Promise<LinkToken>} */
  createLinkToken: (wish) => call('POST', '/v1/link-tokens', { token, body: wish }),
  /**
   * The page may be about to go away: the report is sent all the same.
   * @type {(linkId: string, report: Exit) => Promise<void>}
   */
  reportExit: (linkId, report) =>
    call('POST', `/v1/links/${encodeURIComponent(linkId)}/exit`, { token, body: report, keepalive: true }),
  /** @type {(exchange: Exchange) => Promise<Item>} */
  linkItem: (exchange) => call('POST', '/v1/items', { token, body: exchange }),
  /** @type {(cursor: string | null) => Promise<Page>} */
  items: (cursor) => {
    const query = new URLSearchParams({ limit: '20', ...(cursor ? { cursor } : {}) });
    return call('GET', `/v1/items?${query}`, { token });
  },
  /** @type {(itemId: string) => Promise<Item>} */
  item: (itemId) => call('GET', pathOf(itemId), { token }),
  /**
   * Plaid is asked, and the Item is as it says.
   * @type {(itemId: string) => Promise<Item>}
   */
  refreshItem: (itemId) => call('POST', `${pathOf(itemId)}/refresh`, { token }),
  /** @type {(itemId: string, accountId: string) => Promise<Item>} */
  chooseAccount: (itemId, accountId) =>
    call('POST', `${pathOf(itemId)}/processor-tokens`, { token, body: { account_id: accountId } }),
  /**
   * Null when it is gone, the Item while it is on its way. With force, whatever Astra says.
   * @type {(itemId: string, force?: boolean) => Promise<Item | null>}
   */
  removeItem: (itemId, force = false) => call('DELETE', pathOf(itemId) + (force ? '?force=true' : ''), { token }),
  /** @type {() => Promise<AstraAuthorization>} */
  authorizeAstra: () => call('POST', '/v1/astra/authorizations', { token }),
  /** @type {(returned: {code: string, state: string}) => Promise<AstraConnection>} */
  connectAstra: (returned) => call('POST', '/v1/astra/connections', { token, body: returned }),
  /** @type {() => Promise<AstraConnection>} */
  astraConnection: () => call('GET', '/v1/astra/connections', { token }),
  /** @type {() => Promise<null>} */
  disconnectAstra: () => call('DELETE', '/v1/astra/connections', { token }),
});

/** @typedef {ReturnType<typeof apiOf>} Api */
