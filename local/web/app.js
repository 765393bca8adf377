// The page: starting, and signing in.

import { acts } from './acts.js';
import { apiOf, readConfig, signIn } from './api.js';
import { ASTRA_RETURN, finishAstra, loadAstra, readReturn } from './astra.js';
import { makeCollection } from './collection.js';
import { byId, isBusy, setWorking } from './dom.js';
import { finishExchange } from './finishing.js';
import { loadPlaid } from './link.js';
import { OAUTH_RETURN, linkBank, resumeLink } from './linking.js';
import { draw, loadItems, look } from './list.js';
import { startLooking } from './live.js';
import { clearNotice, notify } from './notices.js';
import { config, failed, showUser, signOut, state } from './page.js';
import * as session from './session.js';

/** @typedef {import('./session.js').User} User */

/** @param {User} user */
const enter = (user) => {
  const api = apiOf(user.token);
  const items = makeCollection(api.item, (found) => draw(found, acts));
  state.here = { user, api, items, endLooking: startLooking(look) };
  showUser(user);
  // So that the first click does not wait for it. A failure is told at that click.
  loadPlaid(config().plaid_script).catch(() => {});
};

// What an earlier page began: a bank's own site or Astra's to come back from, and what a
// reload in the wrong moment cut off.
const goOn = async () => {
  const { returned, astraReturned } = state;
  // The list may have found that the session has ended.
  if (!state.here) return;
  Object.assign(state, { returned: null, astraReturned: null });
  await loadAstra();
  if (astraReturned && state.here) await finishAstra(astraReturned);
  if (returned) await resumeLink(returned);
  for (const entry of session.exchanges.all().filter(({ item_id }) => !item_id)) await finishExchange(entry);
};

/** @param {string} userId */
const signInAs = async (userId) => {
  const user = { userId, token: await signIn(userId) };
  clearNotice();
  session.user.keep(user);
  enter(user);
  byId('banks-title').focus();
};

/** @param {SubmitEvent} event */
const submitSignIn = async (event) => {
  event.preventDefault();
  const button = byId('continue');
  if (isBusy(button)) return;
  const userId = String(new FormData(/** @type {HTMLFormElement} */ (byId('sign-in'))).get('user_id')).trim();
  setWorking(button, 'Signing in…');
  try {
    await signInAs(userId);
  } catch (problem) {
    failed(problem, 'You could not be signed in');
    return;
  } finally {
    setWorking(button);
  }
  await loadItems();
  await goOn();
};

/** @type {Record<string, [string, string]>} */
const ENVIRONMENTS = {
  simulator: ['Simulator', 'Linked against a simulator on this computer. No real bank is involved.'],
  sandbox: ['Sandbox', 'Linked against Plaid’s Sandbox. No real bank is involved.'],
};

const showEnvironment = () => {
  const [tag, text] = ENVIRONMENTS[config().environment] ?? [null, ''];
  byId('environment').hidden = !tag;
  byId('environment').textContent = tag;
  byId('fine-print').textContent = text;
};

// A reload must not send a return a second time, so it leaves the address.
const takeReturn = () => {
  const { pathname, search, href } = window.location;
  if (![OAUTH_RETURN, ASTRA_RETURN].includes(pathname)) return;
  window.history.replaceState(null, '', '/');
  const query = new URLSearchParams(search);
  if (pathname === ASTRA_RETURN) state.astraReturned = readReturn(query);
  else if (query.has('oauth_state_id')) state.returned = href;
};

const start = async () => {
  takeReturn();
  byId('sign-in').addEventListener('submit', submitSignIn);
  byId('sign-out').addEventListener('click', signOut);
  byId('link-bank').addEventListener('click', () => {
    if (!isBusy(byId('link-bank'))) linkBank(byId('link-bank'));
  });
  byId('more').addEventListener('click', () => {
    if (!isBusy(byId('more'))) loadItems(state.cursor);
  });
  try {
    state.config = await readConfig();
  } catch (problem) {
    failed(problem, 'This page could not start', { text: 'Try again', act: () => window.location.reload() });
    return;
  }
  showEnvironment();
  const user = session.user.read();
  if (!user) {
    showUser(null);
    const from = (state.returned && 'your bank') || (state.astraReturned && 'Astra');
    if (from) notify({ kind: 'info', title: `You are back from ${from}`, text: 'Sign in again to go on.' });
    return;
  }
  enter(user);
  await loadItems();
  await goOn();
};

start();
