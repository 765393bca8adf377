//! How triggers learn that they have to stop.

use tokio::sync::watch;

/// The program is stopping.
#[derive(Debug, PartialEq)]
pub(super) struct Stopped;

/// Whether the program is stopping.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// One that says so when the sender has sent `true`, or is gone.
    pub(super) fn new(stopping: &watch::Sender<bool>) -> Self {
        Self(stopping.subscribe())
    }

    /// Waits for something, unless the program stops first.
    pub(super) async fn during<F: Future>(&mut self, waiting: F) -> Result<F::Output, Stopped> {
        tokio::select! {
            biased;
            // An error means that the sender is gone, which also is a reason to stop.
            _ = self.0.wait_for(|stopping| *stopping) => Err(Stopped),
            done = waiting => Ok(done),
        }
    }

    /// An error when the program is stopping.
    pub(super) fn check(&self) -> Result<(), Stopped> {
        if *self.0.borrow() || self.0.has_changed().is_err() {
            return Err(Stopped);
        }
        Ok(())
    }
}
