// One session of Link at a time: for a new Item, or for one of the user's to mend or to change.

import { clearActivity, recordEvent } from './activity.js';
import { byId, setBusy, setWorking } from './dom.js';
import { toExchange } from './exchange.js';
import { finishExchange } from './finishing.js';
import { focusItem } from './items.js';
import { loadPlaid, runLink } from './link.js';
import { atWork, loadItems, refresh } from './list.js';
import { clearNotice, notify } from './notices.js';
import { config, failed, here, state, tryAgain } from './page.js';
import * as session from './session.js';
import { exitNotice, updatedNotice } from './words.js';

/** @typedef {import('./api.js').Item} Item */
/** @typedef {import('./notices.js').Again} Again */
/** @typedef {import('./session.js').OpenLink} OpenLink */
/** @typedef {import('./session.js').Purpose} Purpose */

export const OAUTH_RETURN = '/oauth-return.html';

/** @param {Again} again */
const scriptFailed = (again) => {
  const { plaid_script: script } = config();
  notify(
    {
      kind: 'error',
      title: 'The bank window could not be opened',
      text: 'Its script did not load. Check your connection, and whether something blocks content from Plaid.',
      small: [script],
      support: [['Script', script]],
    },
    again,
  );
};

/** @type {Purpose} */
const NEW_ITEM = {};
/** @param {Item} item */
export const mend = (item) => ({ item_id: item.item_id });
/** @param {Item} item */
export const changeAccounts = (item) => ({ item_id: item.item_id, account_selection_enabled: true });

/**
 * @param {Purpose} purpose
 * @returns {Promise<OpenLink>}
 */
const newLink = async (purpose) => {
  const { api, user } = here();
  const wish = {
    ...purpose,
    // Plaid only takes addresses that its Dashboard lists, and opens the bank in a
    // window of its own where there is none.
    ...(config().environment === 'simulator' ? { redirect_uri: window.location.origin + OAUTH_RETURN } : {}),
  };
  const { link_id, link_token } = await api.createLinkToken(wish);
  return { link_id, link_token, purpose, user_id: user.userId };
};

/**
 * Update mode: the Item keeps its tokens, and there is nothing to exchange.
 * @param {string} itemId
 */
const updated = (itemId) =>
  atWork(itemId, async () => {
    focusItem(itemId);
    try {
      notify(updatedNotice(await refresh(itemId)));
    } catch (problem) {
      failed(problem, 'This bank could not be checked', tryAgain(problem, () => updated(itemId)));
    }
  });

/**
 * @param {Extract<import('./link.js').Outcome, {name: 'success'}>} outcome
 * @param {OpenLink} link
 */
const succeeded = async ({ publicToken, metadata }, link) => {
  if (link.purpose.item_id) await updated(link.purpose.item_id);
  else if (publicToken) await finishExchange(toExchange(publicToken, metadata));
  else await loadItems();
};

/**
 * @param {OpenLink} link
 * @param {Extract<import('./link.js').Outcome, {name: 'exit'}>} outcome
 */
const report = (link, { error, metadata }) => {
  // A report is for support only. Nobody should read about it here.
  here().api.reportExit(link.link_id, { error, metadata }).catch(() => {});
};

/**
 * @param {Extract<import('./link.js').Outcome, {name: 'exit'}>} outcome
 * @param {OpenLink} link
 * @param {HTMLElement} opener
 */
const left = (outcome, link, opener) => {
  report(link, outcome);
  const itemId = link.purpose.item_id;
  notify(exitNotice(outcome.error, outcome.metadata, Boolean(itemId)));
  if (opener.isConnected) opener.focus();
  else focusItem(itemId ?? '');
};

/**
 * A token that Link does not take any more is replaced, once.
 * @param {import('./link.js').Plaid} plaid
 * @param {OpenLink} first
 * @param {string | null} returned
 * @param {HTMLElement} opener
 */
const runSession = async (plaid, first, returned, opener) => {
  let link = first;
  let receivedRedirectUri = returned;
  for (let fresh = false; ; fresh = true) {
    session.openLink.keep(link);
    clearActivity();
    // Not before: nothing moves under the hand that has just clicked.
    clearNotice();
    const outcome = await runLink(plaid, { token: link.link_token, receivedRedirectUri, onEvent: recordEvent });
    session.openLink.forget();
    // Whoever signed out meanwhile wants nothing of it.
    if (!state.here) return;
    if (outcome.name === 'success') {
      await succeeded(outcome, link);
      return;
    }
    if (outcome.error?.error_code !== 'INVALID_LINK_TOKEN' || fresh) {
      left(outcome, link, opener);
      return;
    }
    report(link, outcome);
    link = await newLink(link.purpose);
    receivedRedirectUri = null;
  }
};

/**
 * One session at a time, opened by this button, which is at work as long.
 * @param {HTMLElement} opener
 * @param {() => OpenLink | Promise<OpenLink>} link
 * @param {string | null} [returned]
 */
const openLink = async (opener, link, returned = null) => {
  if (state.linking) return;
  state.linking = true;
  setBusy(byId('link-bank'), true);
  setWorking(opener, 'Opening…');
  try {
    const plaid = await loadPlaid(config().plaid_script).catch(() => null);
    if (plaid) await runSession(plaid, await link(), returned, opener);
    else scriptFailed({ text: 'Try again', act: () => openLink(opener, link, returned) });
  } catch (problem) {
    failed(problem, 'The bank window could not be opened', tryAgain(problem, () => openLink(opener, link)));
  } finally {
    state.linking = false;
    setWorking(opener);
    setBusy(byId('link-bank'), false);
  }
};

/**
 * @param {HTMLElement} opener
 * @param {Purpose} [purpose]
 */
export const linkBank = (opener, purpose = NEW_ITEM) => openLink(opener, () => newLink(purpose));

/**
 * Back from the bank's own site: Link goes on where it was.
 * @param {string} returned
 */
export const resumeLink = async (returned) => {
  const link = session.openLink.read(here().user.userId);
  if (link) {
    await openLink(byId('link-bank'), () => link, returned);
    return;
  }
  const text = 'Go back to the window you started in, or link your bank again here.';
  notify({ kind: 'info', title: 'This is not where you started', text });
};
