// The reference front end as its user sees it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withPage } from './browser.js';
import { Link } from './link.js';
import { GATEWAY, newUser, signIn } from './stack.js';

export class ReferencePage {
  // Signed in as a new user, with nothing linked.
  static async open(page) {
    const userId = newUser();
    await page.goto(GATEWAY);
    const app = new ReferencePage(page, userId, await signIn(userId));
    await app.signIn();
    await page.getByRole('heading', { name: 'No bank linked yet' }).waitFor();
    return app;
  }

  constructor(page, userId, user) {
    this.page = page;
    this.userId = userId;
    this.user = user;
    this.link = new Link(page);
  }

  // The same user in another tab, which does not know who that is.
  async otherTab(address) {
    const page = await this.page.context().newPage();
    await page.goto(address);
    return new ReferencePage(page, this.userId, this.user);
  }

  async signIn(userId = this.userId) {
    await this.page.getByLabel('User name').fill(userId);
    await this.button('Continue').click();
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  startLink() {
    return this.openLink(this.button('Link a bank'));
  }

  // Presses a button that opens Link, and keeps what our API says about it.
  async openLink(button) {
    const [response] = await Promise.all([this.answered('/v1/link-tokens'), button.click()]);
    const { link_id: linkId, link_token: linkToken } = await response.json();
    Object.assign(this, { linkId, linkToken, wish: response.request().postDataJSON() });
    return this.link;
  }

  // The next answer of an address that ends so.
  answered(path) {
    return this.page.waitForResponse((response) => response.url().endsWith(path));
  }

  // What our API answers when the page tells it of an exit.
  reported() {
    return this.answered(`/v1/links/${this.linkId}/exit`);
  }

  // Leaves Link, and gives what the page then told our API, and the pane that was left.
  async leave({ ask }) {
    const [step, report] = await Promise.all([
      this.page.waitForResponse((response) => isExit(response.request())),
      this.reported(),
      this.link.close({ ask }),
    ]);
    assert.equal(report.status(), 204);
    const { view } = await step.json();
    return { pane: view.pane, told: report.request().postDataJSON() };
  }

  // What has the focus, by its name.
  focused() {
    return this.page.evaluate(() => {
      const { activeElement: node } = document;
      return node.getAttribute('aria-label') ?? node.textContent.trim();
    });
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

  // The only Item that our API has for this user.
  async onlyItem() {
    const items = await this.user.items();
    assert.equal(items.length, 1);
    return items[0];
  }
}

const isExit = (request) =>
  request.url().endsWith('/link/v2/session') && request.postDataJSON().step.name === 'exit';

// A test on the page of a new user. `prepare` gets the page before anything is loaded.
export const pageTest = (name, act, prepare = () => {}, more = {}) =>
  test(name, () =>
    withPage(async (page) => {
      await prepare(page);
      await act(await ReferencePage.open(page));
    }, more));

// Keeps requests of this kind until `release` is called, and counts them.
export const hold = async (page, path, method) => {
  const held = { count: 0, release: () => {} };
  const released = new Promise((resolve) => {
    held.release = resolve;
  });
  await page.route(path, async (route) => {
    if (route.request().method() !== method) return route.fallback();
    held.count += 1;
    await released;
    return route.continue();
  });
  return held;
};
