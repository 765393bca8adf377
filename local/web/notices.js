// What happened, above everything else: one notice at a time, so that none is stale.

import { byId, copyButton, element, icon, makeButton } from './dom.js';

/**
 * `support` is what somebody who helps wants to know, as [name, value]; `small` is the
 * part of it that everybody sees.
 * @typedef {{kind: 'error' | 'info' | 'good', title: string, text?: string | null, small?: (string | null)[],
 *   detail?: string | null, support?: [string, string | null][]}} Notice
 */
/** @typedef {{text: string, act: () => void}} Again */

const ICONS = /** @type {const} */ ({ error: 'alert', info: 'info', good: 'check' });

const box = byId('notices');
const status = byId('status');

// Where the focus goes when the notice that had it goes away.
const leaveFocus = () => {
  const title = byId('banks').hidden ? byId('main') : byId('banks-title');
  if (box.contains(document.activeElement)) title.focus();
};

export const clearNotice = () => {
  leaveFocus();
  box.replaceChildren();
};

/**
 * Said to screen readers only; sighted users see it where it happens.
 * @param {string} text
 */
export const announce = (text) => {
  status.textContent = text;
};

/**
 * @param {Notice} notice
 * @returns {string}
 */
const forSupport = ({ title, detail, text, support = [] }) => {
  const facts = support.filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`);
  return [title, detail ?? text, ...facts, `Time: ${new Date().toISOString()}`].filter(Boolean).join('\n');
};

/**
 * @param {Notice} notice
 * @returns {HTMLElement | null}
 */
const supportLine = (notice) => {
  const fine = (notice.small ?? []).filter(Boolean).join(' · ');
  if (!fine) return null;
  const said = forSupport(notice);
  return element('div', { class: 'support' },
    element('div', { class: 'grow' },
      notice.detail ? element('p', { class: 'small', text: notice.detail }) : null,
      element('p', { class: 'small', text: fine })),
    copyButton('Copy for support', () => said));
};

/**
 * `again` repeats what did not work, or goes on with it.
 * @param {Notice} notice
 * @param {Again | null} [again]
 */
export const notify = (notice, again = null) => {
  const { kind, title, text } = notice;
  const close = element('button', { type: 'button', class: 'icon-only', 'aria-label': 'Dismiss' }, icon('close'));
  close.addEventListener('click', clearNotice);
  const retry = again && makeButton(again.text, () => {
    clearNotice();
    again.act();
  }, 'secondary');
  leaveFocus();
  box.replaceChildren(
    element('div', { class: `notice ${kind}`, role: kind === 'error' ? 'alert' : 'status' },
      icon(ICONS[kind]),
      element('div', { class: 'grow' },
        element('p', { class: 'notice-title', text: title }),
        text ? element('p', { text }) : null,
        retry,
        supportLine(notice)),
      close),
  );
  box.scrollIntoView({ block: 'nearest' });
};
