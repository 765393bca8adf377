//! What the simulators of this workspace have in common.
//!
//! A simulator knows the paths, the words and the state of one service. What is the same
//! whatever the service is stands here: time that can be moved, faults and what they make of
//! a call, the log of calls, how controls are asked and answered, connections that are cut,
//! a state file that is never half of one, and how the program starts and ends.
//!
//! Two simulators that share a word in their READMEs (`call`, `times`, `lose_answer`,
//! `advance_seconds`) mean the same by it, because it is the same code.

pub mod calls;
mod clock;
pub mod controls;
pub mod faults;
mod http;
mod json;
pub mod play;
pub mod program;
pub mod server;
pub mod state_file;
#[cfg(feature = "test-util")]
pub mod test_util;

pub use clock::{Clock, Reading, later};
pub use http::client;
pub use json::pretty;
