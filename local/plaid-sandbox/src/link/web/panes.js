// What each pane looks like. A pane is a list of nodes, and tells `take` what
// the user did.

import { alert, capital, element, heading, icon, lead, logo, money, primary, tip } from './dom.js';
import * as forms from './forms.js';

const promise = (glyph, title, text) =>
  element(
    'li',
    {},
    element('span', { class: 'round small' }, icon(glyph)),
    element('div', {}, element('strong', { text: title }), element('p', { text })),
  );

const consent = (view, take) => {
  const client = view.client_name;
  const bank = view.institution ? view.institution.name : 'your bank';
  return [
    element('div', { class: 'mark pair' },
      element('span', { class: 'round' }, icon('link')),
      view.institution ? logo(view.institution) : element('span', { class: 'round' }, icon('bank')),
    ),
    heading(view.update ? `${client} needs ${bank} again` : `${client} wants to link your bank`),
    element('ul', { class: 'promises' },
      promise('bank', 'Choose what to share', `Only the accounts that you select reach ${client}.`),
      promise('shield', 'Your password stays here', `${client} never sees how you log in.`),
    ),
    forms.form(() => take({ name: 'consent' }), primary('Continue')),
  ];
};

const institution = (entry, take) =>
  element('li', {},
    element('button', {
      type: 'button',
      class: 'entry',
      'data-institution': entry.institution_id,
      onclick: () => take({ name: 'institution', institution_id: entry.institution_id }),
    },
      logo(entry),
      element('span', { class: 'grow' },
        element('span', { class: 'name', text: entry.name }),
        entry.degraded ? element('span', { class: 'sub', text: 'Has trouble at the moment' }) : null,
        entry.oauth ? element('span', { class: 'sub', text: 'Logs in on its own site' }) : null,
      ),
      icon('chevron'),
    ),
  );

const list = (view, take) =>
  view.institutions.length > 0
    ? element('ul', { class: 'list', id: 'found' },
        ...view.institutions.map((entry) => institution(entry, take)))
    : element('div', { class: 'nothing', id: 'found', role: 'status' },
        icon('search'),
        element('p', { text: 'No bank with this name. Try fewer letters.' }));

// A pause in typing, after which the search is worth its while.
const PAUSE = 200;

const institutions = (view, take) => {
  let timer = 0;
  const search = element('input', {
    id: 'search',
    type: 'search',
    placeholder: 'Search',
    autocomplete: 'off',
    value: view.query,
    oninput: () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => take({ name: 'search', query: search.value }), PAUSE);
    },
  });
  return [
    heading('Select your bank'),
    element('div', { class: 'search' },
      icon('search'),
      element('label', { class: 'unseen', for: 'search', text: 'Search for your bank' }),
      search),
    list(view, take),
    view.same_day
      ? element('button', {
          type: 'button',
          class: 'secondary',
          id: 'same-day',
          text: 'Use account numbers instead',
          onclick: () => take({ name: 'same_day' }),
        })
      : null,
  ];
};

const accountChoice = (view) => (account) =>
  element('li', {},
    element('label', { class: 'entry' },
      element('input', {
        type: view.single ? 'radio' : 'checkbox',
        name: 'account',
        value: account.id,
        checked: view.chosen.includes(account.id),
      }),
      element('span', { class: 'grow' },
        element('span', { class: 'name', text: account.name }),
        element('span', { class: 'sub', text: `${capital(account.subtype)} ••••${account.mask || ''}` })),
      element('span', { class: 'amount', text: money(account.available) }),
    ),
  );

export const accountList = (view) =>
  element('fieldset', {},
    element('legend', { class: 'unseen', text: 'Accounts' }),
    element('ul', { class: 'list plain' }, ...view.accounts.map(accountChoice(view))));

const accounts = (view, take) => [
  heading(view.single ? 'Select an account' : 'Select accounts'),
  lead(`${view.client_name} will only see what you select.`),
  forms.fault(view),
  forms.form(
    (data) => take({ name: 'accounts', account_ids: data.getAll('account') }),
    accountList(view),
    primary('Continue'),
  ),
];

const oauth = (view, take) => [
  element('div', { class: 'mark' }, logo(view.institution)),
  heading(`Log in at ${view.institution.name}`),
  lead(`You log in on the bank's own site, and come back here when you are done.`),
  forms.fault(view),
  forms.form(() => take({ name: 'open_bank' }), primary(`Continue to ${view.institution.name}`)),
];

const waiting = (view, take) => [
  element('div', { class: 'mark' }, logo(view.institution)),
  heading('Go on in the other window'),
  lead(`Log in at ${view.institution.name} there. This page follows by itself.`),
  element('div', { class: 'spinner', 'aria-hidden': 'true' }),
  element('button', {
    type: 'button',
    class: 'secondary',
    text: 'Start again',
    onclick: () => take({ name: 'bank_closed' }),
  }),
];

const FAILURES = {
  INSTITUTION_DOWN: ['Your bank does not answer', 'Try again in a few hours, or choose another bank.'],
  INSTITUTION_NO_LONGER_SUPPORTED: ['This bank cannot be linked', 'Choose another bank.'],
  ITEM_LOCKED: ['Your bank has locked you out', 'Unlock your login at your bank, then come back.'],
  NO_AUTH_ACCOUNTS: ['No account that fits', 'None of your accounts here can be used for payments.'],
  NO_ACCOUNTS: ['No accounts', 'This login has no open accounts.'],
  TOO_MANY_VERIFICATION_ATTEMPTS: ['This account is locked', 'The code was wrong too often. Link the account again.'],
};

const failed = (view, take, close) => {
  const { error } = view;
  const [title, text] = FAILURES[error.error_code] || ['That did not work', error.error_message];
  return [
    element('div', { class: 'mark' }, element('span', { class: 'round bad' }, icon('warn'))),
    heading(title),
    element('div', { role: 'alert' }, lead(error.display_message || text)),
    element('p', { class: 'code', text: error.error_code }),
    view.can_go_back
      ? forms.form(() => take({ name: 'back' }),
          primary(view.update ? 'Try again' : 'Choose another bank'))
      : null,
    element('button', { type: 'button', class: 'secondary', text: 'Close', onclick: close }),
  ];
};

const shared = (account) =>
  element('li', {},
    element('div', { class: 'entry' },
      element('span', { class: 'grow' },
        element('span', { class: 'name', text: account.name }),
        element('span', { class: 'sub', text: `${capital(account.subtype)} ••••${account.mask || ''}` }))));

const connected = (view, take) => [
  element('div', { class: 'mark' }, element('span', { class: 'round good' }, icon('check'))),
  heading('It worked'),
  lead(view.update
    ? `${view.client_name} can use your account again.`
    : `${view.client_name} can now see:`),
  element('ul', { class: 'list plain still' }, ...view.accounts.map(shared)),
  forms.form(() => take({ name: 'done' }), primary('Finish')),
];

export const farewell = ([title, text, glyph]) => [
  element('div', { class: 'mark' },
    element('span', { class: `round ${{ check: 'good', warn: 'bad' }[glyph] || ''}` }, icon(glyph))),
  heading(title),
  lead(text),
];

export const broken = (retry, close) => [
  heading('The simulator does not answer'),
  alert('Is it still running? Start it, and try again.'),
  tip('cargo run -p plaid-sandbox'),
  forms.form(retry, primary('Try again')),
  element('button', { type: 'button', class: 'secondary', text: 'Close', onclick: close }),
];

const PANES = {
  consent,
  institutions,
  credentials: forms.credentials,
  device: forms.device,
  code: forms.code,
  questions: forms.questions,
  selections: forms.selections,
  oauth,
  accounts,
  numbers: forms.numbers,
  deposit_code: forms.depositCode,
  failed,
  connected,
};

export const draw = (view, take, close) => {
  const pane = view.pane === 'oauth' && view.pop_up ? waiting : PANES[view.pane];
  return pane(view, take, close).filter(Boolean);
};
