// Each state of the page, for everybody: contrast and names by WCAG AA as axe-core finds
// them, nothing too small for a finger, nothing outside a phone's screen.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BANK, IDS, SAME_DAY_USER } from '../banks.js';
import { picture, withPage } from '../browser.js';
import { usable, violations } from '../looks.js';
import { hold, pageTest } from '../reference-page.js';
import { GATEWAY, invoke, simulate, withoutPlaid } from '../stack.js';

const LONG = 'Raiffeisen-Volksbank Donauwörth-Mertingen-Oberndorf und Umgebung eG, Zweigstelle Süd';

test('whoever is not signed in', () =>
  withPage(async (page) => {
    await page.goto(GATEWAY);
    await page.getByRole('button', { name: 'Continue' }).waitFor();
    await usable(page, 'welcome');
  }));

pageTest('whoever has no bank yet', (app) => usable(app.page, 'no-bank'));

const asksForBanks = /\/v1\/items\?/;

pageTest('while the banks are loaded', async (app) => {
  const list = await hold(app.page, asksForBanks, 'GET');
  await app.page.reload();
  await app.page.locator('.skeleton').waitFor();
  await usable(app.page, 'loading');
  list.release();
});

const breaks = (json) => (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', json });

pageTest('when the banks could not be loaded', async (app) => {
  const problem = {
    status: 503,
    code: 'storage_unavailable',
    detail: 'The storage did not answer. Try again.',
    request_id: '3792e989-237e-4ad5-80d8-e2e44b7077a4',
  };
  await app.page.route(asksForBanks, breaks(problem));
  await app.page.reload();
  await app.notice('Your banks could not be loaded').waitFor();
  await usable(app.page, 'not-loaded');
});

// Banks in every state that an Item can be in, one of them with a long name.
const everyState = async ({ user, page }) => {
  const itemOf = (id, who) => user.linkItem(id, who);
  await itemOf(IDS.platypus);
  await itemOf(IDS.platypus, SAME_DAY_USER);
  await itemOf(IDS.automated, 'microdeposits_good');
  await itemOf(IDS.usBank, 'user_good');
  const [broken, ending, long] = [await itemOf(IDS.oauth), await itemOf(IDS.chase), await itemOf(IDS.pnc)];
  await simulate(`items/${broken.item_id}`, { error: { error_code: 'ITEM_LOGIN_REQUIRED' }, fire_webhook: true });
  await simulate('webhooks/send', { item_id: ending.item_id, webhook_type: 'ITEM', webhook_code: 'PENDING_DISCONNECT' });
  await simulate('webhooks/send', { item_id: ending.item_id, webhook_type: 'ITEM', webhook_code: 'NEW_ACCOUNTS_AVAILABLE' });
  await simulate(`items/${long.item_id}`, { revoke: true, fire_webhook: true });
  await page.route(asksForBanks, async (route) => {
    const response = await route.fetch();
    const body = await response.text();
    return route.fulfill({ response, body: body.replaceAll('"PNC"', `"${LONG}"`) });
  });
};

pageTest('banks in every state', async (app) => {
  await everyState(app);
  const said = [BANK, 'Bank account', 'Houndstooth Bank', 'U.S. Bank', 'Platypus OAuth Bank', 'Chase', LONG];
  for (const bank of said) await app.card(bank).waitFor();
  for (const status of ['Connected', 'Confirm deposit', 'In progress', 'Choose an account', 'Log in again', 'Disconnected']) {
    await app.page.locator('.pill', { hasText: status }).first().waitFor();
  }
  await app.card('Chase').getByText('that are not shared yet').waitFor();
  await app.page.reload();
  await app.page.getByText('4 of your 7 banks need you.').waitFor();
  const titles = await app.page.locator('.item h2').allInnerTexts();
  // Whoever waits for the user comes first.
  assert.deepEqual(titles.slice(4), ['Chase', BANK, 'Houndstooth Bank']);
  await usable(app.page, 'every-state');
});

pageTest('a bank that was linked just now, with its token', async (app) => {
  await (await app.startLink()).linkOneAccount();
  await app.connected(BANK);
  await app.card(BANK).getByRole('button', { name: 'Show' }).click();
  await app.page.getByText('What Link reported').click();
  await usable(app.page, 'linked');
});

pageTest('a bank that is asked to be removed, and waits for it', async (app) => {
  const { item_id: itemId } = await app.user.linkItem(IDS.platypus);
  await app.page.reload();
  await app.card(BANK).getByRole('button', { name: 'Remove' }).click();
  const question = app.page.getByRole('dialog', { name: `Remove ${BANK}?` });
  await question.waitFor();
  await usable(app.page, 'remove');
  await withoutPlaid('/item/remove', async () => {
    await question.getByRole('button', { name: 'Remove' }).click();
    await app.notice('is being removed').waitFor();
  });
  await usable(app.page, 'removing');
  // Not in the middle of another test.
  await invoke('reconcile-items', { item_id: itemId });
  await app.card(BANK).waitFor({ state: 'detached' });
});

pageTest('an account that was taken already', async (app) => {
  await app.user.linkItem(IDS.platypus);
  await (await app.startLink()).linkOneAccount();
  await app.notice(`${BANK} is linked already`).waitFor();
  await usable(app.page, 'duplicate');
});

pageTest('while Link opens, is there, and has been left after an error', async (app) => {
  const tokens = await hold(app.page, '**/v1/link-tokens', 'POST');
  await app.button('Link a bank').click();
  await app.button('Opening…').waitFor();
  await usable(app.page, 'opening');
  const [response] = await Promise.all([app.answered('/v1/link-tokens'), tokens.release()]);
  app.linkId = (await response.json()).link_id;
  await app.link.chooseBank(BANK);
  await app.link.logIn({ password: 'error_ITEM_LOCKED' });
  await app.link.title(/locked you out/);
  // What lies behind Link cannot be reached, and is not judged.
  assert.deepEqual(await violations(app.page), []);
  await app.leave({ ask: false });
  await app.notice('No bank was linked').waitFor();
  await usable(app.page, 'left-locked');
});

test('whoever wants nothing to move sees nothing move', async () => {
  const animations = async (reducedMotion) => {
    let found;
    await withPage(
      async (page) => {
        await page.goto(GATEWAY);
        const login = await hold(page, '**/dev/login', 'POST');
        const list = await hold(page, asksForBanks, 'GET');
        await page.getByRole('button', { name: 'Continue' }).click();
        const working = page.locator('#continue.working');
        const spinner = await working.evaluate((node) => getComputedStyle(node, '::before').animationName);
        login.release();
        const skeleton = await page.locator('.skeleton').evaluate((node) => getComputedStyle(node).animationName);
        const button = await page.locator('#sign-out').evaluate((node) => getComputedStyle(node).transitionDuration);
        found = [spinner, skeleton, button];
        list.release();
        await page.locator('.skeleton').waitFor({ state: 'detached' });
        await picture(page, `motion-${reducedMotion}`);
      },
      { options: { reducedMotion } },
    );
    return found;
  };
  assert.deepEqual((await animations('no-preference')).slice(0, 2), ['turn', 'breathe']);
  assert.deepEqual(await animations('reduce'), ['none', 'none', '0s']);
});
