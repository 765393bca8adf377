// The reference front end as its user sees it.

import { Link } from './link.js';
import { GATEWAY, newUser, signIn } from './stack.js';

export class ReferencePage {
  // Signed in as a new user, with nothing linked.
  static async open(page) {
    const userId = newUser();
    await page.goto(GATEWAY);
    await page.getByLabel('User name').fill(userId);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'No bank linked yet' }).waitFor();
    return new ReferencePage(page, await signIn(userId));
  }

  constructor(page, user) {
    this.page = page;
    this.user = user;
    this.link = new Link(page);
  }

  async startLink() {
    const answer = this.page.waitForResponse((response) => response.url().endsWith('/v1/link-tokens'));
    await this.page.getByRole('button', { name: 'Link a bank' }).click();
    this.linkId = (await (await answer).json()).link_id;
    return this.link;
  }

  card(bank) {
    return this.page.getByRole('article', { name: bank });
  }

  notice(title) {
    return this.page.locator('.notice', { hasText: title });
  }

  connected(bank) {
    return this.notice(`${bank} is connected`).waitFor();
  }
}
