// Plaid Link as a user sees it, in the frame that the simulator's script opens.

export class Link {
  constructor(page) {
    this.page = page;
    this.frame = page.frameLocator('iframe[title^="Plaid Link"]');
  }

  title(text) {
    return this.frame.getByRole('heading', { name: text, level: 1 }).waitFor();
  }

  press(name) {
    return this.frame.getByRole('button', { name, exact: true }).click();
  }

  async chooseBank(name) {
    await this.title(/wants to link/);
    await this.press('Continue');
    await this.title('Select your bank');
    await this.frame.getByRole('button', { name }).click();
  }

  async logIn({ username = 'user_good', password = 'pass_good' } = {}) {
    await this.title(/Log in to/);
    await this.frame.getByLabel('Username', { exact: true }).fill(username);
    await this.frame.getByLabel('Password', { exact: true }).fill(password);
    await this.press('Log in');
  }

  // Fills fields by their labels.
  async fill(values) {
    for (const [label, value] of Object.entries(values)) {
      await this.frame.getByLabel(label, { exact: true }).fill(value);
    }
  }

  // Shares just these accounts.
  async share(...names) {
    await this.title(/Select a/);
    for (const name of names) await this.frame.getByLabel(name).check();
    await this.press('Continue');
  }

  async finish() {
    await this.title('It worked');
    await this.press('Finish');
  }

  async close({ ask }) {
    await this.press('Close Link');
    if (ask) await this.press('Leave');
  }

  // The bank's own site, which takes the place of the application's page.
  async allowAtBank(bank) {
    await this.press(`Continue to ${bank}`);
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await this.page.getByRole('button', { name: 'Allow', exact: true }).click();
  }
}
