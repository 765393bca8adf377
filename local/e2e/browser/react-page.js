// Serves the throw-away React application, bundled when the test starts.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { Link } from './link.js';
import { GATEWAY, PLAID } from './stack.js';

// react-plaid-link loads this address and no other.
const CDN = 'https://cdn.plaid.com';
const SCRIPT = `${CDN}/link/v2/stable/link-initialize.js`;

const HTML = `<!doctype html><html lang="en"><meta charset="utf-8"><title>React</title>
<link rel="icon" href="data:,"><div id="root"></div><script src="/app.js"></script></html>`;

const PLAIN = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Plain</title>
<link rel="icon" href="data:,"><script src="${PLAID}/link/v2/stable/link-initialize.js"></script></html>`;

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

const bundle = async (source) => {
  const result = await build({
    ...(source
      ? { stdin: { contents: source, loader: 'jsx', resolveDir: FOLDER }, jsx: 'automatic' }
      : { entryPoints: [`${FOLDER}react-app.js`] }),
    bundle: true,
    write: false,
    format: 'iife',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  });
  return result.outputFiles[0].text;
};

// What a development server does with calls of the API: so they come from the page's origin.
const forward = async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  const { authorization, 'content-type': type } = request.headers;
  const answer = await fetch(GATEWAY + request.url, {
    method: request.method,
    headers: { ...(authorization && { authorization }), ...(type && { 'content-type': type }) },
    ...(body.length > 0 ? { body } : {}),
  });
  response.statusCode = answer.status;
  response.end(await answer.text());
};

// Serves `react-app.js`, or another one with this source; and, at /plain.html, a page with
// nothing but Link's script.
export const serveReactApp = async (source = null) => {
  const script = await bundle(source);
  const files = { '/app.js': ['text/javascript', script], '/plain.html': ['text/html', PLAIN] };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, GATEWAY);
    if (pathname.startsWith('/v1/')) return forward(request, response);
    const [kind, text] = files[pathname] ?? ['text/html', HTML];
    response.setHeader('content-type', kind);
    return response.end(text);
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
  // Puts the simulator behind Plaid's address.
  static async withSimulator(page) {
    const script = await (await fetch(`${PLAID}/link/v2/stable/link-initialize.js`)).text();
    await page.route(SCRIPT, (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
  }

  // With a link token of our API.
  static async open(page, app, { user, wish = {} }) {
    await ReactPage.withSimulator(page);
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
