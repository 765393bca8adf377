// The page: who is signed in, their Items, and one session of Link at a time.

import { clearActivity, recordEvent } from './activity.js';
import { Problem, apiOf, readConfig, signIn } from './api.js';
import { ask } from './ask.js';
import { makeCollection } from './collection.js';
import { byId, isBusy, setBusy, setWorking } from './dom.js';
import { exchange, isDuplicate, isWorthKeeping, toExchange } from './exchange.js';
import { focusItem, showFailure, showItems, showLoading, showWorking } from './items.js';
import { destroyLink, loadPlaid, runLink } from './link.js';
import { startLooking } from './live.js';
import { announce, clearNotice, notify } from './notices.js';
import * as session from './session.js';
import {
  OUT_OF_DATE, bankName, duplicateNotice, exitNotice, faultNotice, itemStatus, linkedNotice, overview,
  problemNotice, updatedNotice,
} from './words.js';

/** @typedef {import('./api.js').Item} Item */
/** @typedef {import('./exchange.js').Entry} Entry */
/** @typedef {import('./notices.js').Again} Again */
/** @typedef {import('./session.js').OpenLink} OpenLink */
/** @typedef {import('./session.js').Purpose} Purpose */
/** @typedef {import('./session.js').User} User */

const OAUTH_RETURN = '/oauth-return.html';

/**
 * What the page has while somebody is signed in.
 * @typedef {{user: User, api: import('./api.js').Api, items: import('./collection.js').Collection,
 *   endLooking: () => void}} Here
 */
/**
 * @type {{config: import('./api.js').Config | null, here: Here | null, cursor: string | null,
 *   loaded: boolean, linking: boolean, missed: number, returned: string | null}}
 */
const state = { config: null, here: null, cursor: null, loaded: false, linking: false, missed: 0, returned: null };

const here = () => {
  if (!state.here) throw new Error('nobody is signed in');
  return state.here;
};

const config = () => {
  if (!state.config) throw new Error('the page has not started');
  return state.config;
};

// Problems

/**
 * @param {unknown} problem
 * @param {string} title
 * @param {Again | null} [again]
 */
const failed = (problem, title, again = null) => {
  if (!(problem instanceof Problem)) {
    notify(faultNotice(problem, title), again);
    throw problem;
  }
  if (problem.status === 401) {
    signOut();
    notify({ kind: 'info', title: 'You were signed out', text: problem.detail });
    return;
  }
  notify(problemNotice(problem, title), again);
};

/**
 * A button for what may work the next time.
 * @param {unknown} problem
 * @param {() => void} act
 * @returns {Again | null}
 */
const tryAgain = (problem, act) => {
  if (!(problem instanceof Problem)) return null;
  const passes = problem.status === 0 || problem.status === 429 || problem.status >= 500;
  return passes ? { text: 'Try again', act } : null;
};

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

// Items

// One look that fails is not worth a word, for the next one is soon. Two are.
const isOutOfDate = () => state.missed > 1;

/** @param {Item[]} items */
const draw = (items) => {
  showItems(items, act);
  const lead = byId('banks-lead');
  lead.textContent = isOutOfDate() ? OUT_OF_DATE : overview(items);
  lead.classList.toggle('out-of-date', isOutOfDate());
};

/** @param {string | null} [cursor] */
const loadItems = async (cursor = null) => {
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
const look = async () => {
  const now = state.here;
  if (!now || !state.loaded || state.linking) return;
  const since = now.items.version();
  try {
    const page = await now.api.items(null);
    if (state.here !== now) return;
    looked(false);
    const [news] = now.items.sync(page.items, !page.next_cursor, since);
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
const refresh = async (itemId) => {
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
const atWork = async (itemId, work, begun = null) => {
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
const check = (item, button) => {
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

// From a public token to an Item

/** @param {Item} item */
const linked = (item) => {
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
const finishExchange = async (entry) => {
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

// Sessions of Link: for a new Item, or for one of the user's to mend or to change

/** @type {Purpose} */
const NEW_ITEM = {};
/** @param {Item} item */
const mend = (item) => ({ item_id: item.item_id });
/** @param {Item} item */
const changeAccounts = (item) => ({ item_id: item.item_id, account_selection_enabled: true });

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
const linkBank = (opener, purpose = NEW_ITEM) => openLink(opener, () => newLink(purpose));

/**
 * Back from the bank's own site: Link goes on where it was.
 * @param {string} returned
 */
const resumeLink = async (returned) => {
  const link = session.openLink.read(here().user.userId);
  if (link) {
    await openLink(byId('link-bank'), () => link, returned);
    return;
  }
  const text = 'Go back to the window you started in, or link your bank again here.';
  notify({ kind: 'info', title: 'This is not where you started', text });
};

// What the cards' buttons do

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

/**
 * @param {Item} item
 * @param {HTMLElement} button
 */
const removeNow = (item, button) => {
  const work = async () => {
    const { api, items } = here();
    const bank = bankName(item.institution) || 'This bank';
    try {
      const remains = await api.removeItem(item.item_id);
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
      failed(problem, 'This bank could not be removed', tryAgain(problem, () => removeNow(item, button)));
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
const act = {
  select,
  check,
  update: (item, opener) => linkBank(opener, mend(item)),
  changeAccounts: (item, opener) => linkBank(opener, changeAccounts(item)),
  linkAgain: (_, opener) => linkBank(opener),
  remove,
};

// Signing in and out

/** @param {User | null} user */
const showUser = (user) => {
  byId('welcome').hidden = Boolean(user);
  byId('banks').hidden = !user;
  byId('account').hidden = !user;
  byId('who').textContent = user ? user.userId : '';
};

/** @param {User} user */
const enter = (user) => {
  const api = apiOf(user.token);
  state.here = { user, api, items: makeCollection(api.item, draw), endLooking: startLooking(look) };
  showUser(user);
  // So that the first click does not wait for it. A failure is told at that click.
  loadPlaid(config().plaid_script).catch(() => {});
};

const signOut = () => {
  state.here?.items.end();
  state.here?.endLooking();
  destroyLink();
  session.clear();
  clearActivity();
  clearNotice();
  Object.assign(state, { here: null, cursor: null, loaded: false, missed: 0, returned: null });
  byId('more').hidden = true;
  showUser(null);
  byId('user-id').focus();
};

// What an earlier page began: a bank's own site to come back from, and what a reload in
// the wrong moment cut off.
const goOn = async () => {
  const { returned } = state;
  // The list may have found that the session has ended.
  if (!state.here) return;
  state.returned = null;
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

// A reload must not send the bank's return a second time, so it leaves the address.
const takeReturn = () => {
  const { pathname, search, href } = window.location;
  if (pathname !== OAUTH_RETURN) return null;
  window.history.replaceState(null, '', '/');
  return new URLSearchParams(search).has('oauth_state_id') ? href : null;
};

const start = async () => {
  state.returned = takeReturn();
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
    if (state.returned) notify({ kind: 'info', title: 'You are back from your bank', text: 'Sign in again to go on.' });
    return;
  }
  enter(user);
  await loadItems();
  await goOn();
};

start();
