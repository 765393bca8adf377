// The page: who is signed in, their Items, and one session of Link at a time.

import { clearActivity, recordEvent } from './activity.js';
import { apiOf, readConfig, signIn } from './api.js';
import { ask } from './ask.js';
import { makeCollection } from './collection.js';
import { byId } from './dom.js';
import { exchange, isWorthKeeping, toExchange } from './exchange.js';
import { focusItem, showFailure, showItems, showLoading, showWorking } from './items.js';
import { destroyLink, loadPlaid, runLink } from './link.js';
import { startLooking } from './live.js';
import { announce, clearNotice, notify } from './notices.js';
import * as session from './session.js';
import { bankName, exitNotice, itemStatus, problemNotice } from './words.js';

const OAUTH_RETURN = '/oauth-return.html';

const state = { config: null, api: null, items: null, cursor: null, loaded: false, linking: false, endLooking: null };

// Problems

const failed = (problem, title, again = null) => {
  if (problem.status === 401) {
    signOut();
    notify({ kind: 'info', title: 'You were signed out', text: problem.detail });
    return;
  }
  notify(problemNotice(problem, title), again);
};

const scriptFailed = () =>
  notify(
    {
      kind: 'error',
      title: 'The bank window could not be opened',
      text: 'Its script did not load. Check your connection, and whether something blocks content from Plaid.',
      small: [state.config.plaid_script],
    },
    { text: 'Try again', act: () => linkBank() },
  );

// Items

const loadItems = async (cursor = null) => {
  if (!cursor) {
    state.loaded = false;
    showLoading();
  }
  byId('more').disabled = true;
  try {
    const page = await state.api.items(cursor);
    state.loaded = true;
    state.cursor = page.next_cursor || null;
    state.items.show(page.items, !cursor);
    byId('more').hidden = !state.cursor;
  } catch (problem) {
    if (!cursor) showFailure(() => loadItems());
    failed(problem, 'Your banks could not be loaded', cursor && { text: 'Try again', act: () => loadItems(cursor) });
  } finally {
    byId('more').disabled = false;
  }
};

// What changed by itself. A look that fails is not worth a word: the next one is soon.
const look = async () => {
  const { api, items, loaded, linking } = state;
  if (!loaded || linking) return;
  const since = items.version();
  try {
    const page = await api.items(null);
    if (state.items !== items) return;
    const [news] = items.sync(page.items, !page.next_cursor, since);
    if (news) announce(`${bankName(news.institution) || 'Your account'}: ${itemStatus(news)[0]}.`);
  } catch (problem) {
    if (problem.status === 401 && state.items === items) failed(problem);
  }
};

// Plaid is asked for what is so now.
const refresh = async (itemId) => {
  const items = state.items;
  const item = await state.api.refreshItem(itemId);
  items.put(item);
  return item;
};

const check = async (item) => {
  showWorking(item.item_id, true);
  try {
    const now = await refresh(item.item_id);
    announce(now.action === item.action ? 'Nothing new yet.' : 'This bank has news.');
  } catch (problem) {
    failed(problem, 'This bank could not be checked');
  } finally {
    showWorking(item.item_id, false);
  }
};

// Linking

const setLinking = (linking, text = 'Link a bank') => {
  state.linking = linking;
  const button = byId('link-bank');
  button.setAttribute('aria-disabled', String(linking));
  button.classList.toggle('working', linking);
  button.textContent = text;
};

const finishExchange = async (entry) => {
  session.exchanges.keep(entry);
  if (state.linking) setLinking(true, 'Connecting…');
  announce('Connecting your bank.');
  try {
    const item = await exchange(state.api, entry, () => announce('Still connecting your bank.'));
    if (item.action === 'select_account') session.exchanges.keep({ ...entry, item_id: item.item_id });
    else session.exchanges.forget(entry.public_token);
    state.items.put(item);
    linked(item);
  } catch (problem) {
    if (problem.itemId) {
      // The Item is linked all the same, and waits for another account.
      session.exchanges.keep({ ...entry, account_id: undefined, item_id: problem.itemId });
      await state.items.refresh(problem.itemId).catch(() => {});
      state.items.redraw();
    } else if (!isWorthKeeping(problem)) {
      session.exchanges.forget(entry.public_token);
    }
    const again = isWorthKeeping(problem) && !problem.itemId;
    failed(problem, 'Your bank could not be connected', again && { text: 'Try again', act: () => finishExchange(entry) });
  }
};

const linked = (item) => {
  const bank = bankName(item.institution) || 'Your account';
  if (item.action === 'none') notify({ kind: 'good', title: `${bank} is connected`, text: 'You can pay from it now.' });
  else clearNotice();
  focusItem(item.item_id);
};

const succeeded = async (outcome, link) => {
  if (link.purpose.item_id) {
    // Update mode: the Item keeps its tokens, and there is nothing to exchange.
    notify({ kind: 'good', title: 'Thank you', text: 'Your bank has confirmed it. This page follows in a moment.' });
    await refresh(link.purpose.item_id).catch((problem) => failed(problem, 'This bank could not be checked'));
    return;
  }
  if (!outcome.publicToken) {
    await loadItems();
    return;
  }
  await finishExchange(toExchange(outcome));
};

const left = async ({ error, metadata }, link, api) => {
  api.reportExit(link.link_id, { error, metadata }).catch(() => {
    // A report is for support only. Nobody should read about it here.
  });
  const updated = link.purpose.item_id;
  notify(exitNotice(error, metadata, Boolean(updated)));
  if (updated) focusItem(updated);
  else byId('link-bank').focus();
};

// What Link is opened for: a new Item, or one of the user's to mend or to change.
const NEW_ITEM = {};
const mend = (item) => ({ item_id: item.item_id });
const changeAccounts = (item) => ({ item_id: item.item_id, account_selection_enabled: true });

// A token that Link does not take any more is replaced, once.
const newLink = async (purpose) => {
  const wish = {
    ...purpose,
    // Plaid only takes addresses that its Dashboard lists, and opens the bank in a
    // window of its own where there is none.
    ...(state.config.environment === 'simulator' ? { redirect_uri: window.location.origin + OAUTH_RETURN } : {}),
  };
  const { link_id, link_token } = await state.api.createLinkToken(wish);
  return { link_id, link_token, purpose };
};

const runSession = async (plaid, first, receivedRedirectUri) => {
  const api = state.api;
  let link = first;
  let uri = receivedRedirectUri;
  for (let fresh = false; ; fresh = true) {
    session.openLink.keep(link);
    clearActivity();
    const outcome = await runLink(plaid, { token: link.link_token, receivedRedirectUri: uri, onEvent: recordEvent });
    session.openLink.forget();
    if (outcome.name === 'success') return succeeded(outcome, link);
    const expired = outcome.error && outcome.error.error_code === 'INVALID_LINK_TOKEN';
    if (!expired || fresh) return left(outcome, link, api);
    api.reportExit(link.link_id, { error: outcome.error, metadata: outcome.metadata }).catch(() => {});
    link = await newLink(link.purpose);
    uri = null;
  }
};

const openLink = async (link, receivedRedirectUri = null) => {
  let plaid;
  try {
    plaid = await loadPlaid(state.config.plaid_script);
  } catch {
    scriptFailed();
    return;
  }
  await runSession(plaid, await link(), receivedRedirectUri);
};

const guarded = async (link, receivedRedirectUri = null) => {
  if (state.linking) return;
  setLinking(true, 'Opening…');
  clearNotice();
  try {
    await openLink(link, receivedRedirectUri);
  } catch (problem) {
    failed(problem, 'The bank window could not be opened');
  } finally {
    setLinking(false);
  }
};

const linkBank = (purpose = NEW_ITEM) => guarded(() => newLink(purpose));

// Back from the bank's own site: Link goes on where it was.
const resumeLink = async (returned) => {
  const link = session.openLink.read();
  if (!link) {
    notify({ kind: 'info', title: 'This is not the window you started in', text: 'Go back to it, or link your bank again here.' });
    return;
  }
  await guarded(() => link, returned);
};

// In the window that linked the bank, the exchange goes on. In any other the Item is all
// there is.
const select = async (item, accountId) => {
  const entry = session.exchanges.ofItem(item.item_id);
  showWorking(item.item_id, true);
  clearNotice();
  if (entry) await finishExchange({ ...entry, account_id: accountId });
  else await choose(item.item_id, accountId);
  showWorking(item.item_id, false);
};

const choose = async (itemId, accountId) => {
  try {
    const item = await state.api.chooseAccount(itemId, accountId);
    state.items.put(item);
    linked(item);
  } catch (problem) {
    failed(problem, 'This account could not be used');
  }
};

const remove = async (item) => {
  const bank = bankName(item.institution) || 'This bank';
  const question = {
    title: `Remove ${bankName(item.institution) || 'this bank'}?`,
    text: 'Payments from its accounts will not work any more. You can link it again whenever you like.',
    yes: 'Remove',
    no: 'Keep',
  };
  if (!(await ask(question))) return;
  showWorking(item.item_id, true);
  clearNotice();
  try {
    const left = await state.api.removeItem(item.item_id);
    const entry = session.exchanges.ofItem(item.item_id);
    if (entry) session.exchanges.forget(entry.public_token);
    if (left) state.items.put(left);
    else state.items.drop(item.item_id);
    const title = left ? `${bank} is being removed` : `${bank} is removed`;
    notify({ kind: 'good', title, text: left ? 'Plaid could not be reached; we try again until it is.' : null });
    byId('banks-title').focus();
  } catch (problem) {
    showWorking(item.item_id, false);
    failed(problem, 'This bank could not be removed');
  }
};

const act = {
  select,
  check,
  update: (item) => linkBank(mend(item)),
  changeAccounts: (item) => linkBank(changeAccounts(item)),
  linkAgain: () => linkBank(),
  remove,
};

// Signing in and out

const showUser = (user) => {
  byId('welcome').hidden = Boolean(user);
  byId('banks').hidden = !user;
  byId('account').hidden = !user;
  byId('who').textContent = user ? user.userId : '';
};

const enter = (user) => {
  state.api = apiOf(user.token);
  state.items = makeCollection(state.api.item, (items) => showItems(items, act));
  showUser(user);
  state.endLooking = startLooking(look);
  // So that the first click does not wait for it. A failure is told at that click.
  loadPlaid(state.config.plaid_script).catch(() => {});
};

const signOut = () => {
  if (state.items) state.items.end();
  if (state.endLooking) state.endLooking();
  destroyLink();
  session.clear();
  clearActivity();
  clearNotice();
  Object.assign(state, { api: null, items: null, cursor: null, loaded: false, endLooking: null });
  byId('more').hidden = true;
  showUser(null);
  byId('user-id').focus();
};

const submitSignIn = async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  const userId = new FormData(form).get('user_id').trim();
  const button = form.querySelector('button');
  button.disabled = true;
  try {
    const user = { userId, token: await signIn(userId) };
    clearNotice();
    session.user.keep(user);
    enter(user);
    byId('banks-title').focus();
    await loadItems();
  } catch (problem) {
    failed(problem, 'You could not be signed in');
  } finally {
    button.disabled = false;
  }
};

const ENVIRONMENTS = {
  simulator: ['Simulator', 'Linked against a simulator on this computer. No real bank is involved.'],
  sandbox: ['Sandbox', 'Linked against Plaid’s Sandbox. No real bank is involved.'],
};

const showEnvironment = () => {
  const [tag, text] = ENVIRONMENTS[state.config.environment] || [null, ''];
  byId('environment').hidden = !tag;
  byId('environment').textContent = tag || '';
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
  const returned = takeReturn();
  byId('sign-in').addEventListener('submit', submitSignIn);
  byId('sign-out').addEventListener('click', signOut);
  byId('link-bank').addEventListener('click', () => linkBank());
  byId('more').addEventListener('click', () => loadItems(state.cursor));
  try {
    state.config = await readConfig();
  } catch (problem) {
    notify(problemNotice(problem, 'This page could not start'), { text: 'Try again', act: () => window.location.reload() });
    return;
  }
  showEnvironment();
  const user = session.user.read();
  if (!user) {
    showUser(null);
    return;
  }
  enter(user);
  await loadItems();
  if (returned) await resumeLink(returned);
  // What an earlier page could not finish, as after a reload in the wrong moment.
  for (const entry of session.exchanges.all().filter(({ item_id }) => !item_id)) await finishExchange(entry);
};

start();
