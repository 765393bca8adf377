// What is said to people about what machines report.

/** @typedef {import('./api.js').Item} Item */
/** @typedef {import('./api.js').Account} Account */
/** @typedef {import('./api.js').Problem} Problem */
/** @typedef {import('./link.js').LinkError} LinkError */
/** @typedef {import('./link.js').ExitMetadata} ExitMetadata */
/** @typedef {import('./notices.js').Notice} Notice */
/** @typedef {{name?: string | null} | null} Named */
/** @typedef {[text: string, kind: string]} Status */

const COUNT = new Intl.PluralRules('en');

/**
 * @param {number} count
 * @param {string} noun
 */
export const plural = (count, noun) => `${count} ${noun}${COUNT.select(count) === 'one' ? '' : 's'}`;

/** @param {Named} institution */
export const bankName = (institution) => (institution && institution.name) || null;

/** @param {Named} institution */
const yourBank = (institution) => bankName(institution) || 'your bank';

/** @param {string} text */
export const capital = (text) => text.replace(/^./u, (first) => first.toUpperCase());

/** @param {string} text */
const unknown = (text) => capital(text.replaceAll('_', ' '));

/**
 * An Item in one word or two, and how it looks.
 * @type {Record<string, Status>}
 */
const STATUS = {
  linking: ['Linking', 'busy'],
  login_required: ['Log in again', 'warn'],
  needs_user: ['Needs you', 'warn'],
  revoked: ['Disconnected', 'bad'],
  removing: ['Being removed', 'busy'],
  removed: ['Removed', 'plain'],
};

/** @type {Record<string, Status>} */
const ACTION = {
  none: ['Connected', 'good'],
  select_account: ['Choose an account', 'warn'],
  verify_deposits: ['Confirm deposit', 'warn'],
  wait: ['In progress', 'busy'],
  relink: ['Log in again', 'warn'],
  link_again: ['Not usable', 'bad'],
};

/**
 * @param {Item} item
 * @returns {Status}
 */
export const itemStatus = ({ status, action }) => STATUS[status] || ACTION[action] || [unknown(status), 'plain'];

/** @param {Item} item */
export const isLeaving = ({ status }) => ['removing', 'removed'].includes(status);

/** @param {Item} item */
export const needsUser = (item) => !isLeaving(item) && !['none', 'wait'].includes(item.action);

/** @type {Record<string, Status>} */
const ACCOUNT = {
  ready: ['Ready for payments', 'good'],
  available: ['Available', 'plain'],
  pending_verification: ['Being verified', 'busy'],
  verification_failed: ['Not verified', 'bad'],
  revoked: ['No longer shared', 'bad'],
  not_eligible: ['Not for payments', 'plain'],
};

/**
 * @param {string} status
 * @returns {Status}
 */
export const accountStatus = (status) => ACCOUNT[status] || [unknown(status), 'plain'];

/**
 * An account at Astra.
 * @type {Record<string, Status>}
 */
const AT_ASTRA = {
  waiting: ['On its way to Astra', 'busy'],
  linked: ['At Astra', 'good'],
  refused: ['Refused by Astra', 'bad'],
  unclear: ['Being looked into', 'warn'],
  leaving: ['Leaving Astra', 'busy'],
};

/**
 * How far an account is at Astra; nothing where Astra has no part in it.
 * @param {Account} account
 * @param {import('./page.js').AstraStatus | null} astra
 * @returns {{status: Status, more: string | null} | null}
 */
export const astraStatus = ({ status, at_astra: told }, astra) => {
  if (told) {
    const more = told.reason ?? (told.astra_account_id ? `Astra account ${told.astra_account_id}` : null);
    return { status: AT_ASTRA[told.status] || [unknown(told.status), 'plain'], more };
  }
  if (!astra || status !== 'ready') return null;
  return astra === 'connected'
    ? { status: ['Waiting for Astra', 'busy'], more: null }
    : { status: ['Not at Astra yet', 'plain'], more: null };
};

/** @typedef {{title: string, text: string, kind: string, act: string}} Connection */

/**
 * The user's connection to Astra, and what its button does.
 * @type {Record<string, Connection>}
 */
const ASTRA = {
  none: {
    title: 'Connect Astra',
    text: 'Astra moves the money. Allow us once to bring your accounts there.',
    kind: 'plain',
    act: 'Connect Astra',
  },
  connected: {
    title: 'Astra is connected',
    text: 'Accounts that are ready for payments are brought there by themselves.',
    kind: 'good',
    act: 'Disconnect',
  },
  reauthorization_required: {
    title: 'Astra needs your permission again',
    text: 'Until then no further account is brought there.',
    kind: 'warn',
    act: 'Authorise again',
  },
};

/**
 * @param {string} status
 * @returns {Connection}
 */
export const astraConnection = (status) =>
  ASTRA[status] || { title: unknown(status), text: '', kind: 'plain', act: 'Connect Astra' };

/** @param {Account} account */
export const accountName = ({ name, subtype, type }) => name || capital(subtype || type || 'account');

/**
 * Short kinds are abbreviations: CD, IRA, HSA.
 * @param {Account} account
 */
export const accountKind = ({ subtype, type }) => {
  const text = subtype || type || '';
  return text.length <= 3 ? text.toUpperCase() : capital(text);
};

/**
 * What is true of all of a user's banks.
 * @param {Item[]} items
 */
export const overview = (items) => {
  const waiting = items.filter(needsUser).length;
  if (waiting === 0) return 'Accounts that can be used for payments.';
  if (items.length === 1) return 'Your bank needs you.';
  return `${waiting} of your ${items.length} banks ${waiting === 1 ? 'needs' : 'need'} you.`;
};

export const OUT_OF_DATE = 'There is no connection at the moment. This page catches up by itself.';

/**
 * What the user should do about an Item.
 * @param {Item} item
 * @returns {string | null}
 */
export const advice = (item) => {
  const { action, status, institution } = item;
  const bank = yourBank(institution);
  if (isLeaving(item)) return `We are ending the connection to ${bank}. You do not have to do anything.`;
  switch (action) {
    case 'select_account':
      return 'Which account should payments come from?';
    case 'verify_deposits':
      return `We sent one cent to your account. Find it on your statement at ${bank}, then enter the ` +
        'three letters beside it.';
    case 'wait':
      return status === 'linking'
        ? `We are finishing the connection to ${bank}. This takes a few seconds.`
        : 'We sent a small deposit to make sure that the account is yours. It usually takes a day or two; ' +
          'you do not have to do anything.';
    case 'relink':
      return `Log in at ${bank} again to keep this connection working.`;
    case 'link_again':
      return status === 'revoked'
        ? `The connection to ${bank} was ended. Link the bank again to use it.`
        : `This connection cannot be used for payments. Link the bank again, with another account if you have one.`;
    default:
      return null;
  }
};

const RELATIVE = new Intl.RelativeTimeFormat('en');
const DAY_LENGTH = 86_400;
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [['day', DAY_LENGTH], ['hour', 3600], ['minute', 60], ['second', 1]];

/** @param {number} seconds */
const inWords = (seconds) => {
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ['second', 1];
  return RELATIVE.format(Math.round(seconds / length), unit);
};

/**
 * When an Item that waits is worth another look.
 * @param {Item} item
 */
export const nextLook = ({ poll_after_seconds: seconds }) => (seconds ? `We look again ${inWords(seconds)}.` : null);

const DAY = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long' });
const DAY_AND_YEAR = new Intl.DateTimeFormat('en', { dateStyle: 'long' });

/** @param {string | undefined} time */
const dayOf = (time) => {
  if (!time) return ' soon';
  const date = new Date(time);
  const days = Math.round((date.getTime() - Date.now()) / (DAY_LENGTH * 1000));
  if (days > 60) return ` on ${DAY_AND_YEAR.format(date)}`;
  return days < 1 ? ` on ${DAY.format(date)}` : ` ${RELATIVE.format(days, 'day')}, on ${DAY.format(date)}`;
};

/**
 * What the bank has announced.
 * @type {Record<string, (bank: string, day: string) => string>}
 */
const NOTICE = {
  pending_disconnect: (bank, day) => `${capital(bank)} ends this connection${day}. Log in again before, and it goes on.`,
  pending_expiration: (bank, day) => `Your permission at ${bank} ends${day}. Log in again before, and it goes on.`,
  new_accounts_available: (bank) => `You have accounts at ${bank} that are not shared yet.`,
  product_permissions_required: (bank) => `${capital(bank)} was not allowed to give us your account numbers.`,
};

/**
 * A notice that we do not know yet is shown as far as it can be read.
 * @param {import('./api.js').ItemNotice} notice
 * @param {Named} institution
 */
export const noticeText = ({ code, act_before: time }, institution) => {
  const day = dayOf(time);
  const words = NOTICE[code] || (() => unknown(code) + (time ? day : ''));
  return words(yourBank(institution), day);
};

/**
 * An Item that was just linked, or whose account was just chosen.
 * @param {Item} item
 * @returns {Notice | null}
 */
export const linkedNotice = ({ action, institution }) =>
  action === 'none'
    ? { kind: 'good', title: `${bankName(institution) || 'Your account'} is connected`, text: 'You can pay from it now.' }
    : null;

/**
 * An Item after update mode.
 * @param {Item} item
 * @returns {Notice}
 */
export const updatedNotice = (item) =>
  linkedNotice(item) ?? {
    kind: 'info',
    title: 'Thank you',
    text: needsUser(item)
      ? 'One more thing is needed: see below.'
      : 'Your bank has confirmed it. This page follows in a moment.',
  };

/**
 * @param {Item | null} item
 * @returns {Notice}
 */
export const duplicateNotice = (item) => ({
  kind: 'info',
  title: `${(item && bankName(item.institution)) || 'This account'} is linked already`,
  text: 'You have connected this account before, so nothing was changed.',
});

/** @param {string} bank */
const HALFWAY = (bank) => `You left before ${bank} could confirm that it is you.`;

/**
 * Left without an error: by how far Link was. Numbers that are typed, and the code of
 * their deposit, belong to no bank that Plaid knows.
 * @type {Record<string, (bank: string, known: boolean) => string>}
 */
const LEFT = {
  institution_not_found: () =>
    'Your bank was not in the list? Many banks go by another name there; try the name on your card.',
  institution_not_supported: (bank) => `${capital(bank)} cannot be linked yet. Another bank may work.`,
  requires_credentials: (bank, known) =>
    `You left before your ${known ? `details at ${bank}` : 'account details'} were complete.`,
  requires_oauth: (bank) => `You left before logging in at ${bank}.`,
  requires_account_selection: () => 'You left before choosing an account.',
  choose_device: HALFWAY,
  requires_questions: HALFWAY,
  requires_selections: HALFWAY,
  requires_code: (bank, known) => (known ? HALFWAY(bank) : 'You left before entering the code of the deposit.'),
};

const LOCKED = 'TOO_MANY_VERIFICATION_ATTEMPTS';

/** @param {string} bank */
const NO_ANSWER = (bank) => `${capital(bank)} does not answer at the moment. Try again in a few hours.`;

/**
 * With an error but without words for users.
 * @type {Record<string, (bank: string) => string>}
 */
const FAILED = {
  INSTITUTION_DOWN: NO_ANSWER,
  INSTITUTION_NOT_RESPONDING: NO_ANSWER,
  INSTITUTION_NOT_AVAILABLE: NO_ANSWER,
  INSTITUTION_NO_LONGER_SUPPORTED: (bank) => `${capital(bank)} cannot be linked any more.`,
  NO_ACCOUNTS: (bank) => `There is no open account behind this login at ${bank}.`,
  NO_AUTH_ACCOUNTS: (bank) => `None of your accounts at ${bank} can be used for payments. Another bank may have one.`,
  ACCESS_NOT_GRANTED: (bank) => `You did not give access to your accounts at ${bank}.`,
  INVALID_CREDENTIALS: (bank) => `${capital(bank)} did not accept the user name or the password.`,
  INVALID_MFA: (bank) => `${capital(bank)} did not accept the answer.`,
  INVALID_LINK_TOKEN: () => 'Linking took too long, and the session ended. Start again.',
  ITEM_LOCKED: (bank) => `${capital(bank)} has locked your login. Unlock it there, then try again.`,
  [LOCKED]: () => 'The code was wrong too often. Link the account again.',
};

/**
 * @param {LinkError | null} error
 * @param {boolean} updating
 */
const exitTitle = (error, updating) => {
  if (!updating) return 'No bank was linked';
  return error && error.error_code === LOCKED ? 'This account is locked' : 'Nothing was changed';
};

/** @param {string | null | undefined} id */
const request = (id) => (id ? `Request ${id}` : null);

/**
 * @param {LinkError | null} error
 * @param {ExitMetadata} metadata
 * @param {boolean} updating
 * @returns {Notice}
 */
export const exitNotice = (error, metadata, updating) => {
  const bank = yourBank(metadata.institution);
  const title = exitTitle(error, updating);
  if (!error) {
    const words = LEFT[metadata.status ?? ''] || (() => 'You can start again whenever you like.');
    return { kind: 'info', title, text: words(bank, Boolean(bankName(metadata.institution))) };
  }
  const what = updating ? `The connection to ${bank} could not be changed` : `${capital(bank)} could not be linked`;
  const fallback = FAILED[error.error_code] || (() => `${what}. Try again in a moment.`);
  return {
    kind: 'error',
    title,
    text: error.display_message || fallback(bank),
    small: [error.error_code, request(metadata.request_id)],
    support: [
      ['Error', `${error.error_type} ${error.error_code}`],
      ['Said', error.error_message],
      ['Plaid request', metadata.request_id],
      ['Link session', metadata.link_session_id],
      ['Institution', bankName(metadata.institution)],
    ],
  };
};

const PASSES = 'Nothing is lost. Try again {when}.';
const AGAIN = 'The connection was not finished in time. Link your bank again.';

/**
 * What users read in place of a problem's detail, which is meant for those who build; `{when}`
 * is how long our API asks to wait.
 * @type {Record<string, string>}
 */
const PROBLEM = {
  storage_unavailable: PASSES,
  plaid_unavailable: PASSES,
  plaid_unintelligible: PASSES,
  out_of_time: PASSES,
  internal_error: 'This is a fault on our side. If it happens again, tell our support.',
  institution_unavailable: 'Your bank does not answer at the moment. Try again in a few hours.',
  plaid_not_configured: 'Banks cannot be reached until we have mended something. Tell our support, or come back later.',
  public_token_refused: AGAIN,
  exchange_lost: AGAIN,
  item_removed: AGAIN,
  item_revoked: 'You took the permission back at your bank. Link the bank again to use it.',
  not_found: 'This bank is not here any more.',
  unknown_account: 'This account is not shared any more. Choose another one.',
  account_not_eligible: 'Payments need a checking, savings or cash management account. Choose another one.',
  account_not_verified: 'We could not verify that this account is yours. Link it again, or another one.',
  update_mode_required: 'Your bank wants you to log in again first.',
  too_many_items: 'You have as many banks as one may have here. Remove one first.',
  exchange_in_progress: 'Your bank is still being connected. Try again {when}.',
  item_linking: 'Your bank is still being connected. Try again {when}.',
  astra_unavailable: 'Astra does not answer at the moment. Nothing is lost. Try again {when}.',
  astra_not_configured: 'Astra cannot be reached until we have mended something. Tell our support, or come back later.',
  astra_state_unknown: 'That took too long, or it was begun elsewhere. Connect Astra again.',
  astra_code_refused: 'Astra did not accept your permission. Connect Astra again.',
  astra_user_differs: 'At Astra you signed in as somebody else than before. Disconnect Astra first.',
  astra_not_connected: 'Its accounts are at Astra, where we cannot reach them any more. Connect Astra again first.',
  astra_keeps_account: 'Astra still uses an account of this bank. End what is planned there first.',
  too_often: 'That was a lot at once. Try again {when}.',
};

// Seconds that nobody notices.
const SOON = 10;

/**
 * @param {Problem} problem
 * @returns {string}
 */
const problemText = ({ code, detail, plaid, retryAfter }) => {
  const when = retryAfter && retryAfter > SOON ? inWords(retryAfter) : 'in a moment';
  return plaid?.display_message || (PROBLEM[code] ?? detail).replace('{when}', when);
};

/**
 * A problem of our API.
 * @param {Problem} problem
 * @param {string} title
 * @returns {Notice}
 */
export const problemNotice = (problem, title) => {
  const { code, detail, plaid, requestId, status } = problem;
  const text = problemText(problem);
  return {
    kind: 'error',
    title,
    text,
    detail: text.includes(detail) ? null : detail,
    small: [code, request(requestId)],
    support: [
      ['Code', code],
      ['Status', status ? String(status) : null],
      ['Request', requestId],
      ['Plaid', plaid?.error_code ?? null],
      ['Plaid request', plaid?.request_id ?? null],
    ],
  };
};

/**
 * A mistake of this page.
 * @param {unknown} error
 * @param {string} title
 * @returns {Notice}
 */
export const faultNotice = (error, title) => ({
  kind: 'error',
  title,
  text: 'Something went wrong on this page. Reload it and try again.',
  small: [error instanceof Error ? error.name : 'Error'],
  support: [['Error', String(error)]],
});
