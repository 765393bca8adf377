// Asks before something that cannot be taken back.

import { element } from './dom.js';

/**
 * Whether the answer is `yes`. Escape means no. The focus goes back to where it was.
 * @param {{title: string, text: string, yes: string, no: string}} question
 * @returns {Promise<boolean>}
 */
export const ask = ({ title, text, yes, no }) =>
  new Promise((resolve) => {
    const answer = (/** @type {string} */ value, /** @type {string} */ kind, /** @type {string} */ said) =>
      element('button', { type: 'button', class: kind, text: said, onclick: () => dialog.close(value) });
    const dialog = element('dialog', { class: 'card ask', 'aria-labelledby': 'ask-title', 'aria-describedby': 'ask-text' },
      element('h2', { id: 'ask-title', text: title }),
      element('p', { id: 'ask-text', text }),
      element('div', { class: 'answers' }, answer('', 'secondary', no), answer('yes', 'primary danger', yes)));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
