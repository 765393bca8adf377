// Link on a page of Plaid's own, for a link in a mail or a message.

import assert from 'node:assert/strict';

import { picture } from '../browser.js';
import { Link } from '../link.js';
import { pageTest } from '../reference-page.js';

pageTest('a hosted session opens on a page of Plaid’s own', async (app) => {
  const { page, user } = app;
  const { hosted_link_url: url, link_id: linkId } = await user.createLinkToken({ hosted_link: {} });
  assert.equal((await user.link(linkId)).status, 'open');
  await page.goto(url);
  await picture(page, 'hosted');
  await Link.hosted(page).title(/wants to link/);
});
