// Plaid Link: its script, and one session of it at a time.

/** @typedef {{error_type: string, error_code: string, error_message: string, display_message: string | null}} LinkError */
/**
 * @typedef {{institution: {name: string, institution_id: string} | null, status: string | null,
 *   link_session_id: string, request_id: string}} ExitMetadata
 */
/** @typedef {import('./exchange.js').SuccessMetadata} SuccessMetadata */
/** @typedef {import('./activity.js').EventMetadata} EventMetadata */
/**
 * @typedef {{name: 'success', publicToken: string | null, metadata: SuccessMetadata}
 *   | {name: 'exit', error: LinkError | null, metadata: ExitMetadata}} Outcome
 */
/** @typedef {{open: () => void, destroy: () => void}} Handler */
/** @typedef {{create: (config: object) => Handler}} Plaid */

/** @type {Promise<Plaid> | null} */
let loading = null;
/**
 * The handler of the last session. Events may still come after onSuccess and onExit, so
 * it lives until the next one is made.
 * @type {Handler | null}
 */
let last = null;

const plaidOf = (/** @type {Window & {Plaid?: Plaid}} */ scope) => scope.Plaid;

/**
 * @param {string} url
 * @returns {Promise<Plaid>}
 */
const load = (url) =>
  new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    // Plaid's policy wants a nonce where inline scripts are not allowed.
    script.nonce = document.querySelector('script')?.nonce ?? '';
    const fail = () => {
      script.remove();
      reject(new Error(url));
    };
    script.addEventListener('load', () => {
      const plaid = plaidOf(window);
      if (plaid) resolve(plaid);
      else fail();
    });
    script.addEventListener('error', fail);
    document.head.append(script);
  });

/**
 * Plaid's script, which must always come from Plaid's own address.
 * @param {string} url
 * @returns {Promise<Plaid>}
 */
export const loadPlaid = (url) => {
  loading ??= load(url).catch((error) => {
    // The next click tries again.
    loading = null;
    throw error;
  });
  return loading;
};

export const destroyLink = () => {
  if (last) last.destroy();
  last = null;
};

/**
 * Runs Link once. Link may call back twice; a promise only takes the first.
 * @param {Plaid} plaid
 * @param {{token: string, receivedRedirectUri: string | null,
 *   onEvent: (name: string, metadata: EventMetadata) => void}} session
 * @returns {Promise<Outcome>}
 */
export const runLink = (plaid, { token, receivedRedirectUri, onEvent }) => {
  destroyLink();
  return new Promise((resolve) => {
    last = plaid.create({
      token,
      ...(receivedRedirectUri ? { receivedRedirectUri } : {}),
      onSuccess: (/** @type {string | null} */ publicToken, /** @type {SuccessMetadata} */ metadata) =>
        resolve({ name: 'success', publicToken, metadata }),
      onExit: (/** @type {LinkError | null} */ error, /** @type {ExitMetadata} */ metadata) =>
        resolve({ name: 'exit', error, metadata }),
      onEvent,
    });
    last.open();
  });
};
