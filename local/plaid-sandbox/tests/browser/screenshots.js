// Pictures of every pane, for eyes: `SCREENSHOTS=screenshots npm run screenshots`.

import { World } from './support.js';

const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 900, height: 760 } },
  dark: { colorScheme: 'dark', viewport: { width: 900, height: 760 } },
  phone: { colorScheme: 'light', viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true },
};

process.env.SCREENSHOTS ||= 'screenshots';
const world = await World.start();

const credentialsAndAccounts = async (link, shot) => {
  await link.title(/wants to link/);
  await shot('01-consent');
  await link.toInstitutions();
  await shot('02-institutions');
  await link.frame.getByLabel('Search for your bank').fill('zzz');
  await link.frame.getByText('No bank with this name').waitFor();
  await shot('03-nothing-found');
  await link.frame.getByLabel('Search for your bank').fill('first');
  await link.frame.getByRole('button', { name: 'First Platypus Bank' }).click();
  await link.logIn('wrong');
  await link.frame.getByRole('alert').waitFor();
  await shot('04-credentials-wrong');
  await link.frame.locator('#username').press('Escape');
  await shot('05-leave');
  await link.press('Keep going');
  await link.logIn('mfa_device');
  await link.title('How should we');
  await shot('06-device');
  await link.press('Send code');
  await link.title('Enter the code');
  await shot('07-code');
  await link.fill({ Code: '1234' });
  await link.press('Continue');
  await link.title('Select accounts');
  await link.frame.getByLabel('Plaid Checking').check();
  await shot('08-accounts');
  await link.press('Continue');
  await link.title('It worked');
  await shot('09-connected');
};

const others = async (link, shot) => {
  await link.to('Unhealthy Platypus Bank - Down');
  await link.title('Your bank does not answer');
  await shot('10-down');
  await link.press('Choose another bank');
  await link.frame.getByRole('button', { name: 'First Platypus Bank' }).click();
  await link.logIn('mfa_selections');
  await link.title('Answer these');
  await shot('11-selections');
  await link.press('Back');
  await link.press('Use account numbers instead');
  await link.title('Enter your account');
  await shot('12-numbers');
  await link.press('Back');
  await link.frame.getByRole('button', { name: 'Platypus OAuth Bank' }).click();
  await link.title('Log in at');
  await shot('13-oauth');
  const opened = link.page.waitForEvent('popup');
  await link.press('Continue to Platypus OAuth Bank');
  const bank = await opened;
  await link.title('Go on in the other');
  await shot('14-waiting');
  await bank.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  link.page = bank;
  await shot('15-bank');
  await bank.getByRole('button', { name: 'Sign in', exact: true }).click();
  await bank.getByRole('button', { name: 'Allow', exact: true }).waitFor();
  await shot('16-bank-accounts');
};

for (const [look, options] of Object.entries(LOOKS)) {
  const more = { auth: { same_day_microdeposits_enabled: true } };
  for (const walk of [credentialsAndAccounts, others]) {
    const link = await world.open(more, { options });
    await walk(link, (name) => link.shot(`${name}-${look}`));
    await link.close();
  }
}
await world.stop();
