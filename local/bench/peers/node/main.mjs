// Lambda's side: asks the Runtime API for invocations and answers them, one at a time. Loads the
// function that _HANDLER names from LAMBDA_TASK_ROOT, or from beside this file.

import { Agent, request } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT, _HANDLER } = process.env;
const API = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const call = (method, url, body) =>
  new Promise((resolve, reject) => {
    const answered = async (answer) => {
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      resolve({ headers: answer.headers, text: Buffer.concat(chunks).toString() });
    };
    request(`${API}${url}`, { method, agent }, (answer) => answered(answer).catch(reject))
      .on('error', reject)
      .end(body);
  });

const told = ({ name, message }) => JSON.stringify({ errorType: name, errorMessage: message });

const load = async () => {
  const file = path.resolve(LAMBDA_TASK_ROOT ?? import.meta.dirname, `${_HANDLER}.mjs`);
  try {
    return (await import(pathToFileURL(file))).handler;
  } catch (error) {
    await call('POST', '/init/error', told(error));
    throw error;
  }
};

const handler = await load();
for (;;) {
  const { headers, text } = await call('GET', '/invocation/next');
  const id = headers['lambda-runtime-aws-request-id'];
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    const response = await handler(JSON.parse(text), context);
    await call('POST', `/invocation/${id}/response`, JSON.stringify(response));
  } catch (error) {
    await call('POST', `/invocation/${id}/error`, told(error));
  }
}
