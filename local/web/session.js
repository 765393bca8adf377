// What must outlive a trip to the bank's own site and back. It is kept in this tab only,
// and ends with it or with signing out. Processor tokens are never kept here.

const read = (name) => {
  try {
    return JSON.parse(window.sessionStorage.getItem(name));
  } catch {
    return null;
  }
};

const write = (name, value) => {
  if (value === null) window.sessionStorage.removeItem(name);
  else window.sessionStorage.setItem(name, JSON.stringify(value));
};

const slot = (name) => ({
  read: () => read(name),
  keep: (value) => write(name, value),
  forget: () => write(name, null),
});

// Who is signed in: {userId, token}.
export const user = slot('user');

// The session of Link that is open: {link_id, link_token, item_id}. After the bank's
// site, Link goes on with the same link token.
export const openLink = slot('link');

// Public tokens that are not done with: not exchanged yet, or waiting for the user to
// choose an account. Without them a linked bank could not be finished.
const EXCHANGES = 'exchanges';

const all = () => read(EXCHANGES) || [];

export const exchanges = {
  all,
  keep: (entry) =>
    write(EXCHANGES, [...all().filter((other) => other.public_token !== entry.public_token), entry]),
  forget: (publicToken) =>
    write(EXCHANGES, all().filter((entry) => entry.public_token !== publicToken)),
  ofItem: (itemId) => all().find((entry) => entry.item_id === itemId) || null,
};

export const clear = () => [user, openLink, slot(EXCHANGES)].forEach((kept) => kept.forget());
