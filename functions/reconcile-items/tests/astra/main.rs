//! The promise for Astra, under faults: each ready account of a connected user is there once,
//! none of a removed Item is, and the newest token is ours or the user is asked to come back.
//!
//! Every call of a connection, a renewal, a hand-over, a replacement, a removal and an erasure
//! goes wrong in every way it can, one at a time; then the reconciler runs until nothing is left for it.

#![cfg(test)]

mod scenario;
mod scene;
mod story;
mod verdict;
mod wish;

use shared::test_util::AccountRepeat::{Refuse, SecondAccount};

use story::play;

#[test]
fn a_connection_survives_every_fault() {
    play(&scenario::CONNECTION, &[Refuse]);
}

#[test]
fn a_renewal_survives_every_fault() {
    play(&scenario::RENEWAL, &[Refuse]);
}

#[test]
fn a_renewal_survives_every_fault_where_a_refresh_token_is_good_once() {
    play(&scenario::RENEWAL_OF_ONE_USE, &[Refuse]);
}

#[test]
fn a_hand_over_survives_every_fault() {
    play(&scenario::HAND_OVER, &[Refuse, SecondAccount]);
}

#[test]
fn a_hand_over_with_an_old_token_survives_every_fault() {
    play(
        &scenario::HAND_OVER_WITH_AN_OLD_TOKEN,
        &[Refuse, SecondAccount],
    );
}

#[test]
fn a_hand_over_with_an_ended_token_survives_every_fault() {
    play(
        &scenario::HAND_OVER_WITH_AN_ENDED_TOKEN,
        &[Refuse, SecondAccount],
    );
}

#[test]
fn a_replacement_survives_every_fault() {
    play(&scenario::REPLACEMENT, &[Refuse, SecondAccount]);
}

#[test]
fn a_revocation_survives_every_fault() {
    play(&scenario::REVOCATION, &[Refuse]);
}

#[test]
fn a_removal_survives_every_fault() {
    play(&scenario::REMOVAL, &[Refuse, SecondAccount]);
}

#[test]
fn a_removal_that_astra_objects_to_survives_every_fault() {
    play(&scenario::OBJECTION, &[Refuse]);
}

#[test]
fn an_erasure_survives_every_fault() {
    play(&scenario::ERASURE, &[Refuse]);
}

#[test]
fn a_forced_removal_survives_every_fault() {
    play(&scenario::FORCED_REMOVAL, &[Refuse]);
}
