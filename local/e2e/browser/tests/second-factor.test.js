// Banks that want more than a password.

import { BANK } from '../banks.js';
import { pageTest } from '../reference-page.js';

pageTest('a bank that asks for a code gets it', async (app) => {
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn({ password: 'mfa_device' });
  await link.title(/How should we send/);
  await link.press('Send code');
  await link.answer({ Code: '1234' });
  await link.share('Plaid Checking');
  await link.finish();
  await app.connected(BANK);
});
