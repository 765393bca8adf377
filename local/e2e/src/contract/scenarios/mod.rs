//! What is played on a stage, so that there is something to judge. A scenario fails only
//! where it cannot go on; whether what was said is as Plaid describes it, is judged later.

pub mod banks;
pub mod client;
mod client_faults;
pub mod errors;
pub mod link;
pub mod requests;
pub mod webhooks;

/// An everyday bank of the simulator's.
const BANK: &str = "ins_109508";
/// A bank that proves account numbers by automated micro-deposits.
const MICRODEPOSIT_BANK: &str = "ins_109512";
/// A user for whom everything works.
const USER: &str = "user_good";
/// A user whose account waits for a micro-deposit, at the bank that does so.
const MICRODEPOSIT_USER: &str = "microdeposits_good";
/// A token of the right shape that nobody was given: the kind goes in front.
const NOBODYS: &str = "-sandbox-00000000-0000-4000-8000-000000000000";
