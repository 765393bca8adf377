//! Webhooks in random histories, over our functions and the simulator of Plaid: they come
//! late, twice, in another order, signed anew or with an old signature, while banks are
//! linked, mended and removed. In the end what is stored must be what is true at Plaid.
//!
//! `HISTORY_SEED=n` plays one history alone, `HISTORIES=n` so many.

#![cfg(test)]

mod at_plaid;
mod by_users;
mod ending;
mod functions;
mod hands;
mod history;
mod our_side;
mod play;
mod post;
mod sandbox;
mod scene;
mod summary;
mod verdict;
mod watch;

#[test]
fn whatever_plaid_sends_and_in_whatever_order_we_end_with_its_truth() {
    play::all();
}
