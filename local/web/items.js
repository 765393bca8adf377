// The linked Items, each as a card. A card is drawn anew only when its Item changed, so
// that nobody loses the focus or a choice because of a poll.

import { byId, element, icon, logo } from './dom.js';
import {
  accountKind, accountName, accountStatus, advice, bankName, itemStatus, nextLook, noticeText, plural,
} from './words.js';

const list = byId('items');
const HIDDEN = '••••••••••••••••';
const COPIED_FOR = 2000;

const pill = ([text, kind]) => element('span', { class: `pill ${kind}`, text });

// What is drawn already: item id to {shape, node}.
const drawn = new Map();

const button = (text, act, kind = 'primary') =>
  element('button', { type: 'button', class: kind, text, onclick: act });

const tokenRow = (account) => {
  const value = element('code', { class: 'token', text: HIDDEN });
  const reveal = element('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false', text: 'Show' });
  reveal.addEventListener('click', () => {
    const shown = reveal.getAttribute('aria-pressed') === 'true';
    reveal.setAttribute('aria-pressed', String(!shown));
    reveal.textContent = shown ? 'Show' : 'Hide';
    value.textContent = shown ? HIDDEN : account.processor_token;
  });
  const copied = element('span', { class: 'unseen', role: 'status' });
  const copy = element('button', { type: 'button', class: 'quiet' }, 'Copy');
  copy.addEventListener('click', async () => {
    let said = 'Copied';
    try {
      await navigator.clipboard.writeText(account.processor_token);
    } catch {
      said = 'Not allowed';
    }
    copy.textContent = said;
    copied.textContent = said;
    window.setTimeout(() => {
      copy.textContent = 'Copy';
      copied.textContent = '';
    }, COPIED_FOR);
  });
  return element('div', { class: 'token-row' },
    element('span', { class: 'sub', text: 'Processor token' }),
    element('div', { class: 'token-line' }, value, reveal, copy, copied),
    element('p', { class: 'hint', text: 'Shown here once, after linking. Treat it like a key.' }));
};

const accountRow = (account) =>
  element('li', { class: 'account' },
    element('div', { class: 'account-line' },
      element('div', { class: 'grow' },
        element('span', { class: 'name', text: accountName(account) }),
        element('span', { class: 'sub', text: accountKind(account) })),
      pill(accountStatus(account.status))),
    account.processor_token ? tokenRow(account) : null);

const choice = (item, account) =>
  element('li', {},
    element('label', { class: 'choice' },
      element('input', { type: 'radio', name: `account-${item.item_id}`, value: account.account_id, required: true }),
      element('span', { class: 'grow' },
        element('span', { class: 'name', text: accountName(account) }),
        element('span', { class: 'sub', text: accountKind(account) }))));

const fold = (title, ...children) => element('details', { class: 'fold' }, element('summary', { text: title }), ...children);

const split = (accounts, test) => [accounts.filter(test), accounts.filter((account) => !test(account))];

// Accounts that cannot be chosen stand apart, and say why not.
const selection = (item, act) => {
  const [open, closed] = split(item.accounts, (account) => account.status === 'available');
  const form = element('form', { class: 'selection' },
    element('fieldset', {},
      element('legend', { text: advice(item) }),
      element('ul', { class: 'choices' }, open.map((account) => choice(item, account)))),
    closed.length === 0
      ? null
      : fold(`${plural(closed.length, 'account')} that cannot be used`,
          element('ul', { class: 'accounts inset' }, closed.map(accountRow))),
    element('button', { type: 'submit', class: 'primary', text: 'Use this account' }));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const chosen = new FormData(form).get(`account-${item.item_id}`);
    if (chosen) act.select(item, chosen);
  });
  return form;
};

const BUTTONS = {
  verify_deposits: (item, act) => button('Enter the code', () => act.update(item)),
  relink: (item, act) => button('Log in again', () => act.update(item)),
  link_again: (item, act) => button('Link again', () => act.linkAgain(item)),
  wait: (item, act) => button('Check now', () => act.check(item), 'secondary'),
};

const todo = (item, act) => {
  const text = advice(item);
  if (!text) return null;
  const kind = { wait: 'calm', link_again: 'bad' }[item.action] || 'warn';
  if (item.action === 'select_account') return element('div', { class: 'todo plain' }, selection(item, act));
  const said = [text, nextLook(item)].filter(Boolean).join(' ');
  return element('div', { class: `todo ${kind}` }, element('p', { text: said }), BUTTONS[item.action](item, act));
};

// What mends what is announced, where the Item itself does not ask for it already.
const MEND = ['Log in again', 'update'];
const MENDS = {
  pending_disconnect: MEND,
  pending_expiration: MEND,
  product_permissions_required: MEND,
  new_accounts_available: ['Share more accounts', 'changeAccounts'],
};

const noticeLine = (item, notice, act) => {
  const [text, what] = (item.action !== 'relink' && MENDS[notice.code]) || [];
  return element('div', { class: 'item-notice' },
    icon('info'),
    element('p', { class: 'grow', text: noticeText(notice, item.institution) }),
    what ? button(text, () => act[what](item), 'quiet') : null);
};

// The accounts that matter are in sight; what else the bank shares is one click away.
const accountList = (accounts) => {
  const ready = (account) => account.status === 'ready';
  const [first, others] = accounts.some(ready) ? split(accounts, ready) : [accounts, []];
  return [
    element('ul', { class: 'accounts', 'aria-label': 'Accounts' }, first.map(accountRow)),
    others.length === 0
      ? null
      : fold(plural(others.length, 'other account'), element('ul', { class: 'accounts' }, others.map(accountRow))),
  ];
};

const summary = (item) => {
  const ready = item.accounts.filter((account) => account.status === 'ready').length;
  const count = plural(item.accounts.length, 'account');
  return ready > 0 && item.accounts.length > 1 ? `${count}, ${ready} used for payments` : count;
};

// The user may share other accounts with us than at first, or none any more.
const foot = (item, act) =>
  element('footer', { class: 'item-foot' },
    item.status === 'active' && item.action === 'none'
      ? button('Change shared accounts', () => act.changeAccounts(item), 'quiet')
      : null,
    button('Remove', () => act.remove(item), 'quiet remove'));

const card = (item, act) => {
  const name = bankName(item.institution);
  const choosing = item.action === 'select_account';
  const title = element('h2', { id: `item-${item.item_id}`, tabindex: '-1', text: name || 'Bank account' });
  return element('article', { class: 'card item', 'aria-labelledby': title.id, 'data-item': item.item_id, 'data-action': item.action },
    element('header', { class: 'item-head' },
      logo(name),
      element('div', { class: 'grow' }, title, element('span', { class: 'sub', text: summary(item) })),
      pill(itemStatus(item))),
    (item.notices || []).map((notice) => noticeLine(item, notice, act)),
    todo(item, act),
    choosing || item.accounts.length === 0 ? null : accountList(item.accounts),
    item.status === 'removing' ? null : foot(item, act));
};

const empty = () =>
  element('div', { class: 'card empty' },
    element('span', { class: 'empty-mark', 'aria-hidden': 'true' }, icon('bank')),
    element('h2', { text: 'No bank linked yet' }),
    element('p', { text: 'Link one to pay straight from your account. You log in through Plaid, and choose the account that is used.' }));

const skeleton = () =>
  element('div', { class: 'card item skeleton', 'aria-hidden': 'true' },
    element('div', { class: 'item-head' },
      element('span', { class: 'bone logo' }),
      element('div', { class: 'grow' }, element('span', { class: 'bone long' }), element('span', { class: 'bone short' }))),
    element('span', { class: 'bone row' }));

const failed = (retry) =>
  element('div', { class: 'card empty' },
    element('span', { class: 'empty-mark bad', 'aria-hidden': 'true' }, icon('alert')),
    element('h2', { text: 'Your banks could not be loaded' }),
    element('p', { text: 'They are safe. Only this list is missing.' }),
    button('Try again', retry, 'secondary'));

const showOnly = (node, busy) => {
  drawn.clear();
  list.replaceChildren(node);
  list.setAttribute('aria-busy', String(busy));
};

export const showLoading = () => showOnly(skeleton(), true);
export const showFailure = (retry) => showOnly(failed(retry), false);

// `act` says what the buttons do: select, update, changeAccounts, linkAgain, check, remove.
export const showItems = (items, act) => {
  if (items.length === 0) {
    showOnly(empty(), false);
    return;
  }
  const nodes = items.map((item) => {
    const shape = JSON.stringify(item);
    const before = drawn.get(item.item_id);
    if (before && before.shape === shape) return before.node;
    const node = card(item, act);
    const focused = before && before.node.contains(document.activeElement);
    drawn.set(item.item_id, { shape, node, focused });
    return node;
  });
  const same = nodes.length === list.children.length && nodes.every((node, at) => node === list.children[at]);
  if (!same) list.replaceChildren(...nodes);
  list.setAttribute('aria-busy', 'false');
  for (const kept of drawn.values()) {
    if (kept.focused) kept.node.querySelector('h2').focus();
    kept.focused = false;
  }
};

export const showWorking = (itemId, working) => {
  const kept = drawn.get(itemId);
  if (!kept) return;
  kept.node.setAttribute('aria-busy', String(working));
  kept.node.querySelectorAll('button, input[type=radio]').forEach((control) => {
    if (working) control.dataset.wasDisabled = String(control.disabled);
    control.disabled = working || control.dataset.wasDisabled === 'true';
  });
};

export const focusItem = (itemId) => {
  const kept = drawn.get(itemId);
  if (kept) kept.node.querySelector('h2').focus();
};
