// The user's connection to Astra, which moves the money: shown, made, renewed and ended.

import { Problem } from './api.js';
import { ask } from './ask.js';
import { byId, element, isBusy, makeButton, setWorking } from './dom.js';
import { clearNotice, notify } from './notices.js';
import { config, failed, here, state, tryAgain } from './page.js';
import { astraConnection } from './words.js';

/** @typedef {import('./session.js').AstraReturn} AstraReturn */

export const ASTRA_RETURN = '/astra-return.html';

const panel = byId('astra');

/** @param {URLSearchParams} query */
export const readReturn = (query) => ({ code: query.get('code'), state: query.get('state'), error: query.get('error') });

const show = () => {
  const status = state.astra;
  panel.hidden = !status;
  if (!status) return;
  const { title, text, kind, act } = astraConnection(status);
  const press = status === 'connected' ? disconnect : connect;
  panel.className = `card astra ${kind}`;
  panel.replaceChildren(
    element('div', { class: 'grow' },
      element('h2', { class: 'name', text: title }),
      element('p', { class: 'sub', text })),
    makeButton(act, (pressed) => {
      if (!isBusy(pressed)) press(pressed);
    }, status === 'connected' ? 'quiet' : 'secondary'));
};

/** @param {NonNullable<typeof state.astra>} status */
const become = (status) => {
  if (state.astra === status) return;
  state.astra = status;
  show();
  // What could not be loaded is not drawn as if there were nothing.
  if (state.loaded) here().items.redraw();
};

/** Asks our API for the connection; whoever has none is told so with a 404. */
export const loadAstra = async () => {
  if (!config().astra) return;
  const now = here();
  try {
    const { status } = await now.api.astraConnection();
    if (state.here === now) become(status);
  } catch (problem) {
    if (state.here !== now) return;
    if (problem instanceof Problem && problem.code === 'not_found') become('none');
    else failed(problem, 'Your connection to Astra could not be read', tryAgain(problem, loadAstra));
  }
};

/** Whoever is connected may be so no longer; whoever is not, has done nothing meanwhile. */
export const lookAtAstra = async () => {
  if (state.astra === 'connected') await loadAstra();
};

/** @param {HTMLElement} button */
const connect = async (button) => {
  setWorking(button, 'Opening Astra…');
  try {
    const { url } = await here().api.authorizeAstra();
    window.location.assign(url);
  } catch (problem) {
    setWorking(button);
    failed(problem, 'Astra could not be opened', tryAgain(problem, () => connect(button)));
  }
};

/** @param {HTMLElement} button */
const disconnect = async (button) => {
  const question = {
    title: 'Disconnect Astra?',
    text: 'Astra keeps the accounts that it has. New ones are not brought there any more.',
    yes: 'Disconnect',
    no: 'Keep',
  };
  if (!(await ask(question))) return;
  setWorking(button, 'Disconnecting…');
  try {
    await here().api.disconnectAstra();
    clearNotice();
    become('none');
  } catch (problem) {
    setWorking(button);
    failed(problem, 'Astra could not be disconnected', tryAgain(problem, () => disconnect(button)));
  }
};

/**
 * Back from Astra's page.
 * @param {AstraReturn} returned
 */
export const finishAstra = async ({ code, state: sent, error }) => {
  if (!code || !sent) {
    const text = error === 'access_denied' ? 'You did not give the permission.' : 'Astra sent you back without a code.';
    notify({ kind: 'info', title: 'Astra is not connected', text });
    return;
  }
  try {
    await here().api.connectAstra({ code, state: sent });
    become('connected');
    notify({ kind: 'good', title: 'Astra is connected', text: 'Your accounts are on their way there.' });
  } catch (problem) {
    failed(problem, 'Astra could not be connected');
  }
};
