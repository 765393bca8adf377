// The pages of a simulated bank: the user logs in there, and allows or denies.

import { alert, element, field, heading, lead, logo, primary, tip } from './dom.js';
import { form } from './forms.js';
import { accountList } from './panes.js';

const pane = document.getElementById('pane');
const stateId = window.location.pathname.split('/').pop();

const ask = async (step) => {
  const response = await fetch('/link/v2/oauth', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ oauth_state_id: stateId, step }),
  });
  return { ok: response.ok, body: await response.json() };
};

const show = (...nodes) => {
  pane.replaceChildren(...nodes.filter(Boolean));
  (pane.querySelector('input[type=text]') || document.getElementById('title')).focus();
};

const fault = (text) => (text ? alert(text) : null);

const leave = (view) => {
  if (view.return_url) {
    window.location.replace(view.return_url);
    return;
  }
  show(heading('You can close this window'), lead(`Go back to ${view.client_name}.`));
  if (window.opener) window.opener.postMessage('bank-done', window.location.origin);
};

const next = async (step, retry) => {
  const { ok, body } = await ask(step);
  if (!ok) retry(body.display_message || body.error_message || body.error);
  else if (body.decided) leave(body);
  else allow(body);
};

const deny = (view) =>
  element('button', {
    type: 'button',
    class: 'secondary',
    id: 'deny',
    text: 'Deny',
    onclick: () => next({ name: 'deny' }, (text) => gone(text, view)),
  });

const gone = (text) => show(heading('This page has ended'), fault(text));

const signIn = (view, text) =>
  show(
    heading('Sign in'),
    lead(`${view.client_name} would like to see your accounts at ${view.institution.name}.`),
    fault(text),
    form(
      (data) =>
        next(
          { name: 'sign_in', username: data.get('username'), password: data.get('password') },
          (wrong) => signIn(view, wrong),
        ),
      field({ id: 'username', label: 'User ID', value: 'user_good', autocomplete: 'off' }),
      field({ id: 'password', label: 'Password', type: 'password', value: 'pass_good', autocomplete: 'off' }),
      primary('Sign in'),
    ),
    deny(view),
    tip('What is filled in works.'),
  );

const allow = (view, text) =>
  show(
    heading(`Share with ${view.client_name}`),
    lead('Select the accounts that it may see. You can take this back at any time.'),
    fault(text),
    form(
      (data) =>
        next({ name: 'allow', account_ids: data.getAll('account') }, () =>
          allow(view, 'Select at least one account, or deny.'),
        ),
      accountList({ ...view, chosen: view.accounts.map((account) => account.id) }),
      primary('Allow'),
    ),
    deny(view),
  );

const begin = async () => {
  const { ok, body } = await ask({ name: 'look' });
  if (!ok) {
    gone(body.error_message || body.error);
    return;
  }
  document.getElementById('bank-name').replaceChildren(
    logo(body.institution),
    element('strong', { text: body.institution.name }),
  );
  if (body.decided) leave(body);
  else if (body.accounts.length > 0) allow(body);
  else signIn(body);
};

begin();
