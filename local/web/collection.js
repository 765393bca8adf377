// The Items as far as this page knows them, and when to ask about them again.

// How often one Item is asked for by itself; afterwards there is a button.
const MOST_POLLS = 30;
// Longer waits are not worth a timer: webhooks and the next visit are sooner.
const LONGEST_POLL = 300;

export const makeCollection = (read, changed) => {
  let items = [];
  // Counts what came in, so that an older answer does not undo a newer one.
  let version = 0;
  // Processor tokens are in one answer only, and in the memory of this page.
  const tokens = new Map();
  const polls = new Map();

  const withTokens = (item) => ({
    ...item,
    accounts: item.accounts.map((account) => {
      if (account.processor_token) tokens.set(account.account_id, account.processor_token);
      const token = account.status === 'ready' ? tokens.get(account.account_id) : null;
      return token ? { ...account, processor_token: token } : account;
    }),
  });

  const stop = (itemId) => {
    const poll = polls.get(itemId);
    if (poll) window.clearTimeout(poll.timer);
  };

  const schedule = (item) => {
    stop(item.item_id);
    const seconds = item.poll_after_seconds;
    if (item.action !== 'wait' || !seconds || seconds > LONGEST_POLL) {
      polls.delete(item.item_id);
      return;
    }
    const count = (polls.get(item.item_id)?.count ?? 0) + 1;
    if (count > MOST_POLLS) return;
    const timer = window.setTimeout(() => refresh(item.item_id).catch(() => {}), seconds * 1000);
    polls.set(item.item_id, { count, timer });
  };

  const put = (item) => {
    version += 1;
    const known = withTokens(item);
    const at = items.findIndex((other) => other.item_id === item.item_id);
    if (at < 0) items = [known, ...items];
    else items = items.with(at, known);
    schedule(known);
    changed(items);
  };

  const refresh = async (itemId) => {
    const item = await read(itemId);
    put(item);
    return item;
  };

  return {
    put,
    refresh,
    // A page of the list; the first one replaces everything.
    show: (page, first) => {
      version += 1;
      if (first) [...polls.keys()].forEach(stop);
      const fresh = page.map(withTokens);
      const ids = new Set(fresh.map((item) => item.item_id));
      items = first ? fresh : [...items.filter((item) => !ids.has(item.item_id)), ...fresh];
      fresh.forEach(schedule);
      changed(items);
    },
    version: () => version,
    // The first page once more, asked for at `since`. With all Items in it, what is not
    // in it is gone. Gives the Items that are not as they were.
    sync: (page, all, since) => {
      if (since !== version) return [];
      const before = new Map(items.map((item) => [item.item_id, JSON.stringify(item)]));
      const fresh = page.map(withTokens);
      const ids = new Set(fresh.map((item) => item.item_id));
      const others = items.filter((item) => !ids.has(item.item_id));
      const other = fresh.filter((item) => before.get(item.item_id) !== JSON.stringify(item));
      if (other.length === 0 && (!all || others.length === 0)) return [];
      items = [...fresh, ...(all ? [] : others)];
      if (all) others.forEach((item) => stop(item.item_id));
      other.forEach(schedule);
      changed(items);
      return other;
    },
    drop: (itemId) => {
      version += 1;
      stop(itemId);
      items = items.filter((item) => item.item_id !== itemId);
      changed(items);
    },
    redraw: () => changed(items),
    end: () => [...polls.keys()].forEach(stop),
  };
};
