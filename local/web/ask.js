// Asks before something that cannot be taken back.

import { element } from './dom.js';

// Whether the answer is `yes`. Escape means no.
export const ask = ({ title, text, yes, no }) =>
  new Promise((resolve) => {
    const answer = (value, kind, said) =>
      element('button', { type: 'button', class: kind, text: said, onclick: () => dialog.close(value) });
    const dialog = element('dialog', { class: 'card ask', 'aria-labelledby': 'ask-title' },
      element('h2', { id: 'ask-title', text: title }),
      element('p', { text }),
      element('div', { class: 'answers' }, answer('', 'secondary', no), answer('yes', 'primary danger', yes)));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
