// A simulator, a throw-away application, a browser, and the words to drive them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

import { CHROMIUM } from './chromium.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const BINARY = process.env.PLAID_SANDBOX_BIN || here('../../../../target/debug/plaid-sandbox');
const SHOTS = process.env.SCREENSHOTS;

export const PLAID_SCRIPT = 'https://cdn.plaid.com/link/v2/stable/link-initialize.js';

const startSimulator = async () => {
  const process_ = spawn(BINARY, ['--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: process_.stdout })) {
    const [, base] = line.match(/^ready (\S+)/) || [];
    if (base) return { base, stop: () => process_.kill() };
  }
  throw new Error(`${BINARY} did not start`);
};

const MODULES = {
  '/react.js': 'node_modules/react/umd/react.production.min.js',
  '/react-dom.js': 'node_modules/react-dom/umd/react-dom.production.min.js',
  '/react-plaid-link.js': 'node_modules/react-plaid-link/dist/index.umd.js',
};

// The application: `log` keeps what Link says, in order.
const APP = (base) => `<!doctype html><meta name="viewport" content="width=device-width">
<title>Application</title>
<body style="font: 16px system-ui; margin: 40px"><h1>Application</h1>
<button id="before">Link a bank</button><p>What an application shows behind Link.</p>
<div id="embedded"></div>
<script src="${base}/link/v2/stable/link-initialize.js"></script>
<script>
  window.log = [];
  window.make = (config) => ({
    onSuccess: (token, metadata) => log.push({ said: 'success', token, metadata }),
    onExit: (error, metadata) => log.push({ said: 'exit', error, metadata }),
    onEvent: (name, metadata) => log.push({ said: 'event', name, metadata }),
    onLoad: () => log.push({ said: 'load' }),
    ...config,
  });
</script>`;

const REACT = (base) => `<!doctype html><title>React</title><div id="root"></div>
<script src="${base}/link/v2/stable/link-initialize.js"></script>
<script type="text/plain" src="${PLAID_SCRIPT}"></script>
<script src="/react.js"></script><script src="/react-dom.js"></script>
<script src="/react-plaid-link.js"></script>
<script>
  window.log = [];
  const params = new URLSearchParams(location.search);
  if (params.get('token')) sessionStorage.setItem('token', params.get('token'));
  const App = () => {
    const returned = params.has('oauth_state_id');
    const { open, ready, error } = PlaidLink.usePlaidLink({
      token: sessionStorage.getItem('token'),
      receivedRedirectUri: returned ? location.href : undefined,
      onSuccess: (token, metadata) => log.push({ said: 'success', token, metadata }),
      onExit: (error, metadata) => log.push({ said: 'exit', error, metadata }),
      onEvent: (name, metadata) => log.push({ said: 'event', name, metadata }),
      onLoad: () => log.push({ said: 'load' }),
    });
    React.useEffect(() => { if (ready && returned) open(); }, [ready]);
    return React.createElement('button', { id: 'link', disabled: !ready, onClick: () => open() }, 'Link');
  };
  ReactDOM.createRoot(document.getElementById('root')).render(React.createElement(App));
</script>`;

const startApp = async (base) => {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (MODULES[pathname]) {
      response.setHeader('Content-Type', 'text/javascript');
      response.end(readFileSync(here(MODULES[pathname])));
      return;
    }
    response.setHeader('Content-Type', 'text/html');
    response.end(pathname.startsWith('/react') ? REACT(base) : APP(base));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  // Not 127.0.0.1: Link runs on another site than the application.
  return { url: `http://localhost:${port}`, stop: () => server.close() };
};

export class World {
  static async start() {
    const world = new World();
    world.simulator = await startSimulator();
    world.base = world.simulator.base;
    world.app = await startApp(world.base);
    world.browser = await chromium.launch(CHROMIUM);
    return world;
  }

  async stop() {
    await this.browser.close();
    this.app.stop();
    this.simulator.stop();
  }

  async post(path, body) {
    const response = await fetch(this.base + path, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'PLAID-CLIENT-ID': 'sandbox-client-id',
        'PLAID-SECRET': 'sandbox-secret',
      },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(answer));
    return answer;
  }

  async linkToken(more = {}) {
    const update = 'access_token' in more;
    return this.post('/link/token/create', {
      client_name: 'Corner Shop',
      language: 'en',
      country_codes: ['US'],
      user: { client_user_id: 'u1' },
      ...(update ? {} : { products: ['auth'] }),
      ...more,
    });
  }

  settings(settings) {
    return this.post('/simulator/settings', settings);
  }

  async exchange(token) {
    return this.post('/item/public_token/exchange', { public_token: token });
  }

  // A page of the application, with Link open.
  async open(more = {}, { options = {}, config = {}, path = '/' } = {}) {
    const token = typeof more === 'string' ? more : (await this.linkToken(more)).link_token;
    const context = await this.browser.newContext({ reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error('page error:', error.message));
    await page.goto(this.app.url + path);
    const link = new Link(page, token);
    await link.create({ token, ...config });
    await page.evaluate(() => window.handler.open());
    return link;
  }
}

export class Link {
  constructor(page, token) {
    this.page = page;
    this.token = token;
    this.frame = page.frameLocator('iframe[title^="Plaid Link"]');
  }

  create(config) {
    return this.page.evaluate((given) => {
      window.handler = window.Plaid.create(window.make(given));
    }, config);
  }

  title(text) {
    return this.frame.locator('h1', { hasText: text }).waitFor();
  }

  async press(name) {
    await this.frame.getByRole('button', { name, exact: true }).click();
  }

  async fill(values) {
    for (const [label, value] of Object.entries(values)) {
      await this.frame.getByLabel(label, { exact: true }).fill(value);
    }
  }

  async toInstitutions() {
    await this.title(/wants to link/);
    await this.press('Continue');
    await this.title('Select your bank');
  }

  async to(institution) {
    await this.toInstitutions();
    await this.frame.getByRole('button', { name: institution }).click();
  }

  async logIn(password = 'pass_good', username = 'user_good') {
    await this.title(/Log in to/);
    await this.fill({ Username: username, Password: password });
    await this.press('Log in');
  }

  // Checks just these accounts.
  async share(...names) {
    await this.title(/Select a/);
    for (const name of names) await this.frame.getByLabel(name).check();
    await this.press('Continue');
  }

  async leave(status) {
    await this.press('Close Link');
    if (status !== 'free') await this.press('Leave');
    return this.said('exit');
  }

  // Waits until Link has told of so many events with this name.
  told(name, count) {
    return this.page.waitForFunction(
      ([wanted, times]) => window.log.filter((entry) => entry.name === wanted).length === times,
      [name, count],
    );
  }

  // Waits until Link has said so.
  async said(said) {
    const found = await this.page.waitForFunction(
      (wanted) => window.log.find((entry) => entry.said === wanted),
      said,
    );
    return found.jsonValue();
  }

  log() {
    return this.page.evaluate(() => window.log);
  }

  async events() {
    const log = await this.log();
    return log
      .filter((entry) => entry.said === 'event')
      .map(({ name, metadata }) =>
        name === 'TRANSITION_VIEW' ? metadata.view_name : name,
      );
  }

  async shot(name) {
    if (!SHOTS) return;
    mkdirSync(SHOTS, { recursive: true });
    await this.page.screenshot({ path: `${SHOTS}/${name}.png` });
  }

  close() {
    return this.page.context().close();
  }
}
