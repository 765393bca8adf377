// Users who leave Link before it is done: at every pane, and after every kind of failure.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  AUTOMATED_BANK, AUTOMATED_USER, BANK, DOWN_BANK, INSTANT_BANK, INSTANT_NUMBERS, OAUTH_BANK, UNSUPPORTED_BANK,
} from '../banks.js';
import { picture } from '../browser.js';
import { pageTest } from '../reference-page.js';
import { PLAID, lastRunOfLink, liveItems, look } from '../stack.js';

const TITLE = 'No bank was linked';

// Ways from Link's first pane, each to a pane with this title.
const bankShows = (bank, title) => async (link) => {
  await link.chooseBank(bank);
  await link.title(title);
};
const loginLeadsTo = (credentials, title) => async (link) => {
  await link.chooseBank(BANK);
  await link.logIn(credentials);
  await link.title(title);
};
const withoutBank = async (link) => {
  await link.toBanks();
  await link.press('Use account numbers instead');
  await link.title('Enter your account details');
};
const afterAccounts = async (link) => {
  await link.chooseBank(AUTOMATED_BANK);
  await link.logIn({ username: AUTOMATED_USER });
  await link.share('Plaid Checking');
  await link.title('Enter your account details');
};
const toCode = async (link) => {
  await loginLeadsTo({ password: 'mfa_device' }, /How should we send/)(link);
  await link.press('Send code');
  await link.title('Enter the code');
};
const toDepositCode = async (link) => {
  await link.chooseBank(INSTANT_BANK);
  await link.enterNumbers(INSTANT_NUMBERS);
  await link.title('Confirm your deposit');
};

const NOT_CONFIRMED = `You left before ${BANK} could confirm that it is you.`;
const incomplete = (details) => `You left before your ${details} were complete.`;

// Each pane, Plaid's `status` of a user who leaves there, what our page says, and the
// institution that Link then knows. Where there is nothing to lose Link does not `ask`.
const PANES = [
  { pane: 'consent', ask: false, status: null, says: 'You can start again whenever you like.',
    go: (link) => link.title(/wants to link/) },
  { pane: 'institutions', ask: false, status: 'institution_not_found', says: /^Your bank was not in the list\?/,
    go: (link) => link.toBanks() },
  { pane: 'credentials', status: 'requires_credentials', bank: BANK, says: incomplete(`details at ${BANK}`),
    go: bankShows(BANK, /Log in to/) },
  { pane: 'device', status: 'choose_device', bank: BANK, says: NOT_CONFIRMED,
    go: loginLeadsTo({ password: 'mfa_device' }, /How should we send/) },
  { pane: 'code', status: 'requires_code', bank: BANK, says: NOT_CONFIRMED, go: toCode },
  { pane: 'questions', status: 'requires_questions', bank: BANK, says: NOT_CONFIRMED,
    go: loginLeadsTo({ password: 'mfa_questions_1_1' }, 'Answer this question') },
  { pane: 'selections', status: 'requires_selections', bank: BANK, says: NOT_CONFIRMED,
    go: loginLeadsTo({ password: 'mfa_selections' }, 'Answer these questions') },
  { pane: 'oauth', status: 'requires_oauth', bank: OAUTH_BANK, says: `You left before logging in at ${OAUTH_BANK}.`,
    go: bankShows(OAUTH_BANK, /Log in at/) },
  { pane: 'accounts', status: 'requires_account_selection', bank: BANK, says: 'You left before choosing an account.',
    go: loginLeadsTo({}, 'Select accounts') },
  { pane: 'numbers', status: 'requires_credentials', says: incomplete('account details'), go: withoutBank },
  { pane: 'numbers', status: 'requires_credentials', bank: INSTANT_BANK, says: incomplete(`details at ${INSTANT_BANK}`),
    go: bankShows(INSTANT_BANK, 'Enter your account details') },
  { pane: 'numbers', status: 'requires_credentials', bank: AUTOMATED_BANK,
    says: incomplete(`details at ${AUTOMATED_BANK}`), go: afterAccounts },
  { pane: 'deposit_code', status: 'requires_code', bank: INSTANT_BANK,
    says: `You left before ${INSTANT_BANK} could confirm that it is you.`, go: toDepositCode },
];

const NO_BANK = 'Your bank cannot be reached at the moment. Please try again later.';
const NOT_ACCEPTED = 'Your bank did not accept these credentials.';
// As Link reports them where Plaid has no words for users.
const noWords = (code) => ({ error_type: 'ITEM_ERROR', error_code: code, display_message: null });
const wrongCode = async (link) => {
  await toCode(link);
  await link.answer({ Code: '9999' });
  await link.alert(NOT_ACCEPTED);
};
const wrongPassword = async (link) => {
  await link.chooseBank(BANK);
  await link.logIn({ password: 'wrong' });
  await link.alert(NOT_ACCEPTED);
};

// The same after something went wrong, with what Link says went wrong.
const FAILURES = [
  { pane: 'failed', ask: false, status: 'requires_credentials', bank: DOWN_BANK, says: NO_BANK,
    error: { error_type: 'INSTITUTION_ERROR', error_code: 'INSTITUTION_DOWN', display_message: NO_BANK },
    go: bankShows(DOWN_BANK, 'Your bank does not answer') },
  { pane: 'failed', ask: false, status: 'institution_not_supported', bank: UNSUPPORTED_BANK, says: NO_BANK,
    error: { error_type: 'INSTITUTION_ERROR', error_code: 'INSTITUTION_NO_LONGER_SUPPORTED', display_message: NO_BANK },
    go: bankShows(UNSUPPORTED_BANK, 'This bank cannot be linked') },
  { pane: 'failed', ask: false, status: 'requires_credentials', bank: BANK, says: 'Your bank has locked this login.',
    error: { ...noWords('ITEM_LOCKED'), display_message: 'Your bank has locked this login.' },
    go: loginLeadsTo({ password: 'error_ITEM_LOCKED' }, /locked you out/) },
  { pane: 'failed', ask: false, status: 'requires_credentials', bank: BANK,
    says: `None of your accounts at ${BANK} can be used for payments. Another bank may have one.`,
    error: noWords('NO_AUTH_ACCOUNTS'), go: loginLeadsTo({ username: 'user_no_auth' }, 'No account that fits') },
  { pane: 'failed', ask: false, status: 'requires_credentials', bank: BANK,
    says: `There is no open account behind this login at ${BANK}.`,
    error: noWords('NO_ACCOUNTS'), go: loginLeadsTo({ username: 'user_no_accounts' }, 'No accounts') },
  { pane: 'failed', ask: false, status: 'requires_credentials', bank: BANK,
    says: `${BANK} could not be linked. Try again in a moment.`,
    error: noWords('NEW_NEXT_YEAR'), go: loginLeadsTo({ password: 'error_NEW_NEXT_YEAR' }, 'That did not work') },
  { pane: 'credentials', status: 'requires_credentials', bank: BANK, says: NOT_ACCEPTED,
    error: { ...noWords('INVALID_CREDENTIALS'), display_message: NOT_ACCEPTED }, go: wrongPassword },
  { pane: 'code', status: 'requires_code', bank: BANK, says: NOT_ACCEPTED,
    error: { ...noWords('INVALID_MFA'), display_message: NOT_ACCEPTED }, go: wrongCode },
];

// Leaves, and sees what everybody is told: our API by the page, its user, and our API's
// callers. Plaid knows the truth.
const leave = async (app, { pane, ask = true, status, bank, error = null, says, title = TITLE }, itemIds = []) => {
  const { pane: left, told } = await app.leave({ ask });
  assert.equal(left, pane);
  assert.equal(told.metadata.status, status);
  assert.equal(told.metadata.institution?.name, bank);
  assert.equal(told.error?.error_code, error?.error_code);
  await app.notice(title).getByText(says).waitFor();
  if (error) await app.notice(title).getByText(`${error.error_code} · Request ${told.metadata.request_id}`).waitFor();
  const nothing = { error_type: null, error_code: null, display_message: null };
  assert.deepEqual(await app.user.link(app.linkId), {
    link_id: app.linkId,
    status: 'exited',
    item_ids: itemIds,
    problem: { status, ...(error ?? nothing) },
  });
  const { link_session_id: session, exit } = await lastRunOfLink(app.linkToken);
  assert.equal(session, told.metadata.link_session_id);
  assert.equal(exit.metadata.status ?? null, status);
  assert.equal(exit.error?.error_code, error?.error_code);
};

for (const row of [...PANES, ...FAILURES]) {
  const where = row.bank ? `${row.pane} of ${row.bank}` : row.pane;
  const why = row.error ? ` after ${row.error.error_code}` : '';
  pageTest(`leaving at ${where}${why} says ${row.status}`, async (app) => {
    const before = await liveItems();
    await row.go(await app.startLink());
    await leave(app, row);
    assert.deepEqual(await app.user.items(), []);
    assert.deepEqual(await liveItems(), before);
  });
}

test('no pane of Link is left out', async () => {
  const source = await (await fetch(`${PLAID}/link/v2/stable/panes.js`)).text();
  const [, table] = source.match(/const PANES = \{([^}]*)\}/);
  const all = [...table.matchAll(/^ {2}(\w+)/gm)].map(([, pane]) => pane);
  // Who leaves where it worked has not given up: that is a test of its own.
  const here = new Set([...PANES, ...FAILURES].map(({ pane }) => pane).concat('connected'));
  assert.deepEqual([...here].sort(), all.sort());
});

pageTest('leaving when it has worked is no exit: the bank is linked', async (app) => {
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn();
  await link.share('Plaid Checking');
  await link.title('It worked');
  const reports = [];
  app.page.on('request', (request) => request.url().endsWith('/exit') && reports.push(request.url()));
  await link.close({ ask: false });
  await app.connected(BANK);
  await app.onlyItem();
  assert.deepEqual(reports, []);
  assert.equal((await app.user.link(app.linkId)).problem, undefined);
});

pageTest('a Link that has broken down can be left, too', async (app) => {
  const link = await app.startLink();
  await link.title(/wants to link/);
  await app.page.route('**/link/v2/session', (route) => route.abort());
  await link.press('Continue');
  await link.title('The simulator does not answer');
  const [report] = await Promise.all([app.reported(), link.press('Close')]);
  assert.equal(report.status(), 204);
  await app.notice(TITLE).getByText('Your bank could not be linked. Try again in a moment.').waitFor();
  const { problem } = await app.user.link(app.linkId);
  assert.deepEqual(problem, { ...noWords('INTERNAL_SERVER_ERROR'), error_type: 'API_ERROR', status: null });
  await app.page.unrouteAll();
  await (await app.startLink()).title(/wants to link/);
});

pageTest('who does not want to leave after all goes on', async (app) => {
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.title(/Log in to/);
  await link.press('Close Link');
  await picture(app.page, 'leave');
  await link.press('Keep going');
  await link.logIn();
  await link.share('Plaid Checking');
  await link.finish();
  await app.connected(BANK);
});

pageTest('who leaves is back where they were, and may start again', async (app) => {
  await app.startLink();
  await leave(app, PANES[0]);
  await picture(app.page, 'exit');
  assert.equal(await app.page.evaluate(() => document.activeElement.id), 'link-bank');
  const first = app.linkId;
  await (await app.startLink()).linkOneAccount();
  await app.connected(BANK);
  assert.notEqual(app.linkId, first);
  await app.notice(TITLE).waitFor({ state: 'detached' });
  assert.equal((await app.user.link(first)).status, 'exited');
});

const UPDATING = 'Nothing was changed';

pageTest('leaving update mode changes nothing, wherever that is', async (app) => {
  await (await app.startLink()).linkOneAccount();
  await app.connected(BANK);
  const item = await app.onlyItem();
  const truth = await look(`items/${item.item_id}`);
  const again = async (link) => {
    await link.title(/needs .* again/);
    await link.press('Continue');
    await link.title(/Log in to/);
  };
  const rows = [
    { pane: 'consent', ask: false, status: null, says: 'You can start again whenever you like.',
      go: (link) => link.title(/needs .* again/) },
    { pane: 'credentials', status: 'requires_credentials', says: incomplete(`details at ${BANK}`), go: again },
    { pane: 'accounts', status: 'requires_account_selection', says: 'You left before choosing an account.',
      go: async (link) => {
        await again(link);
        await link.logIn();
        await link.title('Select accounts');
      } },
    { pane: 'failed', ask: false, status: 'requires_credentials',
      says: `The connection to ${BANK} could not be changed. Try again in a moment.`, error: noWords('NEW_NEXT_YEAR'),
      go: async (link) => {
        await again(link);
        await link.logIn({ password: 'error_NEW_NEXT_YEAR' });
        await link.title('That did not work');
      } },
  ];
  for (const row of rows) {
    await row.go(await app.openLink(app.button('Change shared accounts')));
    await leave(app, { ...row, bank: BANK, title: UPDATING }, [item.item_id]);
    assert.equal(await app.focused(), 'Change shared accounts');
    assert.deepEqual(await app.onlyItem(), item);
    assert.deepEqual(await look(`items/${item.item_id}`), truth);
  }
  await picture(app.page, 'update-exit');
});
