// Without a mouse, and with a mouse that clicks twice.

import assert from 'node:assert/strict';

import { BANK, IDS } from '../banks.js';
import { hold, pageTest } from '../reference-page.js';

// Where the next press of Tab leads to, by its name. It has to be seen there.
const tab = async (app) => {
  await app.page.keyboard.press('Tab');
  const outline = await app.page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  const name = await app.focused();
  assert.notEqual(outline, 'none', `nobody sees that ${name} has the focus`);
  return name;
};

const press = (app, key) => app.page.keyboard.press(key);

pageTest('the page is used with the keyboard alone, in the order of reading', async (app) => {
  const { page } = app;
  await app.user.linkItem(IDS.platypus);
  await page.reload();
  await app.card(BANK).waitFor();
  const stops = [];
  for (let stop = 0; stop < 6; stop += 1) stops.push(await tab(app));
  assert.deepEqual(stops, [
    'Skip to content', 'Sign out', 'Link a bank', 'Connect Astra', 'Change shared accounts', 'Remove',
  ]);
  await press(app, 'Enter');
  const question = page.getByRole('dialog', { name: `Remove ${BANK}?` });
  await question.waitFor();
  assert.equal(await app.focused(), 'Keep', 'the harmless answer is the first');
  await press(app, 'Escape');
  await question.waitFor({ state: 'detached' });
  assert.equal(await app.focused(), 'Remove');
  await app.onlyItem();
  await press(app, 'Enter');
  await question.waitFor();
  await tab(app);
  await press(app, 'Enter');
  await app.notice(`${BANK} is removed`).waitFor();
  assert.equal(await app.focused(), 'Your banks');
  assert.deepEqual(await app.user.items(), []);
});

pageTest('the skip link leads past the head of the page', async (app) => {
  await app.page.reload();
  await app.page.getByRole('heading', { name: 'No bank linked yet' }).waitFor();
  await tab(app);
  await press(app, 'Enter');
  assert.equal(await tab(app), 'Connect Astra');
});

pageTest('Link is opened with the keyboard, and gives the focus back when it closes', async (app) => {
  await app.button('Link a bank').focus();
  const [response] = await Promise.all([app.answered('/v1/link-tokens'), press(app, 'Enter')]);
  app.linkId = (await response.json()).link_id;
  await app.link.title(/wants to link/);
  // The page behind Link cannot be reached meanwhile.
  assert.equal(await app.page.evaluate(() => document.activeElement.closest('dialog')?.open), true);
  await app.leave({ ask: false });
  assert.equal(await app.focused(), 'Link a bank');
  await (await app.startLink()).linkOneAccount();
  await app.connected(BANK);
  assert.equal(await app.focused(), BANK, 'what was linked is where to go on');
});

pageTest('a notice that is dismissed leaves the focus on the page', async (app) => {
  await app.startLink();
  await app.link.title(/wants to link/);
  await app.leave({ ask: false });
  await app.button('Dismiss').focus();
  await press(app, 'Enter');
  await app.notice('No bank was linked').waitFor({ state: 'detached' });
  assert.equal(await app.focused(), 'Your banks');
});

pageTest('news in one card leaves the focus and the choice in another', async (app) => {
  const { page } = app;
  await app.user.linkItem(IDS.usBank, 'user_good');
  await page.reload();
  const choice = page.getByRole('radio', { name: /Plaid Saving/ });
  await choice.check();
  await app.user.linkItem(IDS.platypus);
  await app.card(BANK).waitFor();
  assert.equal(await choice.isChecked(), true);
  assert.equal(await page.evaluate(() => document.activeElement.type), 'radio');
});

pageTest('a button at work says so, keeps its room and does nothing more', async (app) => {
  const { page } = app;
  await app.user.linkItem(IDS.usBank, 'user_good');
  await page.reload();
  const tokens = await hold(page, '**/v1/link-tokens', 'POST');
  const button = page.locator('#link-bank');
  await button.waitFor();
  const before = await button.boundingBox();
  await button.dblclick();
  await app.button('Opening…').waitFor();
  assert.deepEqual(await button.boundingBox(), before);
  assert.equal(await app.focused(), 'Opening…', 'it keeps the focus');
  await press(app, 'Enter');
  tokens.release();
  await app.link.title(/wants to link/);
  assert.equal(tokens.count, 1);
  await app.link.close({ ask: false });
  await app.notice('No bank was linked').waitFor();

  // The notice stays where it is meanwhile, and nothing moves away from the second click.
  const chosen = await hold(page, '**/processor-tokens', 'POST');
  await page.getByRole('radio', { name: /Plaid Saving/ }).check();
  await app.button('Use this account').dblclick();
  await press(app, 'Enter');
  await app.card('U.S. Bank').getByRole('button', { name: 'One moment…' }).waitFor();
  chosen.release();
  await app.connected('U.S. Bank');
  assert.equal(chosen.count, 1);
});
