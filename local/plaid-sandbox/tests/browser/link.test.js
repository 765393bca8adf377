import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World } from './support.js';

let world;
before(async () => { world = await World.start(); });
after(() => world.stop());

const PLATYPUS = { name: 'First Platypus Bank', institution_id: 'ins_109508' };

test('a user links one account, and Link tells it as the SDK says', async () => {
  const link = await world.open();
  await link.to('First Platypus Bank');
  await link.logIn();
  await link.share('Plaid Checking');
  await link.title('It worked');
  await link.press('Finish');
  const { token, metadata } = await link.said('success');
  assert.match(token, /^public-sandbox-/);
  assert.deepEqual(metadata.institution, PLATYPUS);
  assert.equal(metadata.transfer_status, null);
  assert.deepEqual(Object.keys(metadata.accounts[0]).sort(),
    ['class_type', 'id', 'mask', 'name', 'subtype', 'type', 'verification_status']);
  assert.deepEqual(metadata.accounts.map((account) => account.name), ['Plaid Checking']);
  assert.deepEqual(await link.events(), [
    'OPEN', 'SELECT_INSTITUTION', 'SELECT_INSTITUTION', 'CREDENTIAL', 'SUBMIT_CREDENTIALS',
    'LOADING', 'LOADING', 'SELECT_ACCOUNT', 'LOADING', 'CONNECTED', 'HANDOFF',
  ]);
  const [load, first] = await link.log();
  assert.equal(load.said, 'load');
  assert.equal(Object.keys(first.metadata).length, 17);
  assert.equal(first.metadata.link_session_id, metadata.link_session_id);
  const { item_id } = await world.exchange(token);
  const item = await (await fetch(`${world.base}/simulator/items/${item_id}`)).json();
  assert.deepEqual(item.accounts.map((account) => account.account_id), [metadata.accounts[0].id]);
  await link.close();
});

test('a user links several accounts, of those that Auth can use', async () => {
  const link = await world.open();
  await link.to('First Platypus Bank');
  await link.logIn();
  await link.title('Select accounts');
  assert.equal(await link.frame.locator('input[name=account]').count(), 3);
  await link.share('Plaid Checking', 'Plaid Saving');
  await link.press('Finish');
  const { metadata } = await link.said('success');
  assert.deepEqual(metadata.accounts.map((account) => account.mask), ['0000', '1111']);
  await link.close();
});

test('the Dashboard can limit Link to one account', async () => {
  await world.settings({ account_selection: 'single' });
  const link = await world.open();
  await link.to('First Platypus Bank');
  await link.logIn();
  await link.title('Select an account');
  assert.equal(await link.frame.locator('input[type=radio][name=account]').count(), 3);
  await link.share('Plaid Saving');
  await link.press('Finish');
  const { metadata } = await link.said('success');
  assert.equal(metadata.accounts.length, 1);
  await world.settings({ account_selection: 'multiple' });
  await link.close();
});

test('a wrong password is said at once, and can be put right', async () => {
  const link = await world.open();
  await link.to('First Platypus Bank');
  await link.logIn('wrong');
  await link.frame.getByRole('alert').waitFor();
  await link.logIn();
  await link.share('Plaid Checking');
  await link.press('Finish');
  await link.said('success');
  const errors = (await link.log()).filter((entry) => entry.name === 'ERROR');
  assert.deepEqual(errors.map((entry) => entry.metadata.error_code), ['INVALID_CREDENTIALS']);
  await link.close();
});

test('after five wrong passwords the link token is dead', async () => {
  const link = await world.open();
  await link.to('First Platypus Bank');
  for (let miss = 0; miss < 5; miss += 1) {
    await link.logIn('wrong');
    await link.told('ERROR', miss + 1);
  }
  const { error, metadata } = await link.said('exit');
  assert.equal(error.error_code, 'INVALID_LINK_TOKEN');
  assert.equal(metadata.status, 'requires_credentials');
  await link.close();
});

test('a second factor is asked for and checked', async () => {
  const link = await world.open();
  await link.to('First Platypus Bank');
  await link.logIn('mfa_device');
  await link.title('How should we send');
  await link.press('Send code');
  await link.title('Enter the code');
  await link.fill({ Code: '9999' });
  await link.press('Continue');
  await link.frame.getByRole('alert').waitFor();
  await link.fill({ Code: '1234' });
  await link.press('Continue');
  await link.share('Plaid Checking');
  await link.press('Finish');
  await link.said('success');
  const submitted = (await link.log()).filter((entry) => entry.name === 'SUBMIT_MFA');
  assert.deepEqual(submitted.map((entry) => entry.metadata.mfa_type), ['device', 'code', 'code']);
  await link.close();
});

test('questions and selections are asked', async () => {
  const link = await world.open();
  await link.to('First Platypus Bank');
  await link.logIn('mfa_questions_2_2');
  for (const round of [0, 1]) {
    await link.fill({
      [`You say answer_${round}_0, we say?`]: `answer_${round}_0`,
      [`You say answer_${round}_1, we say?`]: `answer_${round}_1`,
    });
    await link.press('Continue');
  }
  await link.title('Select accounts');
  await link.press('Back');
  await link.frame.getByRole('button', { name: 'First Platypus Bank' }).click();
  await link.logIn('mfa_selections');
  await link.title('Answer these questions');
  for (const yes of await link.frame.getByLabel('Yes').all()) await yes.check();
  await link.press('Continue');
  await link.share('Plaid Checking');
  await link.press('Finish');
  await link.said('success');
  await link.close();
});

test('a double click on Finish makes one Item', async () => {
  const link = await world.open();
  await link.to('First Platypus Bank');
  await link.logIn();
  await link.share('Plaid Checking');
  await link.title('It worked');
  await link.frame.getByRole('button', { name: 'Finish' }).dblclick().catch(() => {});
  await link.said('success');
  const log = await link.log();
  assert.equal(log.filter((entry) => entry.said === 'success').length, 1);
  await link.close();
});

test('a dead link token ends Link with INVALID_LINK_TOKEN', async () => {
  const link = await world.open('link-sandbox-11111111-1111-4111-8111-111111111111');
  const { error, metadata } = await link.said('exit');
  assert.deepEqual(Object.keys(error).sort(),
    ['display_message', 'error_code', 'error_message', 'error_type']);
  assert.equal(error.error_code, 'INVALID_LINK_TOKEN');
  assert.deepEqual(Object.keys(metadata).sort(),
    ['institution', 'link_session_id', 'request_id', 'status']);
  await link.close();
});

test('a bank that is down, and one that is not supported', async () => {
  const link = await world.open();
  await link.to('Unhealthy Platypus Bank - Down');
  await link.title('Your bank does not answer');
  await link.press('Choose another bank');
  await link.frame.getByRole('button', { name: 'Unsupported Platypus Bank' }).click();
  await link.title('This bank cannot be linked');
  const { error, metadata } = await link.leave('free');
  assert.equal(error.error_code, 'INSTITUTION_NO_LONGER_SUPPORTED');
  assert.equal(metadata.status, 'institution_not_supported');
  assert.equal(metadata.institution.institution_id, 'ins_133402');
  const events = await link.events();
  assert.ok(events.includes('SELECT_DOWN_INSTITUTION'));
  assert.equal(events.at(-1), 'EXIT');
  await link.close();
});

test('a locked login', async () => {
  const link = await world.open();
  await link.to('First Platypus Bank');
  await link.logIn('error_ITEM_LOCKED');
  await link.title('Your bank has locked you out');
  const { error } = await link.leave('free');
  assert.equal(error.error_code, 'ITEM_LOCKED');
  await link.close();
});

test('Link keeps the focus, and gives it back', async () => {
  const link = await world.open();
  await link.title(/wants to link/);
  for (let tab = 0; tab < 8; tab += 1) {
    await link.page.keyboard.press('Tab');
    const outside = await link.page.evaluate(() => document.activeElement.id === 'before');
    assert.equal(outside, false);
  }
  await link.frame.locator('#title').focus();
  await link.page.keyboard.press('Escape');
  const { error, metadata } = await link.said('exit');
  assert.equal(error, null);
  assert.equal(metadata.status, null);
  await link.page.locator('#before').focus();
  await link.page.evaluate(() => window.handler.open());
  await link.title(/wants to link/);
  await link.page.evaluate(() => { window.log.length = 0; });
  await link.frame.locator('#title').press('Escape');
  await link.said('exit');
  assert.equal(await link.page.evaluate(() => document.activeElement.id), 'before');
  await link.close();
});

test('everything works with the keyboard alone', async () => {
  const link = await world.open();
  await link.title(/wants to link/);
  await link.frame.getByRole('button', { name: 'Continue' }).press('Enter');
  await link.title('Select your bank');
  await link.page.keyboard.type('first plat');
  await link.frame.getByRole('button', { name: 'Houndstooth' }).waitFor({ state: 'detached' });
  await link.page.keyboard.press('Tab');
  await link.page.keyboard.press('Enter');
  await link.title(/Log in to/);
  await link.page.keyboard.type('user_good');
  await link.page.keyboard.press('Tab');
  await link.page.keyboard.type('pass_good');
  await link.page.keyboard.press('Enter');
  await link.title('Select accounts');
  await link.page.keyboard.press('Tab');
  await link.page.keyboard.press('Space');
  await link.page.keyboard.press('Enter');
  await link.title('It worked');
  await link.frame.getByRole('button', { name: 'Finish' }).press('Enter');
  await link.said('success');
  await link.close();
});

test('a handler queues open, ignores a second one, and leaves nothing behind', async () => {
  const link = await world.open();
  await link.page.evaluate(() => window.handler.open());
  await link.title(/wants to link/);
  assert.deepEqual(await link.events(), ['OPEN']);
  await link.page.evaluate(() => window.handler.exit({ force: true }));
  await link.said('exit');
  await link.page.evaluate(() => window.handler.destroy());
  assert.equal(await link.page.locator('iframe, dialog').count(), 0);
  assert.equal(await link.page.evaluate(() => document.documentElement.style.overflow), '');
  await link.close();
});

test('a forced exit before Link has begun is an exit all the same', async () => {
  const link = await world.open();
  await link.title(/wants to link/);
  await link.leave('free');
  await link.page.evaluate(() => {
    window.log.length = 0;
    window.handler.open();
    window.handler.exit(true);
  });
  await link.said('exit');
  assert.equal((await link.log()).filter((entry) => entry.said === 'exit').length, 1);
  await link.close();
});

test('embedded Link runs inside the page', async () => {
  const link = await world.open();
  await link.title(/wants to link/);
  await link.page.evaluate(() => window.handler.destroy());
  await link.page.evaluate((token) => {
    window.embedded = window.Plaid.createEmbedded(
      window.make({ token }), document.getElementById('embedded'));
  }, link.token);
  await link.to('First Platypus Bank');
  await link.logIn();
  await link.share('Plaid Checking');
  await link.shot('embedded');
  await link.press('Finish');
  await link.said('success');
  await link.page.evaluate(() => window.embedded.destroy());
  assert.equal(await link.page.locator('iframe').count(), 0);
  await link.close();
});

test('Link says that the simulator has gone, and lets the user leave', async () => {
  const link = await world.open();
  await link.title(/wants to link/);
  await link.page.context().route('**/link/v2/session', (route) => route.abort());
  await link.press('Continue');
  await link.title('The simulator does not answer');
  await link.shot('broken');
  await link.press('Close');
  const { error } = await link.said('exit');
  assert.equal(error.error_type, 'API_ERROR');
  await link.close();
});
