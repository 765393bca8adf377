// node build.mjs FOLDER: one file per function, as SAM's and the CDK's esbuild step would make it.

import { build } from 'esbuild';

const names = ['create-link-token', 'exchange-and-processor-token', 'webhook-receipt'];
// Packages in CommonJS call require, which modules do not have.
const banner =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

await build({
  entryPoints: names.map((name) => `${import.meta.dirname}/${name}.mjs`),
  outdir: process.argv[2],
  outExtension: { '.js': '.mjs' },
  banner: { js: banner },
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  mainFields: ['module', 'main'],
});
