// A throw-away application with react-plaid-link as it comes from npm. It writes down
// what Link calls back, for the test to read.

import { createElement, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { usePlaidLink } from 'react-plaid-link';

const query = new URLSearchParams(window.location.search);
const returned = query.has('oauth_state_id');
// The same link token is needed after the bank's own site.
if (query.has('token')) window.sessionStorage.setItem('token', query.get('token'));

const App = () => {
  const [said, setSaid] = useState([]);
  const say = (...words) => setSaid((before) => [...before, words]);
  const { open, ready, error } = usePlaidLink({
    token: window.sessionStorage.getItem('token'),
    ...(returned ? { receivedRedirectUri: window.location.href } : {}),
    onSuccess: (publicToken, metadata) => say('onSuccess', publicToken, metadata),
    onExit: (problem, metadata) => say('onExit', problem, metadata),
    onEvent: (name, metadata) => say('onEvent', name, metadata),
    onLoad: () => say('onLoad'),
  });
  useEffect(() => {
    if (ready && returned) open();
  }, [ready, open]);
  return createElement(
    'main',
    null,
    createElement('button', { disabled: !ready, onClick: () => open() }, 'Open Link'),
    createElement('pre', { id: 'error' }, error ? String(error) : ''),
    createElement('pre', { id: 'said' }, JSON.stringify(said)),
  );
};

createRoot(document.getElementById('root')).render(createElement(App));
