// react-plaid-link from npm, unmodified, opens the simulator's Link.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { BANK, OAUTH_BANK } from '../banks.js';
import { picture, withPage } from '../browser.js';
import { ReactPage, serveReactApp } from '../react-page.js';

let app;
before(async () => {
  app = await serveReactApp();
});
after(() => app.stop());

const test_ = (name, act, wish = () => ({})) =>
  test(name, () =>
    withPage(async (page) => act(await ReactPage.open(page, app, wish())), { origins: app.origins }));

test_('react-plaid-link links a bank', async (react) => {
  const link = await react.openLink();
  await link.chooseBank(BANK);
  await picture(react.page, 'react');
  await link.logIn();
  await link.share('Plaid Checking');
  await link.finish();
  const [publicToken, metadata] = await react.said('onSuccess');
  assert.match(publicToken, /^public-sandbox-/);
  assert.deepEqual(metadata.institution, { name: BANK, institution_id: 'ins_109508' });
  assert.deepEqual(metadata.accounts.map((account) => account.name), ['Plaid Checking']);
  const events = await react.events();
  assert.ok(events.includes('OPEN') && events.includes('HANDOFF'), String(events));
  assert.equal(await react.page.locator('#error').textContent(), '');
});

test_('react-plaid-link tells of an exit, and opens again', async (react) => {
  const link = await react.openLink();
  await link.chooseBank(BANK);
  await link.title(/Log in to/);
  await link.close({ ask: true });
  const [error, metadata] = await react.said('onExit');
  assert.equal(error, null);
  assert.equal(metadata.status, 'requires_credentials');
  await react.openLink();
  await link.title(/./);
});

test_(
  'react-plaid-link goes on after the bank’s own site',
  async (react) => {
    const link = await react.openLink();
    await link.chooseBank(OAUTH_BANK);
    await (await link.toBankSite(OAUTH_BANK)).allow();
    await react.page.waitForURL(/\/return\?oauth_state_id=/);
    await link.finish();
    const [publicToken, metadata] = await react.said('onSuccess');
    assert.match(publicToken, /^public-sandbox-/);
    assert.equal(metadata.institution.name, OAUTH_BANK);
  },
  () => ({ redirect_uri: `${app.url}/return` }),
);
