// From Link's onSuccess to an Item. The public token makes repeating safe: the same one
// never makes a second Item, so whatever may pass by itself is simply asked again.

import { Problem } from './api.js';
import { pause } from './dom.js';

/** @typedef {import('./api.js').Api} Api */
/** @typedef {import('./api.js').Item} Item */
/**
 * What `POST /v1/items` takes, and the Item once it is known.
 * @typedef {{public_token: string, institution?: object | null, accounts?: object[],
 *   link_session_id?: string, account_id?: string, item_id?: string}} Entry
 */
/**
 * @typedef {{institution: {name: string, institution_id: string} | null, accounts?: {id: string}[],
 *   link_session_id: string}} SuccessMetadata
 */

const IN_PROGRESS = 'exchange_in_progress';
const DUPLICATE = 'duplicate_item';
// Together longer than an exchange may run.
const WAITS_FOR_ANOTHER = 15;
const RETRIES = 3;
// Nobody looks at a page that waits longer than this.
const LONGEST_WAIT = 20;
const DEFAULT_WAIT = 2;

/**
 * What the API needs of what Link hands out. With one account there is nothing to choose.
 * @param {string} publicToken
 * @param {SuccessMetadata} metadata
 * @returns {Entry}
 */
export const toExchange = (publicToken, metadata) => {
  const accounts = metadata.accounts || [];
  const [first, ...others] = accounts;
  return {
    public_token: publicToken,
    institution: metadata.institution,
    accounts,
    link_session_id: metadata.link_session_id,
    ...(first && others.length === 0 ? { account_id: first.id } : {}),
  };
};

/**
 * Seconds until the next attempt; null where it would not help.
 * @param {Problem} problem
 * @param {number} attempt
 */
const patience = (problem, attempt) => {
  const wait = problem.retryAfter ?? DEFAULT_WAIT;
  if (problem.code === IN_PROGRESS) return attempt < WAITS_FOR_ANOTHER ? wait : null;
  const passes = problem.status === 0 || problem.status === 429 || problem.status >= 502;
  return passes && wait <= LONGEST_WAIT && attempt < RETRIES ? wait : null;
};

/**
 * @param {Api} api
 * @param {Entry} entry
 * @param {() => void} onWait
 * @returns {Promise<Item>}
 */
export const exchange = async (api, { item_id: _, ...body }, onWait) => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await api.linkItem(body);
    } catch (problem) {
      const seconds = problem instanceof Problem ? patience(problem, attempt) : null;
      if (seconds === null) throw problem;
      onWait();
      await pause(seconds * 1000);
    }
  }
};

/**
 * The user has these accounts already: the Item that the problem names is another one.
 * @param {Problem} problem
 */
export const isDuplicate = (problem) => problem.code === DUPLICATE;

/**
 * Whether the same public token may still become an Item.
 * @param {Problem} problem
 */
export const isWorthKeeping = (problem) =>
  problem.code === IN_PROGRESS ||
  problem.status === 0 ||
  problem.status === 401 ||
  problem.status === 429 ||
  problem.status >= 500;
