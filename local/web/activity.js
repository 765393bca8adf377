// What Link reports through onEvent, for those who build with it. The order is Plaid's,
// and most events come in one batch at the end.

import { byId, element } from './dom.js';

/** @typedef {Record<string, string | null | undefined>} EventMetadata */

const MOST = 50;

const events = byId('events');

const DETAILS = ['view_name', 'institution_name', 'error_code', 'exit_status', 'mfa_type', 'selection'];

export const clearActivity = () => {
  events.replaceChildren();
  byId('activity').hidden = true;
};

/**
 * @param {string} name
 * @param {EventMetadata} metadata
 */
export const recordEvent = (name, metadata) => {
  const details = DETAILS.map((key) => metadata[key]).filter(Boolean).join(' · ');
  events.append(element('li', {}, element('code', { text: name }), details ? ` ${details}` : null));
  while (events.children.length > MOST) events.firstElementChild?.remove();
  byId('activity').hidden = false;
};
