// The pictures of docs/front-end.md: from the first page to a linked bank, and one that broke.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BANK, IDS, SAME_DAY_USER } from '../banks.js';
import { picture, withPage } from '../browser.js';
import { Link } from '../link.js';
import { GATEWAY, newUser, signIn, simulate } from '../stack.js';

const SIZE = { viewport: { width: 880, height: 640 } };

// One with every mood: to mend, to choose from, to confirm, to wait for.
const others = async (user) => {
  await user.linkItem(IDS.platypus, SAME_DAY_USER);
  await user.linkItem(IDS.usBank, 'user_good');
  await user.linkItem(IDS.automated, 'microdeposits_good');
};

test('the way to a linked bank, as the documentation shows it', () =>
  withPage(
    async (page) => {
      const record = (name) => picture(page, `recording-${name}`, { fullPage: false });
      const link = new Link(page);
      const userId = newUser();
      const user = await signIn(userId);
      await page.goto(GATEWAY);
      await page.getByLabel('User name').fill(userId);
      await record('1-start');
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('heading', { name: 'No bank linked yet' }).waitFor();
      await record('2-no-bank');
      await page.getByRole('button', { name: 'Link a bank' }).click();
      await link.toBanks();
      await record('3-link');
      await link.frame.getByRole('button', { name: BANK }).click();
      await link.title(/Log in to/);
      await record('4-login');
      await link.logIn();
      await link.title(/Select a/);
      await link.frame.getByLabel('Plaid Checking').check();
      await record('5-accounts');
      await link.share();
      await link.finish();
      await page.locator('.notice', { hasText: `${BANK} is connected` }).waitFor();
      await record('6-linked');
      const [item] = await user.items();
      assert.equal(item.action, 'none');
      await simulate(`items/${item.item_id}`, { error: { error_code: 'ITEM_LOGIN_REQUIRED' }, fire_webhook: true });
      await page.getByRole('button', { name: 'Log in again' }).waitFor();
      await page.getByRole('button', { name: 'Dismiss' }).click();
      await record('7-relink');
      await others(user);
      await page.getByText('3 of your 4 banks need you.').waitFor();
      await picture(page, 'recording-8-every-state');
      await page.setViewportSize({ width: 360, height: 640 });
      await page.emulateMedia({ colorScheme: 'dark' });
      await record('9-phone');
    },
    { options: SIZE },
  ));
