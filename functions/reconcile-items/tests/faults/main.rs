//! The promise of the house, under faults: every Item that an exchange makes is recorded or
//! removed, and no retry makes two.
//!
//! The use cases run over ports in memory that keep the real ones' conditions and go wrong
//! as planned.

#![cfg(test)]

mod canary;
mod exhaustive;
mod failures;
mod log;
mod random;
mod scenario;
mod scene;
mod story;
mod verdict;
mod watch;
mod wish;

use shared::test_util::SecondExchange;

#[test]
fn an_exchange_survives_every_pair_of_faults_where_plaid_refuses_a_second() {
    exhaustive::play(&scenario::EXCHANGE, &[SecondExchange::Refuse]);
}

#[test]
fn an_exchange_survives_every_pair_of_faults_where_plaid_gives_the_same_item() {
    exhaustive::play(&scenario::EXCHANGE, &[SecondExchange::SameItem]);
}

#[test]
fn an_exchange_survives_every_pair_of_faults_where_plaid_makes_a_new_item() {
    exhaustive::play(&scenario::EXCHANGE, &[SecondExchange::NewItem]);
}

#[test]
fn a_duplicate_survives_every_pair_of_faults() {
    exhaustive::play(&scenario::DUPLICATE, &[SecondExchange::Refuse]);
}

#[test]
fn a_replacement_survives_every_pair_of_faults() {
    exhaustive::play(&scenario::REPLACEMENT, &[SecondExchange::Refuse]);
}

#[test]
fn a_removal_survives_every_pair_of_faults() {
    exhaustive::play(&scenario::REMOVAL, &[SecondExchange::Refuse]);
}

#[test]
fn another_account_survives_every_pair_of_faults() {
    exhaustive::play(&scenario::ANOTHER_ACCOUNT, &[SecondExchange::Refuse]);
}

#[test]
fn a_refresh_survives_every_pair_of_faults() {
    exhaustive::play(&scenario::REFRESH, &[SecondExchange::Refuse]);
}

#[test]
fn an_erasure_survives_every_pair_of_faults() {
    exhaustive::play(&scenario::ERASURE, &[SecondExchange::Refuse]);
}

#[test]
fn whatever_happens_at_once_no_item_is_lost() {
    random::play();
}
