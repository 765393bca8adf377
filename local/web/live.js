// Looks at the list every few seconds while somebody looks at the page: what changes it,
// a webhook or another window, does not tell us.

const EVERY = 3000;

/**
 * `look` looks once, and never fails. Gives what ends it.
 * @param {() => Promise<void>} look
 * @returns {() => void}
 */
export const startLooking = (look) => {
  /** @type {number | undefined} */
  let timer;
  let busy = false;
  let ended = false;
  const plan = () => {
    window.clearTimeout(timer);
    if (!ended && !document.hidden) timer = window.setTimeout(run, EVERY);
  };
  const run = async () => {
    if (busy) return;
    busy = true;
    await look();
    busy = false;
    plan();
  };
  // Whoever comes back wants to see what is so now.
  const seen = () => (document.hidden ? plan() : run());
  document.addEventListener('visibilitychange', seen);
  window.addEventListener('online', run);
  plan();
  return () => {
    ended = true;
    plan();
    document.removeEventListener('visibilitychange', seen);
    window.removeEventListener('online', run);
  };
};
