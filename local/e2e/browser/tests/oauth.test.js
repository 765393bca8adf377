// Banks that let users log in on their own site only.

import assert from 'node:assert/strict';

import { OAUTH_BANK } from '../banks.js';
import { pageTest } from '../reference-page.js';
import { GATEWAY } from '../stack.js';

pageTest('a user who returns from the bank’s own site goes on where they were', async (app) => {
  const { page } = app;
  const link = await app.startLink();
  await link.chooseBank(OAUTH_BANK);
  await (await link.toBankSite(OAUTH_BANK)).allow();
  await link.finish();
  await app.card(OAUTH_BANK).waitFor();
  // A reload must not play the return again.
  assert.equal(page.url(), `${GATEWAY}/`);
  await app.onlyItem();
  await page.reload();
  await app.card(OAUTH_BANK).waitFor();
  assert.equal(await page.locator('dialog[open]').count(), 0);
});
