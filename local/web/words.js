// What is said to people about what machines report.

const COUNT = new Intl.PluralRules('en');

export const plural = (count, noun) => `${count} ${noun}${COUNT.select(count) === 'one' ? '' : 's'}`;

export const bankName = (institution) => (institution && institution.name) || null;

const yourBank = (institution) => bankName(institution) || 'your bank';

export const capital = (text) => (text || '').replace(/^./u, (first) => first.toUpperCase());

// An Item in one word or two, and how it looks.
const STATUS = {
  linking: ['Linking', 'busy'],
  login_required: ['Log in again', 'warn'],
  needs_user: ['Needs you', 'warn'],
  revoked: ['Disconnected', 'bad'],
  removing: ['Being removed', 'busy'],
  removed: ['Removed', 'plain'],
};

const ACTION = {
  none: ['Connected', 'good'],
  select_account: ['Choose an account', 'warn'],
  verify_deposits: ['Confirm deposit', 'warn'],
  wait: ['In progress', 'busy'],
  relink: ['Log in again', 'warn'],
  link_again: ['Not usable', 'bad'],
};

export const itemStatus = ({ status, action }) =>
  STATUS[status] || ACTION[action] || [capital(status.replaceAll('_', ' ')), 'plain'];

const ACCOUNT = {
  ready: ['Ready for payments', 'good'],
  available: ['Available', 'plain'],
  pending_verification: ['Being verified', 'busy'],
  verification_failed: ['Not verified', 'bad'],
  revoked: ['No longer shared', 'bad'],
  not_eligible: ['Not for payments', 'plain'],
};

export const accountStatus = (status) =>
  ACCOUNT[status] || [capital(status.replaceAll('_', ' ')), 'plain'];

export const accountName = ({ name, subtype, type }) => name || capital(subtype || type || 'account');

// Short kinds are abbreviations: CD, IRA, HSA.
const kind = (text) => (text && text.length <= 3 ? text.toUpperCase() : capital(text));

export const accountKind = ({ subtype, type, mask }) =>
  [kind(subtype || type), mask ? `•••• ${mask}` : null].filter(Boolean).join(' ');

// What the user should do about an Item.
export const advice = ({ action, status, institution }) => {
  const bank = yourBank(institution);
  switch (action) {
    case 'select_account':
      return 'Which account should payments come from?';
    case 'verify_deposits':
      return `We sent one cent to your account. Find it on your statement at ${bank}, then enter the three letters beside it.`;
    case 'wait':
      return status === 'linking'
        ? `We are finishing the connection to ${bank}. This takes a few seconds.`
        : `We sent a small deposit to make sure that the account is yours. It usually takes a day or two; you do not have to do anything.`;
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
const UNITS = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];

// When an Item that waits is worth another look.
export const nextLook = ({ poll_after_seconds: seconds }) => {
  if (!seconds) return null;
  const [unit, length] = UNITS.find(([, size]) => seconds >= size);
  return `We look again ${RELATIVE.format(Math.round(seconds / length), unit)}.`;
};

const DAY = new Intl.DateTimeFormat('en', { dateStyle: 'long' });

const dayOf = (time) => (time ? ` on ${DAY.format(new Date(time))}` : ' soon');

// What the bank has announced.
const NOTICE = {
  pending_disconnect: (bank, day) => `${capital(bank)} ends this connection${day}. Log in again before, and it goes on.`,
  pending_expiration: (bank, day) => `Your permission at ${bank} ends${day}. Log in again before, and it goes on.`,
  new_accounts_available: (bank) => `You have accounts at ${bank} that are not shared yet.`,
  product_permissions_required: (bank) => `${capital(bank)} was not allowed to give us your account numbers.`,
};

// A notice that we do not know yet is shown as far as it can be read.
export const noticeText = ({ code, act_before: time }, institution) => {
  const day = dayOf(time);
  const words = NOTICE[code] || (() => capital((code || '').replaceAll('_', ' ')) + (time ? day : ''));
  return words(yourBank(institution), day);
};

const HALFWAY = (bank) => `You left before ${bank} could confirm that it is you.`;

// Left without an error: by how far Link was. Numbers that are typed, and the code of
// their deposit, belong to no bank that Plaid knows.
const LEFT = {
  institution_not_found: () => 'Your bank was not in the list? Many banks go by another name there; try the name on your card.',
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

// With an error but without words for users.
const FAILED = {
  INSTITUTION_DOWN: (bank) => `${capital(bank)} does not answer at the moment. Try again in a few hours.`,
  INSTITUTION_NOT_RESPONDING: (bank) => `${capital(bank)} does not answer at the moment. Try again in a few hours.`,
  INSTITUTION_NOT_AVAILABLE: (bank) => `${capital(bank)} does not answer at the moment. Try again in a few hours.`,
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

const exitTitle = (error, updating) => {
  if (!updating) return 'No bank was linked';
  return error && error.error_code === LOCKED ? 'This account is locked' : 'Nothing was changed';
};

export const exitNotice = (error, metadata, updating) => {
  const bank = yourBank(metadata.institution);
  const title = exitTitle(error, updating);
  if (error) {
    const what = updating ? `The connection to ${bank} could not be changed` : `${capital(bank)} could not be linked`;
    const fallback = FAILED[error.error_code] || (() => `${what}. Try again in a moment.`);
    return {
      kind: 'error',
      title,
      text: error.display_message || fallback(bank),
      small: [error.error_code, metadata.request_id && `Request ${metadata.request_id}`],
    };
  }
  const words = LEFT[metadata.status] || (() => 'You can start again whenever you like.');
  return { kind: 'info', title, text: words(bank, Boolean(bankName(metadata.institution))), small: [] };
};

// A problem of our API, or whatever else went wrong.
export const problemNotice = (problem, title) => ({
  kind: 'error',
  title,
  text: (problem.plaid && problem.plaid.display_message) || problem.detail || 'Something went wrong on this page. Reload it and try again.',
  small: [problem.code || problem.name, problem.requestId && `Request ${problem.requestId}`],
});
