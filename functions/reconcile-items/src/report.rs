//! What a run did.

use serde::Serialize;

/// How it went with one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing is left to do for now.
    Done,
    /// It has to wait for somebody else, and has its own time for that.
    Waits,
    /// It could not be done, and is tried again later.
    Failed,
}

/// What a run did, as numbers.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Records that need nothing for now.
    pub done: u32,
    /// Records that wait for somebody else.
    pub waiting: u32,
    /// Records that could not be done, and are tried again later.
    pub failed: u32,
    /// Whether the time was up before everything that is due was looked at.
    pub unfinished: bool,
    /// What was wrong with an operator's wish.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<&'static str>,
}

impl Report {
    pub(crate) fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Done => self.done += 1,
            Outcome::Waits => self.waiting += 1,
            Outcome::Failed => self.failed += 1,
        }
    }

    pub(crate) fn refused(reason: &'static str) -> Self {
        Self {
            refused: Some(reason),
            ..Self::default()
        }
    }
}
