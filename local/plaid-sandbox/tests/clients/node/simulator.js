// A running simulator, its controls, and Plaid's own client pointed at it.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Configuration, PlaidApi } from 'plaid';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const BINARY =
  process.env.PLAID_SANDBOX_BIN || here('../../../../../target/debug/plaid-sandbox');

// Whatever proxy is configured, this machine is asked directly.
process.env.NO_PROXY = '127.0.0.1';

// All that an application changes: the base URL, and the keys that are accepted there.
const client = (base) =>
  new PlaidApi(
    new Configuration({
      basePath: base,
      baseOptions: {
        headers: {
          'PLAID-CLIENT-ID': 'sandbox-client-id',
          'PLAID-SECRET': 'sandbox-secret',
          'Plaid-Version': '2020-09-14',
        },
      },
    }),
  );

const start = async () => {
  const program = spawn(BINARY, ['--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const failed = new Promise((_, reject) => program.once('error', reject));
  const ready = (async () => {
    for await (const line of createInterface({ input: program.stdout })) {
      const [, base] = line.match(/^ready (\S+)/) || [];
      if (base) return base;
    }
    throw new Error(`${BINARY} did not start`);
  })();
  return { program, base: await Promise.race([ready, failed]) };
};

export class Simulator {
  static async start() {
    const { program, base } = await start();
    const simulator = new Simulator();
    simulator.program = program;
    simulator.base = base;
    simulator.plaid = client(base);
    return simulator;
  }

  stop() {
    this.program.kill();
  }

  // One of the controls under /simulator.
  async control(method, path, body) {
    const response = await fetch(`${this.base}/simulator${path}`, {
      method,
      body: body && JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  // A bank that a user linked, up to the access token and the accounts.
  async link({ institution = 'ins_109508', username = 'user_good', webhook } = {}) {
    const { data: created } = await this.plaid.sandboxPublicTokenCreate({
      institution_id: institution,
      initial_products: ['auth'],
      options: { override_username: username, override_password: 'pass_good', webhook },
    });
    const { public_token } = created;
    const { data: exchanged } = await this.plaid.itemPublicTokenExchange({ public_token });
    const { access_token, item_id } = exchanged;
    const { data } = await this.plaid.accountsGet({ access_token });
    return { access_token, item_id, accounts: data.accounts };
  }

  async liveItems() {
    return (await this.control('GET', '/items')).items.map((item) => item.item_id);
  }
}
