// Users who leave Link before it is done.

import assert from 'node:assert/strict';

import { BANK, OAUTH_BANK } from '../banks.js';
import { picture } from '../browser.js';
import { pageTest } from '../reference-page.js';

pageTest('a user who leaves is told so, and the API learns how far they were', async (app) => {
  const { page, user } = app;
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.title(/Log in to/);
  await app.leave({ ask: true });
  await app.notice('No bank was linked').getByText(/left before logging in/).waitFor();
  await picture(page, 'exit');
  const session = await user.link(app.linkId);
  assert.equal(session.problem.status, 'requires_credentials');
  assert.deepEqual(await user.items(), []);
});

// How a user gets to a pane from Link's first one, and what leaving there reports.
const TO_LOGIN = async (link) => {
  await link.chooseBank(BANK);
  await link.title(/Log in to/);
};
const LEAVINGS = [
  ['when asked for consent', async (link) => link.title(/wants to link/), { ask: false }],
  ['while choosing a bank', (link) => link.toBanks(), { ask: false }],
  ['while choosing how to get a code', async (link) => {
    await TO_LOGIN(link);
    await link.logIn({ password: 'mfa_device' });
    await link.title(/How should we send/);
  }, { ask: true, status: 'choose_device' }],
  ['while entering a code', async (link) => {
    await TO_LOGIN(link);
    await link.logIn({ password: 'mfa_device' });
    await link.press('Send code');
    await link.title('Enter the code');
  }, { ask: true, status: 'requires_code' }],
  ['while choosing accounts', async (link) => {
    await TO_LOGIN(link);
    await link.logIn();
    await link.title(/Select a/);
  }, { ask: true, status: 'requires_account_selection' }],
  ['before going to the bank’s own site', async (link) => {
    await link.chooseBank(OAUTH_BANK);
    await link.frame.getByRole('button', { name: `Continue to ${OAUTH_BANK}` }).waitFor();
  }, { ask: true, status: 'requires_oauth' }],
];

for (const [where, go, { ask, status }] of LEAVINGS) {
  pageTest(`a user may leave ${where}`, async (app) => {
    await go(await app.startLink());
    await app.leave({ ask });
    const session = await app.user.link(app.linkId);
    assert.equal(session.status, 'exited');
    if (status) assert.equal(session.problem.status, status);
    assert.deepEqual(await app.user.items(), []);
  });
}

pageTest('an error of the bank is told in Plaid’s own words', async (app) => {
  const { page, user } = app;
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn({ password: 'error_ITEM_LOCKED' });
  await link.title(/locked/);
  await link.close({ ask: false });
  const notice = app.notice('No bank was linked');
  await notice.getByText('ITEM_LOCKED').waitFor();
  await picture(page, 'error');
  const { problem } = await user.link(app.linkId);
  assert.equal(problem.error_code, 'ITEM_LOCKED');
  if (problem.display_message) await notice.getByText(problem.display_message).waitFor();
});
