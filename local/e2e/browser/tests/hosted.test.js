// Link on a page of Plaid's own, for a link in a mail or a message. Only Plaid's webhooks
// tell how it went.

import assert from 'node:assert/strict';

import { BANK, OAUTH_BANK } from '../banks.js';
import { picture } from '../browser.js';
import { Link } from '../link.js';
import { pageTest } from '../reference-page.js';
import { finishedLink, GATEWAY, lastRunOfLink, liveItems, webhooksOfLink } from '../stack.js';

const DONE = `${GATEWAY}/?done`;

// Hosted Link, open in the user's tab.
const openHosted = async (app, wish = {}) => {
  const created = await app.user.createLinkToken({ hosted_link: wish });
  assert.equal((await app.user.link(created.link_id)).status, 'open');
  await app.page.goto(created.hosted_link_url);
  return { link: Link.hosted(app.page), linkId: created.link_id, linkToken: created.link_token };
};

// Plaid's webhooks came to our gateway, which took each at once.
const received = async (linkToken, codes) => {
  const webhooks = await webhooksOfLink(linkToken, codes.length);
  assert.deepEqual(webhooks.map(({ webhook_code: code }) => code).sort(), [...codes].sort());
  for (const { url, attempts } of webhooks) {
    assert.equal(url, `${GATEWAY}/v1/webhooks/plaid`);
    assert.deepEqual(attempts.map(({ status }) => status), [200]);
  }
  return Object.fromEntries(webhooks.map(({ webhook_code: code, body }) => [code, body]));
};

// What the session brought is linked, without a word from the browser.
const oneItemIsLinked = async (app, linkId, bank) => {
  const { item_ids: itemIds, problem } = await finishedLink(app.user, linkId);
  assert.equal(problem, undefined);
  const items = await app.user.items();
  assert.deepEqual(items.map(({ item_id: id }) => id), itemIds);
  assert.deepEqual(items.map(({ institution }) => institution.name), [bank]);
  assert.equal(items[0].status, 'active');
  return itemIds[0];
};

// Plaid gave out one public token, and says the same of it everywhere.
const onePublicToken = async (linkToken) => {
  const { ITEM_ADD_RESULT: added, SESSION_FINISHED: finished } =
    await received(linkToken, ['ITEM_ADD_RESULT', 'SESSION_FINISHED']);
  assert.equal(finished.status, 'SUCCESS');
  assert.deepEqual(finished.public_tokens, [added.public_token]);
  const run = await lastRunOfLink(linkToken);
  assert.equal(finished.link_session_id, run.link_session_id);
  assert.deepEqual(run.results.item_add_results.map(({ public_token: token }) => token), [added.public_token]);
  return run.results.item_add_results[0];
};

pageTest('a hosted session ends where the application wants it, and what it brought is linked', async (app) => {
  const before = await liveItems();
  const { link, linkId, linkToken } = await openHosted(app, { completion_redirect_uri: DONE });
  await link.title(/wants to link/);
  await picture(app.page, 'hosted');
  await link.linkOneAccount();
  await app.page.waitForURL(DONE);
  const result = await onePublicToken(linkToken);
  assert.equal(result.institution.name, BANK);
  assert.deepEqual(result.accounts.map(({ name }) => name), ['Plaid Checking']);
  const itemId = await oneItemIsLinked(app, linkId, BANK);
  assert.deepEqual((await liveItems()).filter((id) => !before.includes(id)), [itemId]);
  await app.page.getByRole('heading', { name: BANK }).waitFor();
});

pageTest('a hosted session without such a place says goodbye, also after a bank’s own site', async (app) => {
  const { link, linkId, linkToken } = await openHosted(app);
  await link.chooseBank(OAUTH_BANK);
  await (await link.toBankSite(OAUTH_BANK)).allow();
  await link.finish();
  await link.title('You are all set');
  await picture(app.page, 'hosted-done');
  const result = await onePublicToken(linkToken);
  assert.equal(result.institution.name, OAUTH_BANK);
  await oneItemIsLinked(app, linkId, OAUTH_BANK);
});

pageTest('who leaves a hosted session is told so, and its webhook is accepted', async (app) => {
  const { link, linkId, linkToken } = await openHosted(app);
  await link.chooseBank(BANK);
  await link.title(/Log in to/);
  await link.close({ ask: true });
  await link.title('You left Link');
  await picture(app.page, 'hosted-left');
  const { SESSION_FINISHED: finished } = await received(linkToken, ['SESSION_FINISHED']);
  assert.equal(finished.status, 'EXITED');
  assert.deepEqual(finished.public_tokens, []);
  const { exit } = await lastRunOfLink(linkToken);
  assert.equal(exit.metadata.status, 'requires_credentials');
  assert.deepEqual((await finishedLink(app.user, linkId)).item_ids, []);
  assert.deepEqual(await app.user.items(), []);
});
