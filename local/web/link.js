// Plaid Link: its script, and one session of it at a time.

let loading = null;
// The handler of the last session. Events may still come after onSuccess and onExit, so
// it lives until the next one is made.
let last = null;

const load = (url) =>
  new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    // Plaid's policy wants a nonce where inline scripts are not allowed.
    script.nonce = document.querySelector('script[nonce]').nonce;
    script.addEventListener('load', () => (window.Plaid ? resolve(window.Plaid) : reject(new Error(url))));
    script.addEventListener('error', () => {
      script.remove();
      reject(new Error(url));
    });
    document.head.append(script);
  });

// Plaid's script, which must always come from Plaid's own address.
export const loadPlaid = (url) => {
  if (!loading) {
    loading = load(url).catch((error) => {
      // The next click tries again.
      loading = null;
      throw error;
    });
  }
  return loading;
};

export const destroyLink = () => {
  if (last) last.destroy();
  last = null;
};

// Runs Link once: {name: 'success', publicToken, metadata} or {name: 'exit', error,
// metadata}. Link may call back twice; a promise only takes the first.
export const runLink = (plaid, { token, receivedRedirectUri, onEvent }) => {
  destroyLink();
  return new Promise((resolve) => {
    last = plaid.create({
      token,
      ...(receivedRedirectUri ? { receivedRedirectUri } : {}),
      onSuccess: (publicToken, metadata) => resolve({ name: 'success', publicToken, metadata }),
      onExit: (error, metadata) => resolve({ name: 'exit', error, metadata }),
      onEvent,
    });
    last.open();
  });
};
