// The code of docs/front-end.md, taken out of that page and run as it stands there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { BANK, OAUTH_BANK } from '../banks.js';
import { withPage } from '../browser.js';
import { ReactPage, serveReactApp } from '../react-page.js';
import { ReferencePage } from '../reference-page.js';
import { liveItems, newUser, signIn, simulate, simulateAstra } from '../stack.js';

const PAGE = await readFile(new URL('../../../../docs/front-end.md', import.meta.url), 'utf8');

// All code blocks of a language, with our API at the page's own origin.
const codeOf = (language) => {
  const blocks = [...PAGE.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].filter(([, name]) => name === language);
  return blocks.map(([, , code]) => code).join('\n').replace(/^const API = .*$/m, "const API = '';");
};

// What the reader is to write, for a test: who is signed in, what is shown, said and counted.
const READERS_PART = `
  const getToken = async () => sessionStorage.getItem('token');
  Object.assign(window, { shown: [], said: [], tracked: [] });
  const show = (item) => { window.shown.push(item); };
  const say = (text) => { window.said.push(text); };
  const track = (name) => { window.tracked.push(name); };`;

const PLAIN = `(() => {
  ${READERS_PART}
  ${codeOf('js')}
  Object.assign(window, { openLink, choose, remove, resume, connectAstra, backFromAstra, astraConnection });
})()`;

const REACT = `
  import { createElement } from 'react';
  import { createRoot } from 'react-dom/client';
  ${READERS_PART}
  ${codeOf('js')}
  ${codeOf('jsx')}
  const link = JSON.parse(sessionStorage.getItem('link'));
  createRoot(document.getElementById('root')).render(createElement(LinkButton, { link }, 'Open Link'));
`;

let server;
before(async () => {
  server = await serveReactApp(REACT);
});
after(() => server.stop());

// A test on the page with nothing but Link's script, with a new user's token.
const codeTest = (name, act) =>
  test(name, () =>
    withPage(
      async (page) => {
        const userId = newUser();
        const user = await signIn(userId);
        await page.goto(`${server.url}/plain.html`);
        await page.evaluate((token) => sessionStorage.setItem('token', token), user.token);
        await act(new ReferencePage(page, userId, user));
      },
      { origins: server.origins },
    ));

const start = (app, wish = {}) =>
  app.page.evaluate((wanted) => {
    window.openLink(wanted);
  }, wish);

// The first Item shown with this action, which is then forgotten.
const shown = async (app, action) => {
  const found = await app.page.waitForFunction((wanted) => window.shown.find((item) => item.action === wanted), action);
  const item = await found.jsonValue();
  await app.page.evaluate(() => {
    window.shown = [];
  });
  return item;
};

const breakLogin = (itemId) => simulate(`items/${itemId}`, { error: { error_code: 'ITEM_LOGIN_REQUIRED' } });

const mend = async (app) => {
  await app.link.press('Continue');
  await app.link.logIn();
  await app.link.finish();
};

codeTest('the documentation’s code links a bank, chooses an account, mends and removes it', async (app) => {
  await app.page.evaluate(PLAIN);
  await start(app);
  await app.link.chooseBank(BANK);
  await app.link.logIn();
  await app.link.share('Plaid Checking', 'Plaid Saving');
  await app.link.finish();
  const { item_id: itemId, accounts } = await shown(app, 'select_account');
  const saving = accounts.find(({ name }) => name === 'Plaid Saving');
  await app.page.evaluate(([item, account]) => window.choose(item, account), [itemId, saving.account_id]);
  const ready = (await shown(app, 'none')).accounts.filter(({ status }) => status === 'ready');
  assert.deepEqual(ready.map(({ name }) => name), ['Plaid Saving']);

  await breakLogin(itemId);
  assert.equal((await app.user.refresh(itemId)).action, 'relink');
  await start(app, { item_id: itemId });
  await mend(app);
  assert.equal((await shown(app, 'none')).item_id, itemId);
  assert.ok((await app.page.evaluate(() => window.tracked)).includes('HANDOFF'));
  assert.equal(await app.page.evaluate(() => localStorage.length), 0);

  assert.equal(await app.page.evaluate((item) => window.remove(item), itemId), null);
  assert.deepEqual(await app.user.items(), []);
});

codeTest('the documentation’s code tells of an exit', async (app) => {
  await app.page.evaluate(PLAIN);
  const [response] = await Promise.all([app.answered('/v1/link-tokens'), start(app)]);
  app.linkId = (await response.json()).link_id;
  await app.link.chooseBank(BANK);
  await app.link.logIn({ password: 'error_ITEM_LOCKED' });
  await app.link.title(/locked you out/);
  await app.leave({ ask: false });
  await app.page.waitForFunction(() => window.said[0] === 'Your bank has locked this login.');
  assert.equal((await app.user.link(app.linkId)).status, 'exited');
});

codeTest('the documentation’s code goes on after the bank’s own site', async (app) => {
  const { page } = app;
  await page.evaluate(PLAIN);
  await start(app, { redirect_uri: `${server.url}/plain.html` });
  await app.link.chooseBank(OAUTH_BANK);
  await (await app.link.toBankSite(OAUTH_BANK)).allow({ without: ['Plaid Saving'] });
  await page.waitForURL(/oauth_state_id=/);
  await page.evaluate(PLAIN);
  await page.evaluate(() => {
    window.resume();
  });
  await app.link.finish();
  const item = await shown(app, 'none');
  assert.equal(item.institution.name, OAUTH_BANK);
  assert.equal(page.url(), `${server.url}/`);
});

codeTest('the documentation’s React component links a bank, and mends it', async (app) => {
  const { page, user } = app;
  await ReactPage.withSimulator(page);
  const open = async (wish) => {
    const link = { wish, ...(await user.createLinkToken(wish)) };
    await page.evaluate((kept) => sessionStorage.setItem('link', kept), JSON.stringify(link));
    await page.goto(server.url);
    await app.button('Open Link').click();
  };
  await open({});
  await app.link.linkOneAccount();
  const { item_id: itemId } = await shown(app, 'none');
  const alive = await liveItems();
  await breakLogin(itemId);
  await open({ item_id: itemId });
  await mend(app);
  const item = await shown(app, 'none');
  assert.deepEqual([item.item_id, item.status], [itemId, 'active']);
  assert.deepEqual(await liveItems(), alive);
});

codeTest('the documentation’s code connects Astra', async ({ page, userId }) => {
  const plain = page.url();
  await page.evaluate(PLAIN);
  await page.evaluate(() => {
    window.connectAstra();
  });
  await page.waitForURL(/login.oauth.authorize/);
  const { location } = await simulateAstra('authorizations', { url: page.url(), email: `${userId}@example.com` });
  await page.goto(plain);
  await page.evaluate(PLAIN);
  const made = await page.evaluate((address) => window.backFromAstra(address), location);
  assert.equal(made.status, 'connected');
  assert.deepEqual(await page.evaluate(() => window.astraConnection()), made);
  const without = await page.evaluate(() => window.backFromAstra('https://app.example/?error=access_denied'));
  assert.deepEqual([without, await page.evaluate(() => window.said)], [null, ['Astra is not connected.']]);
});
