//! Telling whoever listens about a change. The bus first, the record after: a crash in
//! between means that the same events are published again, under the same ids.

mod events;

use crate::domain::{Change, ChangeId, UserId};
use crate::ports::{EventBus, Outbox, PublishError, StoreError};

pub use events::{KINDS, events_of};

/// Why a change still waits to be published. Some of its events may be published all the
/// same.
#[derive(Debug, thiserror::Error)]
pub enum Unpublished {
    /// The bus did not take everything.
    #[error(transparent)]
    Bus(#[from] PublishError),
    /// The change could not be read, or not be recorded as published.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The use case over its ports.
pub struct PublishUseCase<'a, S, B> {
    /// The table.
    pub store: &'a S,
    /// The event bus.
    pub bus: &'a B,
}

impl<S: Outbox, B: EventBus> PublishUseCase<'_, S, B> {
    /// Publishes the change with this id, unless that was done before: a stream delivers more
    /// than once, and tells of every record that a restore brings. A change whose user was
    /// erased is not kept, and has nothing left to tell.
    ///
    /// # Errors
    /// See [`Unpublished`]; then the change stays due.
    pub async fn run_stored(
        &self,
        user_id: &UserId,
        change_id: &ChangeId,
    ) -> Result<(), Unpublished> {
        match self.store.unpublished(user_id, change_id).await? {
            Some(change) => self.run(&change).await,
            None => Ok(()),
        }
    }

    /// Publishes a change as it was read from the table.
    ///
    /// # Errors
    /// See [`Unpublished`]; then the change stays due.
    pub async fn run(&self, change: &Change) -> Result<(), Unpublished> {
        let events = events_of(change);
        if !events.is_empty() {
            self.bus.publish(&events).await?;
        }
        self.store.published(change).await?;
        tracing::info!(change_id = %change.change_id, events = events.len(), "published a change");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::test_util::{MemoryBus, MemoryStore};

    fn store_with(change: &Change) -> MemoryStore {
        let store = MemoryStore::default();
        store.records().changes.push(change.clone());
        store
    }

    fn is_published(store: &MemoryStore, change: &Change) -> bool {
        store.records().published.contains(&change.change_id)
    }

    fn receipt() -> Change {
        Change::erased(&UserId::new("user"), Timestamp::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn a_published_change_is_recorded_as_such() {
        let (change, bus) = (receipt(), MemoryBus::default());
        let store = store_with(&change);
        let use_case = PublishUseCase {
            store: &store,
            bus: &bus,
        };
        let published = use_case.run_stored(&change.user_id, &change.change_id);
        published.await.unwrap();
        assert!(is_published(&store, &change));
        assert_eq!(bus.events(), events_of(&change));
    }

    #[tokio::test]
    async fn a_published_change_that_is_delivered_again_is_not_told_again() {
        let (change, bus) = (receipt(), MemoryBus::default());
        let store = store_with(&change);
        let use_case = PublishUseCase {
            store: &store,
            bus: &bus,
        };
        for _ in 0..2 {
            let published = use_case.run_stored(&change.user_id, &change.change_id);
            published.await.unwrap();
        }
        assert_eq!(bus.events(), events_of(&change));
    }

    #[tokio::test]
    async fn what_the_bus_refuses_stays_due() {
        let (change, bus) = (receipt(), MemoryBus::default());
        let store = store_with(&change);
        let use_case = PublishUseCase {
            store: &store,
            bus: &bus,
        };
        bus.refuse_after(0);
        let refused = use_case.run(&change).await.unwrap_err();
        assert!(matches!(refused, Unpublished::Bus(_)), "{refused}");
        assert!(!is_published(&store, &change));
    }

    #[tokio::test]
    async fn a_change_that_could_not_be_recorded_is_published_again_with_the_same_id() {
        let (change, bus) = (receipt(), MemoryBus::default());
        let store = store_with(&change);
        let use_case = PublishUseCase {
            store: &store,
            bus: &bus,
        };
        store.go_down(0, 1);
        use_case.run(&change).await.unwrap_err();
        assert!(!is_published(&store, &change));
        use_case.run(&change).await.unwrap();
        let told = bus.events();
        assert_eq!(told.len(), 2);
        assert_eq!(told[0], told[1]);
    }

    #[tokio::test]
    async fn a_change_that_tells_nothing_is_not_due_any_more() {
        let (mut change, bus) = (receipt(), MemoryBus::default());
        change.cause = crate::domain::Cause::Webhook;
        let store = store_with(&change);
        let use_case = PublishUseCase {
            store: &store,
            bus: &bus,
        };
        bus.refuse_after(0);
        use_case.run(&change).await.unwrap();
        assert!(is_published(&store, &change));
    }

    #[tokio::test]
    async fn a_change_that_was_erased_has_nothing_to_tell() {
        let (change, bus) = (receipt(), MemoryBus::default());
        let store = MemoryStore::default();
        let use_case = PublishUseCase {
            store: &store,
            bus: &bus,
        };
        let published = use_case.run_stored(&change.user_id, &change.change_id);
        published.await.unwrap();
        assert_eq!(bus.events(), []);
    }
}
