// From a public token to an Item, whatever comes in between.

import { Problem } from './api.js';
import { byId, setWorking } from './dom.js';
import { exchange, isDuplicate, isWorthKeeping } from './exchange.js';
import { focusItem } from './items.js';
import { announce, clearNotice, notify } from './notices.js';
import { failed, here, state } from './page.js';
import * as session from './session.js';
import { duplicateNotice, linkedNotice } from './words.js';

/** @typedef {import('./api.js').Item} Item */
/** @typedef {import('./exchange.js').Entry} Entry */

/** @param {Item} item */
export const linked = (item) => {
  const notice = linkedNotice(item);
  if (notice) notify(notice);
  else clearNotice();
  focusItem(item.item_id);
};

/** @param {string} itemId */
const duplicate = async (itemId) => {
  const item = await here().items.refresh(itemId).catch(() => null);
  notify(duplicateNotice(item));
  focusItem(itemId);
};

/**
 * @param {Entry} entry
 * @param {Problem} problem
 */
const exchangeFailed = async (entry, problem) => {
  const { items } = here();
  const title = 'Your bank could not be connected';
  if (isDuplicate(problem) && problem.itemId) {
    session.exchanges.forget(entry.public_token);
    await duplicate(problem.itemId);
  } else if (problem.itemId) {
    // The Item is linked all the same, and waits for another account.
    session.exchanges.keep({ ...entry, account_id: undefined, item_id: problem.itemId });
    await items.refresh(problem.itemId).catch(() => {});
    failed(problem, title);
  } else if (isWorthKeeping(problem)) {
    failed(problem, title, { text: 'Try again', act: () => finishExchange(entry) });
  } else {
    session.exchanges.forget(entry.public_token);
    failed(problem, title);
  }
};

/** @param {Entry} entry */
export const finishExchange = async (entry) => {
  const { api, items } = here();
  session.exchanges.keep(entry);
  if (state.linking) setWorking(byId('link-bank'), 'Connecting…');
  announce('Connecting your bank.');
  try {
    const item = await exchange(api, entry, () => announce('Still connecting your bank.'));
    if (item.action === 'select_account') session.exchanges.keep({ ...entry, item_id: item.item_id });
    else session.exchanges.forget(entry.public_token);
    items.put(item);
    linked(item);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    await exchangeFailed(entry, problem);
  }
};
