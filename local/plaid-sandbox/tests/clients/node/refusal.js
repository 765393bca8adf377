// The answer with which a call is refused.

import assert from 'node:assert/strict';

export const refusal = async (call) => {
  try {
    await call;
  } catch (error) {
    assert.ok(error.response, error);
    return error.response;
  }
  assert.fail('the call went well');
};
