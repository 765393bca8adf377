// What happened, above everything else: one notice at a time, so that none is stale.

import { byId, element, icon } from './dom.js';

const ICONS = { error: 'alert', info: 'info', good: 'check' };

const box = byId('notices');
const status = byId('status');

export const clearNotice = () => box.replaceChildren();

// Said to screen readers only; sighted users see it where it happens.
export const announce = (text) => {
  status.textContent = text;
};

// `again` is {text, act}: a button that repeats what did not work.
export const notify = ({ kind, title, text, small = [] }, again = null) => {
  const fine = small.filter(Boolean).join(' · ');
  const close = element('button', { type: 'button', class: 'icon-only', 'aria-label': 'Dismiss', onclick: clearNotice }, icon('close'));
  const retry = again && element('button', {
    type: 'button',
    class: 'secondary',
    text: again.text,
    onclick: () => {
      clearNotice();
      again.act();
    },
  });
  box.replaceChildren(
    element('div', { class: `notice ${kind}`, role: kind === 'error' ? 'alert' : 'status' },
      icon(ICONS[kind]),
      element('div', { class: 'grow' },
        element('p', { class: 'notice-title', text: title }),
        text ? element('p', { text }) : null,
        fine ? element('p', { class: 'small', text: fine }) : null,
        retry),
      close),
  );
  box.scrollIntoView({ block: 'nearest' });
};
