import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World } from './support.js';

let world;
before(async () => { world = await World.start(); });
after(() => world.stop());

const BANK = 'First Platypus Bank';

const STEPS = [
  ['consent', null, true, (link) => link.title(/wants to link/)],
  ['institutions', 'institution_not_found', true, (link) => link.toInstitutions()],
  ['credentials', 'requires_credentials', false, async (link) => {
    await link.to(BANK);
    await link.title(/Log in to/);
  }],
  ['device', 'choose_device', false, async (link) => {
    await link.to(BANK);
    await link.logIn('mfa_device');
    await link.title('How should we');
  }],
  ['code', 'requires_code', false, async (link) => {
    await link.to(BANK);
    await link.logIn('mfa_device');
    await link.press('Send code');
    await link.title('Enter the code');
  }],
  ['questions', 'requires_questions', false, async (link) => {
    await link.to(BANK);
    await link.logIn('mfa_questions_1_1');
    await link.title('Answer this question');
  }],
  ['selections', 'requires_selections', false, async (link) => {
    await link.to(BANK);
    await link.logIn('mfa_selections');
    await link.title('Answer these questions');
  }],
  ['accounts', 'requires_account_selection', false, async (link) => {
    await link.to(BANK);
    await link.logIn();
    await link.title('Select accounts');
  }],
  ['oauth', 'requires_oauth', false, async (link) => {
    await link.to('Platypus OAuth Bank');
    await link.title('Log in at');
  }],
];

for (const [pane, status, free, reach] of STEPS) {
  test(`leaving at ${pane} says ${status}`, async () => {
    const link = await world.open();
    await reach(link);
    await link.shot(`exit-${pane}`);
    const { error, metadata } = await link.leave(free ? 'free' : '');
    assert.equal(error, null);
    assert.equal(metadata.status, status);
    assert.ok(metadata.request_id && metadata.link_session_id);
    const log = await link.log();
    assert.equal(log.at(-2).name, 'EXIT');
    assert.equal(log.at(-2).metadata.exit_status, status);
    const { link_sessions } = await world.post('/link/token/get', { link_token: link.token });
    assert.equal(link_sessions[0].exit.metadata.status ?? null, status);
    await link.close();
  });
}

test('who does not want to leave goes on', async () => {
  const link = await world.open();
  await link.to(BANK);
  await link.title(/Log in to/);
  await link.frame.locator('#username').press('Escape');
  await link.shot('leave');
  await link.press('Keep going');
  await link.logIn();
  await link.title('Select accounts');
  await link.close();
});
