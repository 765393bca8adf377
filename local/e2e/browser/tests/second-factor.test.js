// Banks that want more than a password.

import assert from 'node:assert/strict';

import { BANK } from '../banks.js';
import { picture } from '../browser.js';
import { pageTest } from '../reference-page.js';
import { liveItems } from '../stack.js';

const start = async (app, password) => {
  const link = await app.startLink();
  await link.chooseBank(BANK);
  await link.logIn({ password });
  return link;
};

// The bank was content: one account is shared, and the page, our API and Plaid agree.
const shareAndSee = async (app) => {
  await app.link.share('Plaid Checking');
  await app.link.finish();
  await app.connected(BANK);
  await app.card(BANK).getByText('Ready for payments').waitFor();
  const item = await app.onlyItem();
  assert.deepEqual([item.status, item.action], ['active', 'none']);
  assert.deepEqual(item.accounts.map(({ name, status }) => [name, status]), [['Plaid Checking', 'ready']]);
  assert.ok((await liveItems()).includes(item.item_id));
};

// The kinds of second factor that Link told the page about, as the page lists them.
const submitted = async (app) => {
  await app.page.getByText('What Link reported').click();
  const entries = await app.page.locator('#events li', { hasText: 'SUBMIT_MFA' }).allInnerTexts();
  return entries.map((entry) => entry.replace(/^SUBMIT_MFA /, ''));
};

pageTest('a bank that asks for a code gets it, at the second attempt', async (app) => {
  const link = await start(app, 'mfa_device');
  await link.title(/How should we send/);
  await link.frame.getByLabel(/^Email/).check();
  await link.press('Send code');
  await link.title('Enter the code');
  await link.answer({ Code: '9999' });
  await link.alert(/./);
  await link.answer({ Code: '1234' });
  await shareAndSee(app);
  const kinds = await submitted(app);
  assert.match(kinds[0], /device · Email to/);
  assert.deepEqual(kinds.slice(1).map((kind) => kind.split(' · ').at(-1)), ['code', 'code']);
});

pageTest('a bank that asks questions gets answers, round by round', async (app) => {
  const link = await start(app, 'mfa_questions_2_2');
  const round = (number, answer = (question) => `answer_${number}_${question}`) =>
    link.answer({
      [`You say answer_${number}_0, we say?`]: answer(0),
      [`You say answer_${number}_1, we say?`]: answer(1),
    });
  await link.title('Answer these questions');
  await round(0);
  await round(1, () => 'I forgot');
  await link.alert(/./);
  await picture(app.page, 'questions');
  // The first round needs not be repeated.
  await round(1);
  await shareAndSee(app);
  assert.equal((await submitted(app)).length, 3);
});

pageTest('a bank that gives answers to choose from gets the right ones', async (app) => {
  const link = await start(app, 'mfa_selections');
  await link.title('Answer these questions');
  const answers = link.frame.getByLabel('Yes', { exact: true });
  assert.equal(await answers.count(), 2);
  await answers.first().check();
  await link.press('Continue');
  await link.alert(/./);
  await picture(app.page, 'selections');
  for (const yes of await answers.all()) await yes.check();
  await link.press('Continue');
  await shareAndSee(app);
  assert.equal((await submitted(app)).length, 2);
});

pageTest('after five wrong answers the page starts over, with another link token', async (app) => {
  const link = await start(app, 'mfa_questions_1_1');
  const missFiveTimes = async () => {
    for (let miss = 1; miss <= 5; miss += 1) {
      await link.title('Answer this question');
      await link.idle();
      await link.answer({ 'You say answer_0_0, we say?': `wrong ${miss}` });
    }
  };
  const [report, renewed] = await Promise.all([app.reported(), app.answered('/v1/link-tokens'), missFiveTimes()]);
  assert.equal(report.status(), 204);
  const { problem } = await app.user.link(app.linkId);
  assert.deepEqual([problem.error_code, problem.status], ['INVALID_LINK_TOKEN', 'requires_questions']);
  assert.notEqual((await renewed.json()).link_token, app.linkToken);
  await link.linkOneAccount();
  await app.connected(BANK);
  await app.onlyItem();
});
