// The user's connection to Astra, and what becomes of accounts there.

import assert from 'node:assert/strict';

import { BANK, IDS } from '../banks.js';
import { picture } from '../browser.js';
import { usable } from '../looks.js';
import { pageTest } from '../reference-page.js';
import { accountsAtAstra, atAstra, liveItems, newUser, simulateAstra } from '../stack.js';

// To Astra's own page, as a user of Astra's whom no other test knows, and back.
const connect = async (app, answer = 'Authorize', button = 'Connect Astra') => {
  await app.button(button).click();
  await app.page.getByRole('heading', { name: 'Connect to Astra' }).waitFor();
  await picture(app.page, 'astra-page');
  app.email ??= `${newUser()}@example.com`;
  await app.page.getByLabel('Email').fill(app.email);
  await app.button(answer).click();
  await app.page.getByRole('heading', { name: 'Your banks' }).waitFor();
};

const connected = (app) => app.page.getByRole('heading', { name: 'Astra is connected' }).waitFor();

const linkOne = async (app) => {
  await (await app.startLink()).linkOneAccount();
  await app.connected(BANK);
};

const shows = (app, text) => app.card(BANK).getByText(text, { exact: true }).waitFor();

// The only account of our user that Astra has; the page shows its id.
const arrived = async (app) => {
  await shows(app, 'At Astra');
  const [account, ...others] = await accountsAtAstra(app.email);
  assert.deepEqual(others, []);
  await app.card(BANK).getByText(`Astra account ${account.id}`).waitFor();
  return account;
};

pageTest('Astra is connected, a bank is linked, and its account is at Astra until it is removed', async (app) => {
  await usable(app.page, 'astra-not-connected');
  await connect(app);
  await connected(app);
  await linkOne(app);
  await arrived(app);
  await usable(app.page, 'astra-account');
  const { item_id: itemId } = await app.onlyItem();
  await app.card(BANK).getByRole('button', { name: 'Remove' }).click();
  await app.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await app.notice(`${BANK} is removed`).waitFor();
  assert.deepEqual(await accountsAtAstra(app.email), []);
  assert.ok(!(await liveItems()).includes(itemId));
});

pageTest('who connects Astra later has the banks brought there that are linked already', async (app) => {
  await linkOne(app);
  await shows(app, 'Not at Astra yet');
  await connect(app);
  await arrived(app);
});

pageTest('who does not give the permission is not connected', async (app) => {
  await connect(app, 'Deny');
  await app.notice('Astra is not connected').waitFor();
  await app.button('Connect Astra').waitFor();
});

pageTest('a reload after coming back connects nothing a second time', async (app) => {
  await connect(app);
  await connected(app);
  await app.page.reload();
  await connected(app);
  assert.equal(await app.page.locator('.notice').count(), 0);
});

pageTest('a bank whose account Astra keeps is removed all the same, if the user wants that', async (app) => {
  await connect(app);
  await linkOne(app);
  const account = await arrived(app);
  await simulateAstra(`accounts/${account.id}`, { active_routines: 1 });
  await app.card(BANK).getByRole('button', { name: 'Remove' }).click();
  await app.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await app.notice('This bank could not be removed').waitFor();
  await usable(app.page, 'astra-keeps-account');
  await shows(app, 'At Astra');
  await app.button('Remove all the same').click();
  await app.notice(`${BANK} is removed`).waitFor();
  assert.deepEqual((await accountsAtAstra(app.email)).map(({ id }) => id), [account.id]);
});

pageTest('what Astra refuses is shown with its reason', async (app) => {
  await connect(app);
  await connected(app);
  await simulateAstra('faults', {
    endpoint: 'POST /v1/accounts/processor_token', kind: 'astra_error', status: 400, description: 'Institution not supported',
  });
  await app.user.linkItem(IDS.platypus);
  await app.card(BANK).getByText('Institution not supported').waitFor();
  await shows(app, 'Refused by Astra');
  await usable(app.page, 'astra-refused');
});

pageTest('who ended the permission at Astra is asked for it again', async (app) => {
  await connect(app);
  await connected(app);
  const user = await atAstra(app.email);
  await simulateAstra(`users/${user.user_id}`, { revoke: true });
  await app.user.linkItem(IDS.platypus);
  await app.page.getByRole('heading', { name: 'Astra needs your permission again' }).waitFor();
  await usable(app.page, 'astra-again');
  await connect(app, 'Authorize', 'Authorise again');
  await connected(app);
  await arrived(app);
});

pageTest('who disconnects Astra keeps what is there', async (app) => {
  await connect(app);
  await linkOne(app);
  await arrived(app);
  await app.button('Disconnect').click();
  await app.page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
  await app.button('Connect Astra').waitFor();
  await shows(app, 'At Astra');
  assert.equal((await accountsAtAstra(app.email)).length, 1);
});
