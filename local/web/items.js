// The linked Items, each as a card. A card is drawn anew only when its Item changed, so
// that nobody loses the focus or a choice because of a poll.

import { byId, copyButton, element, icon, isBusy, logo, makeButton, setBusy } from './dom.js';
import {
  accountKind, accountName, accountStatus, advice, astraStatus, bankName, isLeaving, itemStatus, nextLook, noticeText, plural,
} from './words.js';

/** @typedef {import('./api.js').Item} Item */
/** @typedef {import('./api.js').Account} Account */
/**
 * What the buttons do; each is told which button it was.
 * @typedef {object} Acts
 * @property {(item: Item, accountId: string, button: HTMLElement) => void} select
 * @property {(item: Item, button: HTMLElement) => void} check
 * @property {(item: Item, button: HTMLElement) => void} update
 * @property {(item: Item, button: HTMLElement) => void} changeAccounts
 * @property {(item: Item, button: HTMLElement) => void} linkAgain
 * @property {(item: Item, button: HTMLElement) => void} remove
 */
/** @typedef {import('./page.js').AstraStatus | null} Astra */
/** @typedef {{shape: string, node: HTMLElement}} Drawn */

const list = byId('items');
const HIDDEN = '••••••••••••••••';

/** @param {[string, string]} status */
const pill = ([text, kind]) => element('span', { class: `pill ${kind}`, text });

/**
 * What is drawn already, by the Item's id.
 * @type {Map<string, Drawn>}
 */
const drawn = new Map();

/** @param {Item} item */
const titleId = (item) => `item-${item.item_id}`;

/**
 * A button of a card; what it is about is the card's title.
 * @param {Item} item
 * @param {string} text
 * @param {(button: HTMLElement) => void} act
 * @param {string} [kind]
 */
const button = (item, text, act, kind) => makeButton(text, act, kind, { 'aria-describedby': titleId(item) });

/** @param {string} token */
const tokenRow = (token) => {
  const value = element('code', { class: 'token', text: HIDDEN });
  const reveal = makeButton('Show', () => {
    const shown = reveal.getAttribute('aria-expanded') === 'true';
    reveal.setAttribute('aria-expanded', String(!shown));
    reveal.textContent = shown ? 'Show' : 'Hide';
    value.textContent = shown ? HIDDEN : token;
  }, 'quiet', { 'aria-expanded': 'false' });
  return element('div', { class: 'token-row' },
    element('span', { class: 'sub', text: 'Processor token' }),
    element('div', { class: 'token-line' }, value, reveal, copyButton('Copy', () => token)),
    element('p', { class: 'hint', text: 'Shown here once, after linking. Treat it like a key.' }));
};

/** @param {Account} account */
const accountTitle = (account) =>
  element('div', { class: 'grow' },
    element('span', { class: 'name', text: accountName(account) }),
    element('span', { class: 'sub' },
      accountKind(account),
      account.mask
        ? element('span', { class: 'mask' },
            element('span', { 'aria-hidden': 'true', text: ' •••• ' }),
            element('span', { class: 'unseen', text: ' ending in ' }),
            account.mask)
        : null));

/** @param {Account} account */
const accountState = (account) => {
  const [text, kind] = accountStatus(account.status);
  return element('span', { class: `state ${kind}`, text });
};

/**
 * How far the account is at Astra, with its id there.
 * @param {Account} account
 * @param {Astra} astra
 */
const astraLine = (account, astra) => {
  const told = astraStatus(account, astra);
  if (!told) return null;
  const { status: [text, kind], more } = told;
  return element('div', { class: 'account-line at-astra' },
    element('span', { class: 'grow sub', text: more ?? '' }),
    element('span', { class: `state ${kind}`, text }));
};

/**
 * @param {Item} item
 * @param {Acts} act
 * @param {Astra} astra
 * @returns {(account: Account) => HTMLElement}
 */
const accountRow = (item, act, astra) => (account) => {
  const usable = account.status === 'available' && item.action === 'none';
  return element('li', { class: 'account' },
    element('div', { class: 'account-line' },
      accountTitle(account),
      usable
        ? makeButton('Use for payments', (pressed) => act.select(item, account.account_id, pressed), 'quiet', {
            'aria-label': `Use ${accountName(account)} for payments`,
          })
        : accountState(account)),
    astraLine(account, astra),
    account.processor_token ? tokenRow(account.processor_token) : null);
};

/**
 * @param {Item} item
 * @param {Account} account
 */
const choice = (item, account) =>
  element('li', {},
    element('label', { class: 'choice' },
      element('input', { type: 'radio', name: `account-${item.item_id}`, value: account.account_id, required: true }),
      accountTitle(account)));

/**
 * @param {string} title
 * @param {...(Node | null)} children
 */
const fold = (title, ...children) => element('details', { class: 'fold' }, element('summary', { text: title }), ...children);

/**
 * @param {Account[]} accounts
 * @param {(account: Account) => boolean} test
 * @returns {[Account[], Account[]]}
 */
const split = (accounts, test) => [accounts.filter(test), accounts.filter((account) => !test(account))];

/**
 * Accounts that cannot be chosen stand apart, and say why not.
 * @param {Item} item
 * @param {Acts} act
 * @param {Astra} astra
 */
const selection = (item, act, astra) => {
  const [open, closed] = split(item.accounts, (account) => account.status === 'available');
  const submit = element('button', { type: 'submit', class: 'primary', text: 'Use this account' });
  const form = element('form', { class: 'selection' },
    element('fieldset', {},
      element('legend', { text: advice(item) }),
      element('ul', { class: 'choices' }, open.map((account) => choice(item, account)))),
    closed.length === 0
      ? null
      : fold(`${plural(closed.length, 'account')} that cannot be used`,
          element('ul', { class: 'accounts inset' }, closed.map(accountRow(item, act, astra)))),
    submit);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const chosen = new FormData(form).get(`account-${item.item_id}`);
    if (chosen && !isBusy(submit)) act.select(item, String(chosen), submit);
  });
  return form;
};

/** @type {Record<string, (item: Item, act: Acts) => HTMLElement>} */
const BUTTONS = {
  verify_deposits: (item, act) => button(item, 'Enter the code', (pressed) => act.update(item, pressed)),
  relink: (item, act) => button(item, 'Log in again', (pressed) => act.update(item, pressed)),
  link_again: (item, act) => button(item, 'Link again', (pressed) => act.linkAgain(item, pressed)),
  wait: (item, act) => button(item, 'Check now', (pressed) => act.check(item, pressed), 'secondary'),
};

/** @type {Record<string, string>} */
const MOODS = { wait: 'calm', link_again: 'bad' };

/**
 * @param {Item} item
 * @param {Acts} act
 * @param {Astra} astra
 */
const todo = (item, act, astra) => {
  const text = advice(item);
  if (!text) return null;
  if (isLeaving(item)) return element('div', { class: 'todo calm' }, element('p', { text }));
  if (item.action === 'select_account') return element('div', { class: 'todo plain' }, selection(item, act, astra));
  const said = [text, nextLook(item)].filter(Boolean).join(' ');
  return element('div', { class: `todo ${MOODS[item.action] ?? 'warn'}` },
    element('p', { text: said }),
    BUTTONS[item.action]?.(item, act));
};

// What mends what is announced, where the Item itself does not ask for it already.
/** @type {[string, 'update']} */
const MEND = ['Log in again', 'update'];
/** @type {Record<string, [string, 'update' | 'changeAccounts']>} */
const MENDS = {
  pending_disconnect: MEND,
  pending_expiration: MEND,
  product_permissions_required: MEND,
  new_accounts_available: ['Share more accounts', 'changeAccounts'],
};

/**
 * @param {Item} item
 * @param {import('./api.js').ItemNotice} notice
 * @param {Acts} act
 */
const noticeLine = (item, notice, act) => {
  const mend = item.action === 'relink' ? undefined : MENDS[notice.code];
  return element('div', { class: `todo ${mend === MEND ? 'warn' : 'calm'}` },
    icon('info'),
    element('p', { text: noticeText(notice, item.institution) }),
    mend ? button(item, mend[0], (pressed) => act[mend[1]](item, pressed), 'secondary') : null);
};

const IN_SIGHT = ['ready', 'available'];

/**
 * The accounts that matter are in sight; what else the bank shares is one click away.
 * @param {Item} item
 * @param {Acts} act
 * @param {Astra} astra
 */
const accountList = (item, act, astra) => {
  const { accounts } = item;
  const [first, others] = accounts.some(({ status }) => status === 'ready')
    ? split(accounts, ({ status }) => IN_SIGHT.includes(status))
    : [accounts, []];
  const row = accountRow(item, act, astra);
  return [
    element('ul', { class: 'accounts', 'aria-label': 'Accounts' }, first.map(row)),
    others.length === 0
      ? null
      : fold(plural(others.length, 'other account'), element('ul', { class: 'accounts' }, others.map(row))),
  ];
};

/** @param {Item} item */
const summary = (item) => {
  const ready = item.accounts.filter((account) => account.status === 'ready').length;
  const count = plural(item.accounts.length, 'account');
  return ready > 0 && item.accounts.length > 1 ? `${count}, ${ready} used for payments` : count;
};

/**
 * The user may share other accounts with us than at first, or none any more.
 * @param {Item} item
 * @param {Acts} act
 */
const foot = (item, act) =>
  element('footer', { class: 'item-foot' },
    item.status === 'active' && item.action === 'none'
      ? button(item, 'Change shared accounts', (pressed) => act.changeAccounts(item, pressed), 'quiet')
      : null,
    button(item, 'Remove', (pressed) => act.remove(item, pressed), 'quiet remove'));

/**
 * @param {Item} item
 * @param {Acts} act
 * @param {Astra} astra
 */
const card = (item, act, astra) => {
  const name = bankName(item.institution);
  const leaving = isLeaving(item);
  const choosing = item.action === 'select_account';
  const title = element('h2', { id: titleId(item), tabindex: '-1', text: name || 'Bank account' });
  return element('article', { class: 'card item', 'aria-labelledby': title.id },
    element('header', { class: 'item-head' },
      logo(name),
      element('div', { class: 'grow' }, title, element('span', { class: 'sub', text: summary(item) })),
      pill(itemStatus(item))),
    todo(item, act, astra),
    leaving ? null : item.notices.map((notice) => noticeLine(item, notice, act)),
    leaving || choosing || item.accounts.length === 0 ? null : accountList(item, act, astra),
    leaving ? null : foot(item, act));
};

const STEPS = ['Choose your bank', 'Log in there, through Plaid', 'Pick the account to pay from'];

const empty = () =>
  element('div', { class: 'card empty' },
    element('span', { class: 'empty-mark', 'aria-hidden': 'true' }, icon('bank')),
    element('h2', { text: 'No bank linked yet' }),
    element('p', { text: 'It takes about a minute, and we never see your password.' }),
    element('ol', { class: 'steps' }, STEPS.map((step) => element('li', { text: step }))));

const skeleton = () =>
  element('div', { class: 'card item skeleton', 'aria-hidden': 'true' },
    element('div', { class: 'item-head' },
      element('span', { class: 'bone logo' }),
      element('div', { class: 'grow' }, element('span', { class: 'bone long' }), element('span', { class: 'bone short' }))),
    element('span', { class: 'bone row' }));

/** @param {() => void} retry */
const failed = (retry) =>
  element('div', { class: 'card empty' },
    element('span', { class: 'empty-mark bad', 'aria-hidden': 'true' }, icon('alert')),
    element('h2', { text: 'Your banks could not be loaded' }),
    element('p', { text: 'They are safe. Only this list is missing.' }),
    makeButton('Try again', retry, 'secondary'));

// Without a bank, the one thing to do stands where the banks will be.
const placeLinkButton = (/** @type {HTMLElement} */ host) => {
  const link = byId('link-bank');
  if (link.parentElement === host) return;
  const focused = document.activeElement === link;
  host.append(link);
  if (focused) link.focus();
};

/**
 * @param {HTMLElement} node
 * @param {boolean} busy
 */
const showOnly = (node, busy) => {
  placeLinkButton(byId('head'));
  drawn.clear();
  list.replaceChildren(node);
  list.setAttribute('aria-busy', String(busy));
};

export const showLoading = () => showOnly(skeleton(), true);

/** @param {() => void} retry */
export const showFailure = (retry) => showOnly(failed(retry), false);

const showEmpty = () => {
  const node = empty();
  showOnly(node, false);
  placeLinkButton(node);
};

/**
 * A new card opens what was open and keeps what was chosen in the one before.
 * @param {HTMLElement} before
 * @param {HTMLElement} node
 */
const takeOver = (before, node) => {
  const chosen = before.querySelector('input:checked');
  const value = chosen instanceof HTMLInputElement ? chosen.value : null;
  for (const input of node.querySelectorAll('input')) input.checked = input.value === value;
  if (before.querySelector('details[open]')) node.querySelector('details')?.setAttribute('open', '');
};

/**
 * Puts the cards in their order; those that stay where they are are not touched.
 * @param {HTMLElement[]} nodes
 */
const place = (nodes) => {
  for (const child of [...list.children]) if (!nodes.some((node) => node === child)) child.remove();
  nodes.forEach((node, at) => {
    const there = list.children.item(at);
    if (there !== node) list.insertBefore(node, there);
  });
};

/**
 * @param {Item[]} items
 * @param {Acts} act
 * @param {Astra} astra
 */
export const showItems = (items, act, astra) => {
  if (items.length === 0) {
    showEmpty();
    return;
  }
  placeLinkButton(byId('head'));
  const focused = document.activeElement;
  const left = [...drawn].find(([, { node }]) => node.contains(focused))?.[0];
  const nodes = items.map((item) => {
    const shape = JSON.stringify([item, astra]);
    const before = drawn.get(item.item_id);
    if (before && before.shape === shape) return before.node;
    const node = card(item, act, astra);
    if (before) takeOver(before.node, node);
    drawn.set(item.item_id, { shape, node });
    return node;
  });
  const ids = new Set(items.map((item) => item.item_id));
  for (const id of [...drawn.keys()]) if (!ids.has(id)) drawn.delete(id);
  place(nodes);
  list.setAttribute('aria-busy', 'false');
  if (left && !focused?.isConnected) focusItem(left);
};

/**
 * A card at work: nothing in it can be pressed.
 * @param {string} itemId
 * @param {boolean} working
 */
export const showWorking = (itemId, working) => {
  const kept = drawn.get(itemId);
  if (!kept) return;
  kept.node.setAttribute('aria-busy', String(working));
  for (const control of kept.node.querySelectorAll('button')) setBusy(control, working);
};

/**
 * The card's title, or the page's if the card is gone.
 * @param {string} itemId
 */
export const focusItem = (itemId) => {
  const title = drawn.get(itemId)?.node.querySelector('h2') ?? byId('banks-title');
  title.focus();
};
