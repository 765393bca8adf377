// What the buttons of a bank's card do.

import { Problem } from './api.js';
import { ask } from './ask.js';
import { byId } from './dom.js';
import { finishExchange, linked } from './finishing.js';
import { changeAccounts, linkBank, mend } from './linking.js';
import { atWork, check } from './list.js';
import { notify } from './notices.js';
import { failed, here, tryAgain } from './page.js';
import * as session from './session.js';
import { bankName } from './words.js';

/** @typedef {import('./api.js').Item} Item */

/**
 * @param {string} itemId
 * @param {string} accountId
 */
const choose = async (itemId, accountId) => {
  const { api, items } = here();
  try {
    const item = await api.chooseAccount(itemId, accountId);
    items.put(item);
    linked(item);
  } catch (problem) {
    const relink = problem instanceof Problem && problem.code === 'update_mode_required';
    const again = relink
      ? { text: 'Log in again', act: () => linkBank(byId('link-bank'), { item_id: itemId }) }
      : tryAgain(problem, () => choose(itemId, accountId));
    failed(problem, 'This account could not be used', again);
  }
};

/**
 * In the window that linked the bank, the exchange goes on. In any other the Item is all
 * there is.
 * @param {Item} item
 * @param {string} accountId
 * @param {HTMLElement} button
 */
const select = (item, accountId, button) => {
  const work = async () => {
    const entry = session.exchanges.ofItem(item.item_id);
    if (entry) await finishExchange({ ...entry, account_id: accountId });
    else await choose(item.item_id, accountId);
  };
  return atWork(item.item_id, work, { button, said: 'One moment…' });
};

const OBJECTIONS = ['astra_keeps_account', 'astra_not_connected'];

/**
 * @param {unknown} problem
 * @param {Item} item
 * @param {HTMLElement} button
 */
const removeAgain = (problem, item, button) =>
  problem instanceof Problem && OBJECTIONS.includes(problem.code)
    ? { text: 'Remove all the same', act: () => removeNow(item, button, true) }
    : tryAgain(problem, () => removeNow(item, button));

/**
 * @param {Item} item
 * @param {HTMLElement} button
 * @param {boolean} [force] whatever Astra says
 */
const removeNow = (item, button, force = false) => {
  const work = async () => {
    const { api, items } = here();
    const bank = bankName(item.institution) || 'This bank';
    try {
      const remains = await api.removeItem(item.item_id, force);
      const entry = session.exchanges.ofItem(item.item_id);
      if (entry) session.exchanges.forget(entry.public_token);
      if (remains) items.put(remains);
      else items.drop(item.item_id);
      notify({
        kind: 'good',
        title: remains ? `${bank} is being removed` : `${bank} is removed`,
        text: remains ? 'Plaid could not be reached; we try again until it is.' : null,
      });
      byId('banks-title').focus();
    } catch (problem) {
      failed(problem, 'This bank could not be removed', removeAgain(problem, item, button));
    }
  };
  return atWork(item.item_id, work, { button, said: 'Removing…' });
};

/**
 * @param {Item} item
 * @param {HTMLElement} button
 */
const remove = async (item, button) => {
  const question = {
    title: `Remove ${bankName(item.institution) || 'this bank'}?`,
    text: 'Payments from its accounts will not work any more. You can link it again whenever you like.',
    yes: 'Remove',
    no: 'Keep',
  };
  if (await ask(question)) await removeNow(item, button);
};

/** @type {import('./items.js').Acts} */
export const acts = {
  select,
  check,
  update: (item, opener) => linkBank(opener, mend(item)),
  changeAccounts: (item, opener) => linkBank(opener, changeAccounts(item)),
  linkAgain: (_, opener) => linkBank(opener),
  remove,
};
