// Between API Gateway's events and the functions: who calls, with what, and the answer.

export class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    Object.assign(this, { status, code });
  }
}

const answer = (statusCode, type, body) => ({
  statusCode,
  headers: { 'content-type': type },
  body: JSON.stringify(body),
});

const problemOf = (error) => {
  if (error instanceof Problem) return error;
  // An axios error of Plaid's client; its request holds tokens and is never logged.
  if (error.isAxiosError) {
    return new Problem(503, 'plaid_unavailable', error.response?.data?.error_code ?? error.code);
  }
  return new Problem(500, 'internal_error', error.name);
};

export const bodyOf = (event) =>
  Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');

export const jsonOf = (event) => {
  try {
    return JSON.parse(bodyOf(event).toString());
  } catch {
    throw new Problem(400, 'invalid_json', 'The body is not valid JSON.');
  }
};

export const userOf = (event) => {
  const user = event.requestContext.authorizer?.jwt?.claims?.sub;
  if (!user) throw new Problem(401, 'unauthenticated', 'The caller is not signed in.');
  return user;
};

// A handler that answers what `work` returns, and logs one line.
export const handle = (work) => async (event, context) => {
  const started = performance.now();
  const line = { level: 'info', function: process.env._HANDLER, request_id: context.awsRequestId };
  let response;
  try {
    const [status, body] = await work(event, line);
    response = answer(status, 'application/json', body);
  } catch (error) {
    const { status, code, message } = problemOf(error);
    Object.assign(line, { level: status < 500 ? 'warn' : 'error', code, reason: message });
    const body = { status, code, detail: message, request_id: context.awsRequestId };
    response = answer(status, 'application/problem+json', body);
  }
  line.status = response.statusCode;
  line.duration_ms = Math.round((performance.now() - started) * 100) / 100;
  console.log(JSON.stringify(line));
  return response;
};
