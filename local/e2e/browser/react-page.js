// Serves the throw-away React application, bundled when the test starts.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { Link } from './link.js';
import { PLAID, newUser, signIn } from './stack.js';

// react-plaid-link loads this address and no other.
const CDN = 'https://cdn.plaid.com';
const SCRIPT = `${CDN}/link/v2/stable/link-initialize.js`;

const HTML = `<!doctype html><html lang="en"><meta charset="utf-8"><title>React</title>
<link rel="icon" href="data:,"><div id="root"></div><script src="/app.js"></script></html>`;

const bundle = async () => {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('react-app.js', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  });
  return result.outputFiles[0].text;
};

export const serveReactApp = async () => {
  const script = await bundle();
  const server = createServer((request, response) => {
    const isScript = request.url.startsWith('/app.js');
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : HTML);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    origins: [url, CDN],
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

export class ReactPage {
  // With a link token of our API, and the simulator behind Plaid's address.
  static async open(page, app, wish = {}) {
    const script = await (await fetch(`${PLAID}/link/v2/stable/link-initialize.js`)).text();
    await page.route(SCRIPT, (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
    const user = await signIn(newUser());
    const { link_token } = await user.createLinkToken(wish);
    await page.goto(`${app.url}/?token=${link_token}`);
    return new ReactPage(page);
  }

  constructor(page) {
    this.page = page;
    this.link = new Link(page);
  }

  async openLink() {
    await this.page.getByRole('button', { name: 'Open Link' }).click();
    return this.link;
  }

  // Waits until Link has called this back, and gives its arguments.
  async said(callback) {
    const found = await this.page.waitForFunction(
      (wanted) => JSON.parse(document.getElementById('said').textContent).find(([name]) => name === wanted),
      callback,
    );
    const [, ...words] = await found.jsonValue();
    return words;
  }

  async events() {
    const said = JSON.parse(await this.page.locator('#said').textContent());
    return said.filter(([callback]) => callback === 'onEvent').map(([, name]) => name);
  }
}
