// What the README shows of Node does what it says.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Simulator } from './simulator.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

test('the example makes a public token', async () => {
  const simulator = await Simulator.start();
  const [, code] = readFileSync(here('../../../README.md'), 'utf8').split('```js\n');
  const example = code.split('```')[0].replace('http://127.0.0.1:3001', simulator.base);
  // Where it finds the client.
  const file = here('node_modules/readme-example.mjs');
  writeFileSync(file, example);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file]);
    assert.match(stdout, /^public-sandbox-/);
  } finally {
    rmSync(file);
    simulator.stop();
  }
});
