import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Link, World } from './support.js';

let world;
before(async () => { world = await World.start(); });
after(() => world.stop());

// Receives webhooks; `next(code)` waits for one.
const receiver = async () => {
  const seen = [];
  let wake = () => {};
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push(JSON.parse(body));
    response.end();
    wake();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const next = async (code) => {
    for (;;) {
      const found = seen.find((webhook) => webhook.webhook_code === code);
      if (found) return found;
      await new Promise((done) => { wake = done; });
    }
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, next, stop: () => server.close() };
};

// Hosted Link is a page, not a frame.
const hosted = async (more, bank = 'First Platypus Bank') => {
  const { hosted_link_url, link_token } = await world.linkToken(more);
  const page = await (await world.browser.newContext()).newPage();
  await page.goto(hosted_link_url);
  const link = new Link(page, link_token);
  link.frame = page;
  await link.to(bank);
  return link;
};

test('Hosted Link tells the server, and says goodbye', async () => {
  const webhooks = await receiver();
  const link = await hosted({ hosted_link: {}, webhook: webhooks.url });
  await link.logIn();
  await link.share('Plaid Checking');
  await link.press('Finish');
  await link.title('You are all set');
  await link.shot('hosted-done');
  const added = await webhooks.next('ITEM_ADD_RESULT');
  const finished = await webhooks.next('SESSION_FINISHED');
  assert.equal(finished.status, 'SUCCESS');
  const { link_sessions } = await world.post('/link/token/get', { link_token: link.token });
  const [session] = link_sessions;
  assert.equal(session.results.item_add_results[0].public_token, added.public_token);
  assert.equal(session.events[0].event_name, 'OPEN');
  assert.equal(session.events.at(-1).event_name, 'HANDOFF');
  await world.exchange(added.public_token);
  webhooks.stop();
  await link.close();
});

test('Hosted Link ends where the application wants it', async () => {
  const completion_redirect_uri = `${world.app.url}/done`;
  const link = await hosted({ hosted_link: { completion_redirect_uri } });
  await link.logIn();
  await link.share('Plaid Checking');
  await link.press('Finish');
  await link.page.waitForURL(completion_redirect_uri);
  await link.close();
});

test('Hosted Link goes to a bank and comes back', async () => {
  const link = await hosted({ hosted_link: {} }, 'Platypus OAuth Bank');
  await link.press('Continue to Platypus OAuth Bank');
  await link.press('Sign in');
  await link.press('Allow');
  await link.title('It worked');
  assert.ok(!link.page.url().includes('oauth_state_id'));
  await link.press('Finish');
  await link.title('You are all set');
  await link.close();
});

test('a Hosted Link that has expired says so', async () => {
  const { hosted_link_url } = await world.linkToken({ hosted_link: { url_lifetime_seconds: 1 } });
  await world.post('/simulator/clock', { advance_seconds: 2 });
  const page = await (await world.browser.newContext()).newPage();
  await page.goto(hosted_link_url);
  await page.locator('h1', { hasText: 'This link no longer works' }).waitFor();
  await page.context().close();
});
