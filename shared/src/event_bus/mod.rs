//! The event bus over Amazon EventBridge.

mod batches;

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use aws_types::SdkConfig;

use crate::aws::describe;
use crate::ports::{Event, EventBus, PublishError};

use self::batches::batches;

/// What rules know our events by.
pub const SOURCE: &str = "plaid-link";

/// Entries fail one by one when the bus throttles us, or has an internal failure; both
/// pass.
const BEFORE_SECOND_TRY: Duration = Duration::from_millis(100);

/// One bus of EventBridge.
pub struct EventBridgeBus {
    client: Client,
    name: String,
}

impl EventBridgeBus {
    /// The bus with this name.
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            name: name.into(),
        }
    }

    /// Sends a batch, and once more what was not taken.
    async fn publish_batch(&self, entries: Vec<PutEventsRequestEntry>) -> Result<(), PublishError> {
        let refused = self.send(entries).await?;
        if refused.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(BEFORE_SECOND_TRY).await;
        let entries = refused.into_iter().map(|(entry, _)| entry).collect();
        let refused = self.send(entries).await?;
        if refused.is_empty() {
            return Ok(());
        }
        let codes: BTreeSet<String> = refused.into_iter().map(|(_, code)| code).collect();
        let codes: Vec<String> = codes.into_iter().collect();
        Err(PublishError(codes.join(", ")))
    }

    /// The entries that the bus did not confirm, each with the reason. An answer is 200
    /// even if not a single entry was taken.
    async fn send(
        &self,
        entries: Vec<PutEventsRequestEntry>,
    ) -> Result<Vec<(PutEventsRequestEntry, String)>, PublishError> {
        let request = self.client.put_events();
        let request = request.set_entries(Some(entries.clone()));
        let answer = request.send().await;
        let answer = answer.map_err(|error| PublishError(describe(&error)))?;
        let mut results = answer.entries().iter();
        let judged = entries.into_iter().map(|entry| (entry, results.next()));
        let judged = judged.filter_map(|(entry, result)| Some((entry, refusal(result)?)));
        let refused: Vec<_> = judged.collect();
        if refused.is_empty() && answer.failed_entry_count() > 0 {
            return Err(PublishError("failures without a code".to_owned()));
        }
        Ok(refused)
    }

    fn entry(&self, event: &Event) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.kind)
            .detail(event.detail.to_string())
            .build()
    }
}

impl EventBus for EventBridgeBus {
    async fn publish(&self, events: &[Event]) -> Result<(), PublishError> {
        let entries = events.iter().map(|event| self.entry(event));
        for batch in batches(entries) {
            self.publish_batch(batch).await?;
        }
        Ok(())
    }
}

/// Why an entry was not taken; results stand at the places of their entries.
fn refusal(result: Option<&PutEventsResultEntry>) -> Option<String> {
    let Some(result) = result else {
        return Some("no result".to_owned());
    };
    match (result.error_code(), result.event_id()) {
        (Some(code), _) => Some(code.to_owned()),
        (None, Some(_)) => None,
        (None, None) => Some("no result".to_owned()),
    }
}
