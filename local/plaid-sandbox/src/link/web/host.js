// Where Link runs: in a frame of an application, or alone as Hosted Link.
// Both have the same words: event, success, exit, redirect.

const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/;

const inFrame = () => {
  const origin = new URLSearchParams(window.location.search).get('origin') || '';
  if (!LOCAL.test(origin)) throw new Error('Link only opens on pages of this machine');
  // The browser delivers a message only to this origin; and only pages of
  // this machine can frame Link at all.
  const send = (message) => window.parent.postMessage({ plaidLink: message }, origin);
  const listen = ({ open, exit }) => {
    window.addEventListener('message', (event) => {
      if (event.origin !== origin || event.source !== window.parent) return;
      const message = event.data && event.data.plaidLink;
      if (!message) return;
      if (message.name === 'open') {
        document.body.classList.toggle('embedded', Boolean(message.embedded));
        open({ link_token: message.token }, message.receivedRedirectUri);
      }
      if (message.name === 'exit') exit(message.force);
    });
    send({ name: 'ready' });
  };
  return {
    listen,
    event: (event) => send({ name: 'event', event: event.name, metadata: event.metadata }),
    redirect: (url) => send({ name: 'redirect', url }),
    result: (result) => {
      if (result.name === 'success') {
        send({ name: 'success', publicToken: result.public_token, metadata: result.metadata });
      } else {
        send({ name: 'exit', error: result.error, metadata: result.metadata });
      }
      return null;
    },
  };
};

const FAREWELLS = {
  success: ['You are all set', 'Your account is linked. You can close this page.', 'check'],
  exit: ['You left Link', 'Nothing was linked. You can close this page.', 'link'],
  INVALID_LINK_TOKEN: [
    'This link no longer works',
    'It has expired. Ask whoever sent it to you for a new one.',
    'warn',
  ],
};

const alone = () => ({
  listen: ({ open }) => {
    document.body.classList.add('alone');
    const returned = window.location.search.includes('oauth_state_id=');
    const uri = returned ? window.location.href : null;
    // A reload must not play the return from the bank again.
    if (returned) window.history.replaceState(null, '', window.location.pathname);
    open({ hosted_id: window.location.pathname.split('/').pop() }, uri);
  },
  event: () => {},
  redirect: (url) => window.location.assign(url),
  // Says what to show at the end, unless the browser goes elsewhere.
  result: (result, completion) => {
    if (completion) {
      window.location.assign(completion);
      return null;
    }
    const code = result.error && result.error.error_code;
    return FAREWELLS[code] || FAREWELLS[result.name];
  },
});

export const host = window.parent === window ? alone() : inFrame();
