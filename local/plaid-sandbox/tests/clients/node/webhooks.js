// A receiver of webhooks that believes only what Plaid signed, as Plaid's documentation advises:
// https://plaid.com/docs/api/webhooks/webhook-verification/

import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose';

const PATIENCE = 20_000;

const sameText = (one, other) =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

// Throws, with the reason, unless Plaid signed exactly this body within the last five minutes.
const verify = async (plaid, token, body) => {
  if (!token) throw new Error('there is no signature');
  const { alg, kid } = decodeProtectedHeader(token);
  if (alg !== 'ES256') throw new Error(`the algorithm is ${alg}`);
  const { data } = await plaid.webhookVerificationKeyGet({ key_id: kid });
  const key = await importJWK(data.key, 'ES256');
  const options = { algorithms: ['ES256'], maxTokenAge: '5 min' };
  const { payload } = await jwtVerify(token, key, options);
  const hash = createHash('sha256').update(body).digest('hex');
  if (!sameText(hash, payload.request_body_sha256)) throw new Error('the body is another one');
};

export class Receiver {
  static async start(plaid) {
    const receiver = new Receiver();
    receiver.arrived = [];
    receiver.server = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const refusal = await verify(plaid, request.headers['plaid-verification'], body).then(
        () => null,
        (error) => error.response?.data.error_code ?? error.message,
      );
      // 200 for the others too, or Plaid sends them again.
      response.end();
      receiver.arrived.push({ refusal, ...JSON.parse(body) });
      receiver.server.emit('webhook');
    });
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}/webhooks`;
    return receiver;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  // The next webhook with this code; it is taken away. Webhooks come in no certain order.
  async next(code) {
    const deadline = AbortSignal.timeout(PATIENCE);
    for (;;) {
      const at = this.arrived.findIndex(({ webhook_code }) => webhook_code === code);
      if (at >= 0) return this.arrived.splice(at, 1)[0];
      await once(this.server, 'webhook', { signal: deadline });
    }
  }
}
