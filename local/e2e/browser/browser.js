// Chromium, with a profile of its own for each test.

import { mkdir } from 'node:fs/promises';
import { chromium } from 'playwright-core';

import { GATEWAY, PLAID } from './stack.js';

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
// Not set: no pictures.
const PICTURES = process.env.SCREENSHOTS;
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
// No condition of a test takes longer.
const PATIENCE = 20_000;
const OURS = [GATEWAY, PLAID, GATEWAY.replace('127.0.0.1', 'localhost')].map((url) => new URL(url).origin);

const launch = () => chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });

// Runs `act` with a new page. It fails when the page throws, when its policy forbids
// something, or when it asks anybody but the stack.
export const withPage = async (act, { options = {}, origins = [] } = {}) => {
  const browser = await launch();
  try {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(PATIENCE);
    const faults = [];
    const known = [...OURS, ...origins];
    context.on('weberror', (error) => faults.push(error.error().message));
    context.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) faults.push(message.text());
    });
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http') && !known.includes(url.origin)) faults.push(`asked ${url.origin}`);
    });
    await act(await context.newPage(), context).catch((error) => faults.push(error.stack));
    if (faults.length > 0) throw new Error(faults.join('\n'));
  } finally {
    await browser.close();
  }
};

export const picture = async (page, name) => {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
};
