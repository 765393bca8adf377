// The user's Items: loaded, looked after, asked about.

import { Problem } from './api.js';
import { lookAtAstra } from './astra.js';
import { byId, setBusy, setWorking } from './dom.js';
import { showFailure, showItems, showLoading, showWorking } from './items.js';
import { announce, clearNotice } from './notices.js';
import { failed, here, state, tryAgain } from './page.js';
import { OUT_OF_DATE, bankName, itemStatus, overview } from './words.js';

/** @typedef {import('./api.js').Item} Item */

// One look that fails is not worth a word, for the next one is soon. Two are.
const isOutOfDate = () => state.missed > 1;

/**
 * @param {Item[]} items
 * @param {import('./items.js').Acts} acts what the cards' buttons do
 */
export const draw = (items, acts) => {
  showItems(items, acts, state.astra);
  const lead = byId('banks-lead');
  lead.textContent = isOutOfDate() ? OUT_OF_DATE : overview(items);
  lead.classList.toggle('out-of-date', isOutOfDate());
};

/** @param {string | null} [cursor] */
export const loadItems = async (cursor = null) => {
  const { api, items } = here();
  if (!cursor) {
    state.loaded = false;
    showLoading();
  }
  setBusy(byId('more'), true);
  try {
    const page = await api.items(cursor);
    state.loaded = true;
    state.cursor = page.next_cursor || null;
    items.show(page.items, !cursor);
    byId('more').hidden = !state.cursor;
  } catch (problem) {
    if (!cursor) showFailure(() => loadItems());
    failed(problem, 'Your banks could not be loaded', cursor ? tryAgain(problem, () => loadItems(cursor)) : null);
  } finally {
    setBusy(byId('more'), false);
  }
};

/** @param {boolean} failedNow */
const looked = (failedNow) => {
  const before = isOutOfDate();
  state.missed = failedNow ? state.missed + 1 : 0;
  if (before === isOutOfDate()) return;
  here().items.redraw();
  announce(isOutOfDate() ? OUT_OF_DATE : 'The connection is back.');
};

// What changed by itself.
export const look = async () => {
  const now = state.here;
  if (!now || !state.loaded || state.linking) return;
  const since = now.items.version();
  try {
    const page = await now.api.items(null);
    if (state.here !== now) return;
    looked(false);
    const [news] = now.items.sync(page.items, !page.next_cursor, since);
    await lookAtAstra();
    if (news) announce(`${bankName(news.institution) || 'Your account'}: ${itemStatus(news)[0]}.`);
  } catch (problem) {
    if (state.here !== now) return;
    if (problem instanceof Problem && problem.status === 401) failed(problem, '');
    else looked(true);
  }
};

/**
 * Plaid is asked for what is so now.
 * @param {string} itemId
 */
export const refresh = async (itemId) => {
  const { api, items } = here();
  const item = await api.refreshItem(itemId);
  items.put(item);
  return item;
};

/**
 * The card cannot be used while this goes on; the button that began it says so.
 * @param {string} itemId
 * @param {() => Promise<void>} work
 * @param {{button: HTMLElement, said: string} | null} [begun]
 */
export const atWork = async (itemId, work, begun = null) => {
  showWorking(itemId, true);
  if (begun) setWorking(begun.button, begun.said);
  try {
    await work();
  } finally {
    if (begun) setWorking(begun.button);
    showWorking(itemId, false);
  }
};

/**
 * @param {Item} item
 * @param {HTMLElement} button
 */
export const check = (item, button) => {
  const work = async () => {
    try {
      const now = await refresh(item.item_id);
      clearNotice();
      announce(now.action === item.action ? 'Nothing new yet.' : 'This bank has news.');
    } catch (problem) {
      failed(problem, 'This bank could not be checked', tryAgain(problem, () => check(item, button)));
    }
  };
  return atWork(item.item_id, work, { button, said: 'Checking…' });
};
