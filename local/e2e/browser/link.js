// Plaid Link as a user sees it: in the frame that the simulator's script opens, or alone
// on the page of Hosted Link.

import { BANK } from './banks.js';

// The bank's own site, in the tab or in a window of its own.
export class BankSite {
  constructor(page) {
    this.page = page;
  }

  press(name) {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  ready() {
    return this.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  }

  async signIn() {
    await this.press('Sign in');
    await this.page.getByRole('heading', { name: /^Share with/ }).waitFor();
  }

  async share({ without = [] } = {}) {
    for (const account of without) await this.page.getByLabel(account).uncheck();
    await this.press('Allow');
  }

  async allow(choice) {
    await this.signIn();
    await this.share(choice);
  }

  deny() {
    return this.press('Deny');
  }
}

export class Link {
  static hosted(page) {
    return new Link(page, page);
  }

  constructor(page, frame = page.frameLocator('iframe[title^="Plaid Link"]')) {
    this.page = page;
    this.frame = frame;
  }

  title(text) {
    return this.frame.getByRole('heading', { name: text, level: 1 }).waitFor();
  }

  press(name) {
    return this.frame.getByRole('button', { name, exact: true }).click();
  }

  // What is wrong with what was done last.
  alert(text) {
    return this.frame.getByRole('alert').filter({ hasText: text }).waitFor();
  }

  // Waits until Link takes the next click.
  idle() {
    return this.frame.locator('#sheet[aria-busy=false]').waitFor();
  }

  async toBanks() {
    await this.title(/wants to link/);
    await this.press('Continue');
    await this.title('Select your bank');
  }

  async chooseBank(name) {
    await this.toBanks();
    await this.frame.getByRole('button', { name }).click();
  }

  async logIn({ username = 'user_good', password = 'pass_good' } = {}) {
    await this.title(/Log in to/);
    await this.fill({ Username: username, Password: password });
    await this.press('Log in');
  }

  // Fills fields by their labels.
  async fill(values) {
    for (const [label, value] of Object.entries(values)) {
      await this.frame.getByLabel(label, { exact: true }).fill(value);
    }
  }

  async answer(values) {
    await this.fill(values);
    await this.press('Continue');
  }

  // Shares these accounts, besides those that are shared already.
  async share(...names) {
    await this.title(/Select a/);
    for (const name of names) await this.frame.getByLabel(name).check();
    await this.press('Continue');
  }

  async finish() {
    await this.title('It worked');
    await this.press('Finish');
  }

  // All of Link, for one account.
  async linkOneAccount(bank = BANK) {
    await this.chooseBank(bank);
    await this.logIn();
    await this.share('Plaid Checking');
    await this.finish();
  }

  async enterNumbers(numbers) {
    await this.title('Enter your account details');
    await this.answer(numbers);
  }

  async enterDepositCode(code) {
    await this.title('Confirm your deposit');
    await this.fill({ 'Three-letter code': code });
    await this.press('Confirm');
  }

  async close({ ask }) {
    await this.press('Close Link');
    if (ask) await this.press('Leave');
  }

  // The bank's own site, which takes the place of the application's page.
  async toBankSite(bank) {
    await this.press(`Continue to ${bank}`);
    return new BankSite(this.page);
  }

  // The bank's own site, beside the application's page.
  async openBankWindow(bank) {
    const [opened] = await Promise.all([this.page.waitForEvent('popup'), this.press(`Continue to ${bank}`)]);
    return new BankSite(opened);
  }
}
