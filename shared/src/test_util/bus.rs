//! An event bus that remembers what it took.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ports::{Event, EventBus, PublishError};

/// The event bus in memory.
#[derive(Debug, Default)]
pub struct MemoryBus {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    events: Vec<Event>,
    /// For each call to come: how many events it takes before it refuses; `None` for all.
    script: VecDeque<Option<usize>>,
}

impl MemoryBus {
    /// Everything that it took, in that order.
    pub fn events(&self) -> Vec<Event> {
        self.state().events.clone()
    }

    /// Lets so many further calls succeed, before what the test says next.
    pub fn take_whole(&self, calls: usize) {
        let calls = std::iter::repeat_n(None, calls);
        self.state().script.extend(calls);
    }

    /// Lets one further call take so many events and refuse the rest.
    pub fn refuse_after(&self, taken: usize) {
        self.state().script.push_back(Some(taken));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventBus for MemoryBus {
    async fn publish(&self, events: &[Event]) -> Result<(), PublishError> {
        let mut state = self.state();
        let refusal = state.script.pop_front().flatten();
        let taken = refusal.unwrap_or(events.len());
        state.events.extend(events.iter().take(taken).cloned());
        match refusal {
            Some(_) => Err(PublishError("the test refused it".to_owned())),
            None => Ok(()),
        }
    }
}
