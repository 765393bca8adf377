// The Items as far as this page knows them, and when to ask about them again.

import { bankName, needsUser } from './words.js';

/** @typedef {import('./api.js').Item} Item */

// How often one Item is asked for by itself; afterwards there is a button.
const MOST_POLLS = 30;
// Longer waits are not worth a timer: webhooks and the next visit are sooner.
const LONGEST_POLL = 300;

/**
 * Whoever waits for the user comes first, then by the banks' names.
 * @param {Item[]} items
 */
const inOrder = (items) =>
  items.toSorted((one, other) =>
    Number(needsUser(other)) - Number(needsUser(one)) ||
    (bankName(one.institution) ?? '').localeCompare(bankName(other.institution) ?? '', 'en'));

/**
 * `read` asks for one Item; `changed` gets all of them whenever one is not as it was.
 * @param {(itemId: string) => Promise<Item>} read
 * @param {(items: Item[]) => void} changed
 */
export const makeCollection = (read, changed) => {
  /** @type {Item[]} */
  let items = [];
  // Counts what came in, so that an older answer does not undo a newer one.
  let version = 0;
  /**
   * Processor tokens are in one answer only, and in the memory of this page.
   * @type {Map<string, string>}
   */
  const tokens = new Map();
  /** @type {Map<string, {count: number, timer: number}>} */
  const polls = new Map();

  /** @param {Item} item */
  const withTokens = (item) => ({
    ...item,
    accounts: item.accounts.map((account) => {
      if (account.processor_token) tokens.set(account.account_id, account.processor_token);
      const token = account.status === 'ready' ? tokens.get(account.account_id) : null;
      return token ? { ...account, processor_token: token } : account;
    }),
  });

  /** @param {string} itemId */
  const stop = (itemId) => window.clearTimeout(polls.get(itemId)?.timer);

  /** @param {Item} item */
  const schedule = (item) => {
    stop(item.item_id);
    const seconds = item.poll_after_seconds;
    if (item.action !== 'wait' || !seconds || seconds > LONGEST_POLL) {
      polls.delete(item.item_id);
      return;
    }
    const count = (polls.get(item.item_id)?.count ?? 0) + 1;
    if (count > MOST_POLLS) return;
    const timer = window.setTimeout(() => refresh(item.item_id).catch(() => {}), seconds * 1000);
    polls.set(item.item_id, { count, timer });
  };

  /**
   * Takes these over where they are already, so that nothing moves while somebody reads.
   * @param {Item[]} fresh
   */
  const replace = (fresh) => {
    const known = new Set(items.map((item) => item.item_id));
    const byId = new Map(fresh.map((item) => [item.item_id, item]));
    const added = inOrder(fresh.filter((item) => !known.has(item.item_id)));
    items = [...added, ...items.map((item) => byId.get(item.item_id) ?? item)];
  };

  /** @param {Item} item */
  const put = (item) => {
    version += 1;
    const known = withTokens(item);
    replace([known]);
    schedule(known);
    changed(items);
  };

  /** @param {string} itemId */
  const refresh = async (itemId) => {
    const item = await read(itemId);
    put(item);
    return item;
  };

  return {
    put,
    refresh,
    /**
     * A page of the list; the first one replaces everything.
     * @param {Item[]} page
     * @param {boolean} first
     */
    show: (page, first) => {
      version += 1;
      if (first) [...polls.keys()].forEach(stop);
      const fresh = inOrder(page.map(withTokens));
      const ids = new Set(fresh.map((item) => item.item_id));
      items = first ? fresh : [...items.filter((item) => !ids.has(item.item_id)), ...fresh];
      fresh.forEach(schedule);
      changed(items);
    },
    version: () => version,
    /**
     * The first page once more, asked for at `since`. With all Items in it, what is not
     * in it is gone. Gives the Items that are not as they were.
     * @param {Item[]} page
     * @param {boolean} all
     * @param {number} since
     * @returns {Item[]}
     */
    sync: (page, all, since) => {
      if (since !== version) return [];
      const before = new Map(items.map((item) => [item.item_id, JSON.stringify(item)]));
      const fresh = page.map(withTokens);
      const ids = new Set(fresh.map((item) => item.item_id));
      const gone = all ? items.filter((item) => !ids.has(item.item_id)) : [];
      const other = fresh.filter((item) => before.get(item.item_id) !== JSON.stringify(item));
      if (other.length === 0 && gone.length === 0) return [];
      items = items.filter((item) => !gone.includes(item));
      replace(other);
      gone.forEach((item) => stop(item.item_id));
      other.forEach(schedule);
      changed(items);
      return other;
    },
    /** @param {string} itemId */
    drop: (itemId) => {
      version += 1;
      stop(itemId);
      items = items.filter((item) => item.item_id !== itemId);
      changed(items);
    },
    redraw: () => changed(items),
    end: () => [...polls.keys()].forEach(stop),
  };
};

/** @typedef {ReturnType<typeof makeCollection>} Collection */
