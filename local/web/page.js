// What every part of the page needs: who is signed in, the way out, and how a failure is told.

import { clearActivity } from './activity.js';
import { Problem } from './api.js';
import { byId } from './dom.js';
import { destroyLink } from './link.js';
import { clearNotice, notify } from './notices.js';
import * as session from './session.js';
import { faultNotice, problemNotice } from './words.js';

/** @typedef {import('./notices.js').Again} Again */
/** @typedef {import('./session.js').User} User */
/**
 * The connection to Astra; there is none of any kind where Astra is switched off.
 * @typedef {import('./api.js').AstraConnection['status'] | 'none'} AstraStatus
 */

/**
 * What the page has while somebody is signed in.
 * @typedef {{user: User, api: import('./api.js').Api, items: import('./collection.js').Collection,
 *   endLooking: () => void}} Here
 */
/**
 * @type {{config: import('./api.js').Config | null, here: Here | null, cursor: string | null,
 *   loaded: boolean, linking: boolean, missed: number, returned: string | null,
 *   astra: AstraStatus | null, astraReturned: import('./session.js').AstraReturn | null}}
 */
export const state = {
  config: null, here: null, cursor: null, loaded: false, linking: false, missed: 0, returned: null,
  astra: null, astraReturned: null,
};

export const here = () => {
  if (!state.here) throw new Error('nobody is signed in');
  return state.here;
};

export const config = () => {
  if (!state.config) throw new Error('the page has not started');
  return state.config;
};

// Signing out

/** @param {User | null} user */
export const showUser = (user) => {
  byId('welcome').hidden = Boolean(user);
  byId('banks').hidden = !user;
  byId('account').hidden = !user;
  byId('who').textContent = user ? user.userId : '';
};

export const signOut = () => {
  state.here?.items.end();
  state.here?.endLooking();
  destroyLink();
  session.clear();
  clearActivity();
  clearNotice();
  const nobody = { here: null, cursor: null, loaded: false, missed: 0, returned: null, astra: null, astraReturned: null };
  Object.assign(state, nobody);
  byId('astra').hidden = true;
  byId('more').hidden = true;
  showUser(null);
  byId('user-id').focus();
};

// Problems

/**
 * @param {unknown} problem
 * @param {string} title
 * @param {Again | null} [again]
 */
export const failed = (problem, title, again = null) => {
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
export const tryAgain = (problem, act) => {
  if (!(problem instanceof Problem)) return null;
  const passes = problem.status === 0 || problem.status === 429 || problem.status >= 500;
  return passes ? { text: 'Try again', act } : null;
};
