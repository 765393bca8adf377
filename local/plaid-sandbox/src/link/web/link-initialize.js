// Defines window.Plaid as Plaid's Web SDK does, for Link of this simulator.
(() => {
  'use strict';

  // The simulator puts its own address here.
  const ORIGIN = '{{ORIGIN}}';
  const PAGE = ORIGIN + '/link/v2/stable/link.html';
  const VERSION = '2.0.0-simulator';
  let handlers = 0;

  const call = (callback, ...args) => {
    if (typeof callback !== 'function') return;
    // An application's mistake must not stop Link, and must be seen.
    try {
      callback(...args);
    } catch (error) {
      window.setTimeout(() => {
        throw error;
      });
    }
  };

  const makeFrame = () => {
    const frame = document.createElement('iframe');
    frame.src = PAGE + '?origin=' + encodeURIComponent(window.location.origin);
    frame.title = 'Plaid Link (simulator)';
    frame.id = 'plaid-link-iframe-' + ++handlers;
    Object.assign(frame.style, {
      border: '0',
      width: '100%',
      height: '100%',
      display: 'block',
      background: 'transparent',
      // As the page inside says it: otherwise it would not be transparent.
      colorScheme: 'normal',
    });
    return frame;
  };

  // A modal dialog keeps the focus inside, and gives it back when it closes.
  const makeDialog = (frame) => {
    const dialog = document.createElement('dialog');
    dialog.setAttribute('aria-label', 'Plaid Link (simulator)');
    Object.assign(dialog.style, {
      border: '0',
      padding: '0',
      margin: '0',
      width: '100vw',
      height: '100vh',
      maxWidth: 'none',
      maxHeight: 'none',
      background: 'transparent',
      overflow: 'hidden',
      position: 'fixed',
      inset: '0',
      // The frame has to load before it is shown.
      display: 'block',
      visibility: 'hidden',
      pointerEvents: 'none',
      zIndex: '-1',
    });
    dialog.append(frame);
    return dialog;
  };

  const show = (dialog, visible) => {
    Object.assign(dialog.style, {
      visibility: visible ? 'visible' : 'hidden',
      pointerEvents: visible ? 'auto' : 'none',
      zIndex: visible ? '2147483647' : '-1',
    });
    document.documentElement.style.overflow = visible ? 'hidden' : '';
  };

  const isBank = (url) => {
    try {
      return new URL(url).origin === ORIGIN;
    } catch {
      return false;
    }
  };

  // A handler, in a dialog or, for embedded Link, in an element of the page.
  const makeHandler = (config, container) => {
    const frame = makeFrame();
    const dialog = container ? null : makeDialog(frame);
    const state = { ready: false, open: false, wanted: false, destroyed: false };

    const send = (message) => {
      if (frame.contentWindow) frame.contentWindow.postMessage({ plaidLink: message }, ORIGIN);
    };

    const start = () => {
      state.wanted = false;
      state.open = true;
      if (dialog) {
        show(dialog, true);
        dialog.showModal();
      }
      send({
        name: 'open',
        embedded: !dialog,
        token: config.token,
        receivedRedirectUri: config.receivedRedirectUri || null,
      });
      frame.focus();
    };

    const hide = () => {
      if (!dialog) return;
      show(dialog, false);
      if (dialog.open) dialog.close();
    };

    const finish = (callback, ...args) => {
      if (!state.open) return;
      state.open = false;
      hide();
      call(callback, ...args);
    };

    const answers = {
      ready: () => {
        if (state.ready) return;
        state.ready = true;
        call(config.onLoad);
        if (state.wanted) start();
      },
      event: (message) => call(config.onEvent, message.event, message.metadata),
      success: (message) => finish(config.onSuccess, message.publicToken, message.metadata),
      exit: (message) => finish(config.onExit, message.error, message.metadata),
      redirect: (message) => {
        if (isBank(message.url)) window.location.assign(message.url);
      },
    };

    const onMessage = (event) => {
      if (event.origin !== ORIGIN || event.source !== frame.contentWindow) return;
      const message = event.data && event.data.plaidLink;
      if (message && Object.hasOwn(answers, message.name)) answers[message.name](message);
    };
    window.addEventListener('message', onMessage);

    if (dialog) {
      // Escape asks Link to close; Link answers, or asks the user first.
      dialog.addEventListener('cancel', (event) => {
        event.preventDefault();
        send({ name: 'exit', force: false });
      });
      dialog.addEventListener('close', () => {
        if (state.open) dialog.showModal();
      });
      (document.body || document.documentElement).append(dialog);
    } else {
      Object.assign(frame.style, { height: '430px', minWidth: '300px' });
      container.append(frame);
    }

    return {
      open: () => {
        if (state.destroyed || state.open) return;
        if (state.ready) start();
        else state.wanted = true;
      },
      exit: (options) => {
        const force = options === true || Boolean(options && options.force);
        state.wanted = false;
        if (state.destroyed || !state.open) return;
        if (force) hide();
        send({ name: 'exit', force });
      },
      // Layer is not simulated; the call is part of every handler.
      submit: () => {},
      destroy: () => {
        if (state.destroyed) return;
        state.destroyed = true;
        state.open = false;
        window.removeEventListener('message', onMessage);
        hide();
        (dialog || frame).remove();
      },
    };
  };

  const check = (config) => {
    if (!config || typeof config !== 'object') throw new TypeError('Plaid.create needs a config');
    if (!config.token) {
      throw new Error('Plaid.create needs a token: the link_token of /link/token/create');
    }
    if (typeof config.onSuccess !== 'function') {
      throw new Error('Plaid.create needs onSuccess');
    }
  };

  const create = (config) => {
    check(config);
    return makeHandler({ ...config }, null);
  };

  const createEmbedded = (config, target) => {
    check(config);
    if (!(target instanceof Element)) throw new TypeError('createEmbedded needs an element');
    const handler = makeHandler({ ...config }, target);
    handler.open();
    return { destroy: handler.destroy };
  };

  window.Plaid = Object.freeze({ create, createEmbedded, version: VERSION });
})();
