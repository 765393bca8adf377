// What must outlive a trip to the bank's own site and back. It is kept in this tab only,
// and ends with it or with signing out, but for the open link token: a bank's app may
// come back in another tab. Processor tokens are never kept here.

/** @typedef {{userId: string, token: string}} User */
/** @typedef {{item_id?: string, account_selection_enabled?: boolean}} Purpose */
/** @typedef {{link_id: string, link_token: string, purpose: Purpose, user_id: string}} OpenLink */
/** @typedef {import('./exchange.js').Entry} Entry */
/** @typedef {{code: string | null, state: string | null, error: string | null}} AstraReturn */

/**
 * @template T
 * @param {Storage} storage
 * @param {string} name
 */
const slot = (storage, name) => ({
  /** @returns {T | null} */
  read: () => {
    try {
      return JSON.parse(storage.getItem(name) ?? 'null');
    } catch {
      return null;
    }
  },
  /** @param {T} value */
  keep: (value) => storage.setItem(name, JSON.stringify(value)),
  forget: () => storage.removeItem(name),
});

/** Who is signed in. */
export const user = /** @type {ReturnType<typeof slot<User>>} */ (slot(window.sessionStorage, 'user'));

const ofTab = /** @type {ReturnType<typeof slot<OpenLink>>} */ (slot(window.sessionStorage, 'link'));
const ofBrowser = /** @type {ReturnType<typeof slot<OpenLink>>} */ (slot(window.localStorage, 'link'));

/** The session of Link that is open. After the bank's site, Link goes on with the same link token. */
export const openLink = {
  /**
   * This tab's, or else the last one of this user in any tab.
   * @param {string} userId
   * @returns {OpenLink | null}
   */
  read: (userId) => [ofTab.read(), ofBrowser.read()].find((link) => link?.user_id === userId) ?? null,
  /** @param {OpenLink} link */
  keep: (link) => {
    ofTab.keep(link);
    ofBrowser.keep(link);
  },
  forget: () => {
    // Another tab may have opened Link since.
    if (ofBrowser.read()?.link_id === ofTab.read()?.link_id) ofBrowser.forget();
    ofTab.forget();
  },
};

const kept = /** @type {ReturnType<typeof slot<Entry[]>>} */ (slot(window.sessionStorage, 'exchanges'));

const all = () => kept.read() ?? [];

/**
 * Public tokens that are not done with: not exchanged yet, or waiting for the user to
 * choose an account. Without them a linked bank could not be finished.
 */
export const exchanges = {
  all,
  /** @param {Entry} entry */
  keep: (entry) => kept.keep([...all().filter((other) => other.public_token !== entry.public_token), entry]),
  /** @param {string} publicToken */
  forget: (publicToken) => kept.keep(all().filter((entry) => entry.public_token !== publicToken)),
  /** @param {string} itemId */
  ofItem: (itemId) => all().find((entry) => entry.item_id === itemId) ?? null,
};

export const clear = () => {
  openLink.forget();
  user.forget();
  kept.forget();
};
