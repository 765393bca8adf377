// react-plaid-link from npm, unmodified, opens the simulator's Link.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { BANK, IDS, OAUTH_BANK, SINGLE_ACCOUNT_USER } from '../banks.js';
import { picture, withPage } from '../browser.js';
import { ReactPage, serveReactApp } from '../react-page.js';
import { liveItems, newUser, signIn, simulate } from '../stack.js';

let app;
before(async () => {
  app = await serveReactApp();
});
after(() => app.stop());

// `prepare` does what comes before Link, and gives what Link is wished for.
const test_ = (name, act, prepare = () => ({})) =>
  test(name, () =>
    withPage(
      async (page) => {
        const user = await signIn(newUser());
        const wish = await prepare(user);
        await act(await ReactPage.open(page, app, { user, wish }), { user, wish });
      },
      { origins: app.origins },
    ));

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

test_(
  'react-plaid-link mends a broken login in update mode, and our API says when it is mended',
  async (react, { user, wish: { item_id: itemId } }) => {
    const before = await liveItems();
    const link = await react.openLink();
    await link.title(/needs .* again/);
    await picture(react.page, 'react-update');
    await link.press('Continue');
    await link.logIn({ username: SINGLE_ACCOUNT_USER });
    await link.finish();
    const [, metadata] = await react.said('onSuccess');
    assert.equal(metadata.institution.name, BANK);
    const item = await user.refresh(itemId);
    assert.deepEqual([item.item_id, item.status, item.action], [itemId, 'active', 'none']);
    assert.deepEqual(await liveItems(), before);
    assert.ok((await react.events()).includes('HANDOFF'));
  },
  async (user) => {
    const { item_id: itemId } = await user.linkItem(IDS.platypus);
    await simulate(`items/${itemId}`, { error: { error_code: 'ITEM_LOGIN_REQUIRED' } });
    assert.equal((await user.refresh(itemId)).action, 'relink');
    return { item_id: itemId };
  },
);
