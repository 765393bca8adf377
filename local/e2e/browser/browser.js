// One Chromium for each file of tests, and a profile of its own for each test.

import { mkdir } from 'node:fs/promises';
import { after } from 'node:test';
import { chromium } from 'playwright-core';

import { CHROMIUM } from '../../plaid-sandbox/tests/browser/chromium.js';
import { ASTRA, GATEWAY, PLAID } from './stack.js';

// Not set: no pictures.
const PICTURES = process.env.SCREENSHOTS;
// No condition of a test takes longer.
const PATIENCE = 20_000;
const OURS = [GATEWAY, PLAID, ASTRA, GATEWAY.replace('127.0.0.1', 'localhost')].map((url) => new URL(url).origin);

let running = null;
const browser = () => {
  running ??= chromium.launch(CHROMIUM);
  return running;
};
after(async () => (await running)?.close());

// Runs `act` with a new page. It fails when the page throws, when its policy forbids
// something that was not `forbidden` on purpose, or when it asks anybody but the stack.
export const withPage = async (act, { options = {}, origins = [], forbidden = false } = {}) => {
  const context = await (await browser()).newContext({ reducedMotion: 'reduce', ...options });
  try {
    context.setDefaultTimeout(PATIENCE);
    const faults = [];
    const known = [...OURS, ...origins];
    context.on('weberror', (error) => faults.push(error.error().message));
    context.on('console', (message) => {
      if (!forbidden && /Content Security Policy/.test(message.text())) faults.push(message.text());
    });
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http') && !known.includes(url.origin)) faults.push(`asked ${url.origin}`);
    });
    await act(await context.newPage()).catch((error) => faults.push(error.stack));
    if (faults.length > 0) throw new Error(faults.join('\n'));
  } finally {
    await context.close();
  }
};

export const picture = async (page, name, { fullPage = true } = {}) => {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage });
};
