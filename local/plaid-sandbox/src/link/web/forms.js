// The panes on which something is typed.

import { alert, element, field, heading, icon, lead, logo, primary, tip } from './dom.js';

const title = (institution) => (institution ? institution.name : 'your bank');

// A form whose values go to `send`, and which cannot be sent twice.
export const form = (send, ...children) => {
  const node = element('form', { novalidate: true }, ...children);
  node.addEventListener('submit', (event) => {
    event.preventDefault();
    const empty = [...node.querySelectorAll('input[required]')].find((input) => !input.value);
    if (empty) {
      empty.focus();
      return;
    }
    send(new FormData(node));
  });
  return node;
};

const fault = (view) => {
  const text = view.notice || (view.error && (view.error.display_message || view.error.error_message));
  return text ? alert(text) : null;
};

export const credentials = (view, take) => [
  element('div', { class: 'mark' }, logo(view.institution)),
  heading(`Log in to ${title(view.institution)}`),
  view.update ? lead('Your bank wants you to log in again.') : null,
  fault(view),
  form(
    (data) =>
      take({ name: 'credentials', username: data.get('username'), password: data.get('password') }),
    field({ id: 'username', label: 'Username', value: view.username || '', autocomplete: 'off' }),
    field({ id: 'password', label: 'Password', type: 'password', autocomplete: 'off' }),
    primary('Log in'),
  ),
  tip('user_good and pass_good always work. mfa_device as password asks for a code.'),
];

export const code = (view, take) => [
  heading('Enter the code'),
  lead(`${title(view.institution)} sent you a code to make sure that it is you.`),
  fault(view),
  form(
    (data) => take({ name: 'answers', answers: [data.get('code')] }),
    field({ id: 'code', label: 'Code', inputmode: 'numeric', autocomplete: 'one-time-code' }),
    primary('Continue'),
  ),
  tip('The code is 1234.'),
];

export const questions = (view, take) => [
  heading(view.questions.length > 1 ? 'Answer these questions' : 'Answer this question'),
  lead(`${title(view.institution)} wants to make sure that it is you.`),
  fault(view),
  form(
    (data) => take({ name: 'answers', answers: data.getAll('answer') }),
    ...view.questions.map((label, at) =>
      field({ id: `answer-${at}`, name: 'answer', label, autocomplete: 'off' }),
    ),
    primary('Continue'),
  ),
];

const choices = (name, options, chosen) =>
  options.map(({ value, label }) =>
    element(
      'label',
      { class: 'choice' },
      element('input', { type: 'radio', name, value, checked: value === chosen }),
      element('span', { text: label }),
    ),
  );

export const selections = (view, take) => [
  heading('Answer these questions'),
  lead(`${title(view.institution)} wants to make sure that it is you.`),
  fault(view),
  form(
    (data) =>
      take({
        name: 'answers',
        answers: view.questions.map((_, at) => data.get(`selection-${at}`)),
      }),
    ...view.questions.map((question, at) =>
      element(
        'fieldset',
        {},
        element('legend', { text: question }),
        ...choices(
          `selection-${at}`,
          view.answers.map((answer) => ({ value: answer, label: answer })),
          view.answers[view.answers.length - 1],
        ),
      ),
    ),
    primary('Continue'),
  ),
  tip('Yes is the right answer to everything.'),
];

export const device = (view, take) => [
  heading('How should we send your code?'),
  lead(`${title(view.institution)} will send a code to make sure that it is you.`),
  fault(view),
  form(
    (data) => take({ name: 'device', device: data.get('device') }),
    element(
      'fieldset',
      {},
      element('legend', { class: 'unseen', text: 'Where to send the code' }),
      ...choices(
        'device',
        view.devices.map(({ id, label }) => ({ value: id, label })),
        view.devices[0].id,
      ),
    ),
    primary('Send code'),
  ),
];

export const numbers = (view, take) => [
  heading('Enter your account details'),
  lead(
    view.institution
      ? `${view.institution.name} confirms the account with a small deposit.`
      : 'A deposit of one cent will confirm that the account is yours. It takes a day or two.',
  ),
  fault(view),
  form(
    (data) =>
      take({
        name: 'numbers',
        routing: data.get('routing'),
        account: data.get('account'),
        subtype: data.get('subtype'),
      }),
    field({ id: 'routing', label: 'Routing number', inputmode: 'numeric', autocomplete: 'off' }),
    field({ id: 'account', label: 'Account number', inputmode: 'numeric', autocomplete: 'off' }),
    view.asks_subtype
      ? element(
          'fieldset',
          { class: 'row' },
          element('legend', { text: 'Account type' }),
          ...choices(
            'subtype',
            [
              { value: 'checking', label: 'Checking' },
              { value: 'savings', label: 'Savings' },
            ],
            'checking',
          ),
        )
      : null,
    primary('Continue'),
  ),
  tip(
    view.institution && view.institution.institution_id === 'ins_135858'
      ? 'Routing number 333333334, account number 1111222233330000.'
      : 'Routing number 110000000, account number 1111222233330000.',
  ),
];

export const depositCode = (view, take) => [
  element('div', { class: 'mark' }, element('span', { class: 'round' }, icon('bank'))),
  heading('Confirm your deposit'),
  lead('Find the deposit of one cent on your statement. The code is the three letters at its start.'),
  fault(view),
  form(
    (data) => take({ name: 'deposit_code', code: data.get('code') }),
    field({ id: 'code', label: 'Three-letter code', maxlength: '3', autocomplete: 'off' }),
    primary('Confirm'),
  ),
  tip('The code is ABC. After three wrong ones the account is locked.'),
];

export { fault };
