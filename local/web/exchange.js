// From Link's onSuccess to an Item. The public token makes repeating safe: the same one
// never makes a second Item, so whatever may pass by itself is simply asked again.

import { pause } from './dom.js';

const IN_PROGRESS = 'exchange_in_progress';
// Together longer than an exchange may run.
const WAITS_FOR_ANOTHER = 15;
const RETRIES = 3;
// Nobody looks at a page that waits longer than this.
const LONGEST_WAIT = 5;
const DEFAULT_WAIT = 2;

// What the API needs of what Link hands out. With one account there is nothing to choose.
export const toExchange = ({ publicToken, metadata }) => {
  const accounts = metadata.accounts || [];
  return {
    public_token: publicToken,
    institution: metadata.institution,
    accounts,
    link_session_id: metadata.link_session_id,
    ...(accounts.length === 1 ? { account_id: accounts[0].id } : {}),
  };
};

// Seconds until the next attempt; null where it would not help.
const patience = (problem, attempt) => {
  const wait = problem.retryAfter ?? DEFAULT_WAIT;
  if (problem.code === IN_PROGRESS) return attempt < WAITS_FOR_ANOTHER ? wait : null;
  const passes = problem.status === 0 || problem.status >= 502;
  return passes && wait <= LONGEST_WAIT && attempt < RETRIES ? wait : null;
};

export const exchange = async (api, { item_id: _, ...body }, onWait) => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await api.linkItem(body);
    } catch (problem) {
      const seconds = patience(problem, attempt);
      if (seconds === null) throw problem;
      onWait(problem);
      await pause(seconds * 1000);
    }
  }
};

// Whether the same public token may still become an Item, or the Item another account.
export const isWorthKeeping = (problem) =>
  problem.code === IN_PROGRESS ||
  problem.status === 0 ||
  problem.status === 401 ||
  problem.status === 429 ||
  problem.status >= 500 ||
  problem.itemId !== null;
