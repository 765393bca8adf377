// Link tokens, Hosted Link among them, and what became of them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Simulator } from './simulator.js';

const WISH = {
  client_name: 'Corner Shop',
  language: 'en',
  country_codes: ['US'],
  products: ['auth'],
  user: { client_user_id: 'u1' },
};

let simulator;
before(async () => {
  simulator = await Simulator.start();
});
after(() => simulator.stop());

test('a link token is made for four hours and tells what it is for', async () => {
  const { data: made } = await simulator.plaid.linkTokenCreate(WISH);
  assert.match(made.link_token, /^link-sandbox-/);
  const { data: found } = await simulator.plaid.linkTokenGet({ link_token: made.link_token });
  assert.equal(Date.parse(found.expiration) - Date.parse(found.created_at), 4 * 3_600_000);
  assert.equal(found.metadata.client_name, 'Corner Shop');
  assert.deepEqual(found.metadata.initial_products, ['auth']);
  assert.deepEqual(found.link_sessions, []);
});

test('Hosted Link has a page and brings a public token', async () => {
  const { data: made } = await simulator.plaid.linkTokenCreate({
    ...WISH,
    hosted_link: { completion_redirect_uri: 'https://shop.example/done' },
  });
  const { link_token } = made;
  const page = await fetch(made.hosted_link_url);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  // The user goes through the page.
  const { public_token } = await simulator.control('POST', '/link-sessions', { link_token });
  const { data: found } = await simulator.plaid.linkTokenGet({ link_token });
  const [added] = found.link_sessions[0].results.item_add_results;
  assert.equal(added.public_token, public_token);
  const { data: item } = await simulator.plaid.itemPublicTokenExchange({ public_token });
  assert.deepEqual(await simulator.liveItems(), [item.item_id]);
});

test('update mode opens for an Item and mends it', async () => {
  const { access_token, item_id } = await simulator.link();
  await simulator.plaid.sandboxItemResetLogin({ access_token });
  const { products: _, ...wish } = WISH;
  const { data: made } = await simulator.plaid.linkTokenCreate({ ...wish, access_token });
  const { link_token } = made;
  const session = await simulator.control('POST', '/link-sessions', { link_token });
  assert.equal(session.public_token, null);
  const { data } = await simulator.plaid.itemGet({ access_token });
  assert.deepEqual([data.item.item_id, data.item.error], [item_id, null]);
});
