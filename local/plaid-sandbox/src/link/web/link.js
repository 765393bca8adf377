// Link: asks the server what comes next, draws it, and tells the application.

import { host } from './host.js';
import { broken, draw, farewell } from './panes.js';

const byId = (id) => document.getElementById(id);
const [sheet, pane, back, close] = ['sheet', 'pane', 'back', 'close'].map(byId);
const [busy, leave] = ['busy', 'leave'].map(byId);

// Panes on which nothing is lost by leaving.
const FREE = ['consent', 'institutions', 'failed', 'connected'];
// Panes on which a wrong answer is best typed anew.
const CODES = ['code', 'deposit_code'];
// How often Link looks whether the bank's window is still there.
const WATCH = 300;

const state = {
  key: null,
  session: null,
  view: null,
  working: false,
  // Counts how often Link was opened or thrown out of a step: late answers are of no use.
  round: 0,
  leaving: false,
  popUp: null,
  watch: 0,
};

const ask = async (step) => {
  const response = await fetch('/link/v2/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...state.key, link_session_id: state.session, step }),
  });
  // 409: Link has gone on already, as after a double click. The answer says where to.
  if (!response.ok && response.status !== 409) throw new Error(`status ${response.status}`);
  return response.json();
};

const work = (working) => {
  state.working = working;
  sheet.classList.toggle('busy', working);
  sheet.setAttribute('aria-busy', String(working));
  busy.textContent = working ? 'One moment…' : '';
};

const focusFirst = () => {
  const fields = [...pane.querySelectorAll('input:not([type=radio], [type=checkbox])')];
  const first = fields.find((input) => !input.value) || fields[0] || byId('title');
  first.focus({ preventScroll: true });
};

// What was typed and is no secret needs not be typed again.
const typed = () =>
  new Map(
    [...pane.querySelectorAll('input:not([type=radio], [type=checkbox], [type=password])')].map(
      (input) => [input.id, input.value],
    ),
  );

const retype = (values) => {
  for (const [id, value] of values) if (byId(id)) byId(id).value = value;
};

const replace = (nodes, values = new Map()) => {
  pane.replaceChildren(...nodes);
  retype(values);
  pane.scrollTop = 0;
  pane.classList.remove('enter');
  // Reading a size makes the browser see that the class was gone.
  void pane.offsetWidth;
  pane.classList.add('enter');
  focusFirst();
};

// The list below the search changes; what is typed stays.
const refreshList = (nodes) => {
  const list = nodes.find((node) => node.id === 'found');
  byId('found').replaceWith(list);
};

const show = (view) => {
  const before = state.view;
  state.view = view;
  back.hidden = !view.can_go_back || view.pane === 'failed';
  const nodes = draw(view, take, askToLeave);
  const same = before && before.pane === view.pane;
  if (same && view.pane === 'institutions' && byId('found')) refreshList(nodes);
  else replace(nodes, same && !CODES.includes(view.pane) ? typed() : undefined);
};

const finish = (answer) => {
  stopWatching();
  if (state.popUp) state.popUp.close();
  Object.assign(state, { session: null, view: null, leaving: false });
  const words = host.result(answer.result, answer.completion_redirect_uri);
  if (!words) {
    sheet.hidden = true;
    pane.replaceChildren();
    return;
  }
  back.hidden = true;
  close.hidden = true;
  replace(farewell(words));
};

const accept = (answer) => {
  state.session = answer.link_session_id;
  answer.events.forEach((event) => host.event(event));
  if (answer.result) finish(answer);
  else show(answer.view);
};

const take = async (step) => {
  if (state.working) return;
  // A browser only opens a window while the click is handled.
  if (step.name === 'open_bank') prepareBank();
  const { round } = state;
  work(true);
  try {
    const answer = await ask(step);
    if (round !== state.round) return;
    accept(answer);
  } catch {
    if (round === state.round) fail(step);
  } finally {
    if (round === state.round) work(false);
  }
  if (round !== state.round) return;
  if (state.leaving && state.session) leaveAtOnce();
  else if (step.name === 'open_bank') openBank();
};

const fail = (step) => {
  if (state.popUp) state.popUp.close();
  // Who wants to leave can leave.
  if (step.name === 'exit' || state.leaving) giveUp();
  else replace(broken(() => take(step), giveUp));
};

// Without the simulator nobody can say how it ended.
const giveUp = () => {
  const metadata = { institution: null, status: null, link_session_id: state.session || '', request_id: '' };
  const error = {
    error_type: 'API_ERROR',
    error_code: 'INTERNAL_SERVER_ERROR',
    error_message: 'the simulator does not answer',
    display_message: null,
  };
  finish({ result: { name: 'exit', error, metadata } });
};

const prepareBank = () => {
  state.popUp = null;
  if (state.view.opens_window) {
    state.popUp = window.open('about:blank', '_blank', 'popup,width=480,height=720');
  }
};

const openBank = () => {
  const { view } = state;
  if (!view || !view.bank_path) return;
  const url = new URL(view.bank_path, window.location.origin).href;
  if (!view.pop_up) {
    host.redirect(url);
    return;
  }
  if (!state.popUp) {
    take({ name: 'bank_closed' });
    return;
  }
  state.popUp.location.replace(url);
  watch();
};

const watch = () => {
  stopWatching();
  state.watch = window.setInterval(() => {
    if (state.popUp && !state.popUp.closed) return;
    backFromBank();
  }, WATCH);
};

const stopWatching = () => {
  window.clearInterval(state.watch);
  state.watch = 0;
};

const backFromBank = () => {
  if (!state.watch) return;
  stopWatching();
  if (state.popUp) state.popUp.close();
  state.popUp = null;
  if (state.session) take({ name: 'bank_closed' });
};

// The bank's page says that it is done.
window.addEventListener('message', (event) => {
  if (event.origin !== window.location.origin || event.source !== state.popUp) return;
  if (event.data === 'bank-done') backFromBank();
});

const hideLeave = () => {
  leave.hidden = true;
  [...sheet.children].forEach((child) => child.removeAttribute('inert'));
  if (byId('title')) focusFirst();
};

const askToLeave = () => {
  if (state.working) return;
  if (!state.view) {
    giveUp();
    return;
  }
  if (FREE.includes(state.view.pane)) {
    take({ name: 'exit' });
    return;
  }
  [...sheet.children].filter((child) => child !== leave).forEach((child) => {
    child.setAttribute('inert', '');
  });
  leave.hidden = false;
  byId('stay').focus();
};

const leaveAtOnce = () => {
  // Even while a step is under way: the server takes one after the other.
  state.round += 1;
  work(false);
  take({ name: 'exit' });
};

const exit = (force) => {
  if (!force) {
    if (leave.hidden) askToLeave();
    return;
  }
  hideLeave();
  state.leaving = true;
  // A session that does not exist yet is left as soon as it does.
  if (state.session) leaveAtOnce();
};

const open = async (key, receivedRedirectUri) => {
  const round = state.round + 1;
  Object.assign(state, { key, round, session: null, view: null, working: false, leaving: false });
  stopWatching();
  hideLeave();
  close.hidden = false;
  sheet.hidden = false;
  pane.replaceChildren();
  await take({ name: 'open', received_redirect_uri: receivedRedirectUri });
};

back.addEventListener('click', () => take({ name: 'back' }));
close.addEventListener('click', askToLeave);
byId('stay').addEventListener('click', hideLeave);
byId('go').addEventListener('click', () => {
  hideLeave();
  take({ name: 'exit' });
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  event.preventDefault();
  if (leave.hidden) askToLeave();
  else hideLeave();
});

host.listen({ open, exit });
