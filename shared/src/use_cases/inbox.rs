//! Acting on verified webhooks. All that wait for one subject are taken together, so that
//! many cause one look at Plaid. Whatever could not be done keeps its record due.

use std::time::Duration;

use jiff::Timestamp;

use super::exchange::ExchangeSettings;
use super::hosted::{HostedError, HostedPlaid, HostedStore, HostedUseCase};
use super::item_sync::{ItemSync, Occasion, SyncError, SyncPlaid, SyncStore};
use crate::domain::{
    Cause, Command, Deadline, FailureClass, Hint, InboxEnd, InboxRecord, ItemId, Notice,
    PlaidFailure, RecordKey, Sha256, Signal, UserId, WebhookSubject, WebhookType,
};
use crate::ports::{Clock, DueRecords, InboxRecords, ItemOwners, StoreError, Vault, VaultError};

/// The calls of Plaid that webhooks cause.
pub trait InboxPlaid: HostedPlaid + SyncPlaid {}
impl<T: HostedPlaid + SyncPlaid> InboxPlaid for T {}

/// The records that webhooks touch.
pub trait InboxStore: HostedStore + SyncStore + InboxRecords + DueRecords + ItemOwners {}
impl<T: HostedStore + SyncStore + InboxRecords + DueRecords + ItemOwners> InboxStore for T {}

/// What became of the webhooks of one subject.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Processed {
    /// Nothing is left to do about these.
    pub ended: u32,
    /// These are looked at again when they are due.
    pub waiting: u32,
}

/// More than Plaid sends for one Item in a day.
const AT_ONCE: u32 = 100;
/// A webhook whose Item or session nobody knows is given up after this.
const UNCLAIMED_AFTER: Duration = Duration::from_hours(24);
/// An exchange that runs ends within seconds.
const WHILE_LINKING: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_mins(1);
const LATER: Duration = Duration::from_mins(15);

/// The use case over its ports.
pub struct InboxUseCase<'a, P, S, V, C> {
    /// Plaid.
    pub plaid: &'a P,
    /// The table.
    pub store: &'a S,
    /// The vault.
    pub vault: &'a V,
    /// The time.
    pub clock: &'a C,
    /// How exchanges are made and answered.
    pub settings: &'a ExchangeSettings,
}

/// What is to become of records.
enum Fate {
    End(InboxEnd),
    Wait(Duration),
    WaitUntil(Timestamp),
    /// Known to nobody: it waits the longer the older it is, and in the end no more.
    Unknown,
}

impl<P, S, V, C> InboxUseCase<'_, P, S, V, C>
where
    P: InboxPlaid,
    S: InboxStore,
    V: Vault,
    C: Clock,
{
    /// Acts on all webhooks that wait in this partition of the inbox.
    ///
    /// # Errors
    /// The table did not answer: whoever delivered the webhooks must do so again. Whatever
    /// else is in the way, the records wait by themselves.
    pub async fn process(
        &self,
        partition: &str,
        deadline: Deadline,
    ) -> Result<Processed, StoreError> {
        let waiting = self.store.waiting(partition, AT_ONCE).await?;
        let (idle, asking): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .map(|record| (Hint::of(&record), record))
            .partition(|(hint, _)| *hint == Hint::Nothing);
        let idle: Vec<InboxRecord> = idle.into_iter().map(|(_, record)| record).collect();
        let mut processed = self.settle(&idle, &Fate::End(InboxEnd::Ignored)).await?;
        let (hints, records): (Vec<Hint>, Vec<InboxRecord>) = asking.into_iter().unzip();
        let fate = match records.first().map(|record| &record.subject) {
            None => return Ok(processed),
            Some(WebhookSubject::Item(item_id)) => self.item(item_id, &hints, deadline).await?,
            Some(WebhookSubject::Session(hash)) => self.session(hash, deadline).await?,
            Some(WebhookSubject::Body(_)) => Fate::End(InboxEnd::Ignored),
        };
        let rest = self.settle(&records, &fate).await?;
        processed.ended += rest.ended;
        processed.waiting += rest.waiting;
        Ok(processed)
    }

    /// One look at Plaid, whatever the number of webhooks and their order.
    async fn item(
        &self,
        item_id: &ItemId,
        hints: &[Hint],
        deadline: Deadline,
    ) -> Result<Fate, StoreError> {
        let Some(user_id) = self.store.owner(item_id).await? else {
            return Ok(Fate::Unknown);
        };
        let notices: Vec<Notice> = hints.iter().filter_map(announced).collect();
        let commands: Vec<Command> = hints.iter().flat_map(commanded).collect();
        let occasion = Occasion {
            notices: &notices,
            commands: &commands,
            ..Occasion::of(Cause::Webhook)
        };
        self.sync(&user_id, item_id, occasion, deadline).await
    }

    async fn sync(
        &self,
        user_id: &UserId,
        item_id: &ItemId,
        occasion: Occasion<'_>,
        deadline: Deadline,
    ) -> Result<Fate, StoreError> {
        let sync = ItemSync {
            plaid: self.plaid,
            store: self.store,
            vault: self.vault,
            clock: self.clock,
            processor: &self.settings.processor,
        };
        match Box::pin(sync.run(user_id, item_id, occasion, deadline)).await {
            Ok(_) | Err(SyncError::NotFound | SyncError::Removed) => {
                Ok(Fate::End(InboxEnd::Applied))
            }
            Err(SyncError::Linking) => Ok(Fate::Wait(WHILE_LINKING)),
            Err(SyncError::TooOften { until }) => Ok(Fate::WaitUntil(until)),
            Err(SyncError::Plaid(failure)) => Ok(Fate::Wait(patience(&failure))),
            Err(SyncError::Vault(error)) => Ok(Fate::Wait(vault_patience(&error))),
            Err(SyncError::Store(error)) => wait_or_fail(error),
        }
    }

    async fn session(&self, hash: &Sha256, deadline: Deadline) -> Result<Fate, StoreError> {
        let Some((user_id, link_id)) = self.store.link_owner(hash).await? else {
            return Ok(Fate::Unknown);
        };
        let hosted = HostedUseCase {
            plaid: self.plaid,
            store: self.store,
            vault: self.vault,
            clock: self.clock,
            settings: self.settings,
        };
        match hosted.run(&user_id, &link_id, deadline).await {
            Ok(None) => Ok(Fate::End(InboxEnd::Applied)),
            Ok(Some(item_id)) => {
                let occasion = Occasion::of(Cause::UpdateMode);
                self.sync(&user_id, &item_id, occasion, deadline).await
            }
            Err(HostedError::Unfinished) => Ok(Fate::Wait(WHILE_LINKING)),
            Err(HostedError::Plaid(failure)) => Ok(Fate::Wait(patience(&failure))),
            Err(HostedError::Vault(error)) => Ok(Fate::Wait(vault_patience(&error))),
            Err(HostedError::Store(error)) => wait_or_fail(error),
        }
    }

    async fn settle(&self, records: &[InboxRecord], fate: &Fate) -> Result<Processed, StoreError> {
        let now = self.clock.now();
        let mut processed = Processed::default();
        for record in records {
            let ended = match fate {
                Fate::End(end) => Some(*end),
                Fate::Unknown if age(record, now) >= UNCLAIMED_AFTER => Some(InboxEnd::Unclaimed),
                _ => None,
            };
            match ended {
                Some(end) => self.end(record, end).await?,
                None => self.wait(record, until(record, fate, now)).await?,
            }
            processed.ended += u32::from(ended.is_some());
            processed.waiting += u32::from(ended.is_none());
        }
        Ok(processed)
    }

    async fn end(&self, record: &InboxRecord, end: InboxEnd) -> Result<(), StoreError> {
        self.store.end(record, end).await?;
        let webhook = &record.webhook;
        let webhook_type = webhook.webhook_type.as_ref().map(WebhookType::as_str);
        let webhook_code = webhook.webhook_code.as_deref();
        let item_id = webhook.item_id.as_ref().map(ItemId::as_str);
        if end == InboxEnd::Unclaimed {
            let signal = Signal::WebhookUnclaimed.as_str();
            tracing::error!(
                signal,
                webhook_type,
                webhook_code,
                item_id,
                "a webhook is nobody's"
            );
        } else {
            tracing::info!(
                webhook_type,
                webhook_code,
                item_id,
                ?end,
                "a webhook was processed"
            );
        }
        Ok(())
    }

    async fn wait(&self, record: &InboxRecord, until: Timestamp) -> Result<(), StoreError> {
        tracing::info!(
            webhook_code = record.webhook.webhook_code,
            item_id = record.webhook.item_id.as_ref().map(ItemId::as_str),
            until = %until,
            "a webhook has to wait"
        );
        self.store.postpone(&RecordKey::inbox(record), until).await
    }
}

fn announced(hint: &Hint) -> Option<Notice> {
    match hint {
        Hint::Announce(notice) => Some(notice.clone()),
        _ => None,
    }
}

fn commanded(hint: &Hint) -> Vec<Command> {
    match hint {
        Hint::Replace(commands) => commands.clone(),
        _ => Vec::new(),
    }
}

fn age(record: &InboxRecord, now: Timestamp) -> Duration {
    Deadline::at(now).remaining(record.received_at)
}

fn until(record: &InboxRecord, fate: &Fate, now: Timestamp) -> Timestamp {
    let wait = match fate {
        Fate::WaitUntil(until) => return *until,
        Fate::Wait(wait) => *wait,
        // An exchange commits within seconds, or is taken up within minutes.
        Fate::Unknown | Fate::End(_) => age(record, now).clamp(WHILE_LINKING, LATER),
    };
    Deadline::after(now, wait).moment()
}

fn patience(failure: &PlaidFailure) -> Duration {
    match failure.class() {
        FailureClass::Retry => SOON,
        _ => LATER,
    }
}

fn vault_patience(error: &VaultError) -> Duration {
    match error {
        VaultError::Unavailable(_) => SOON,
        VaultError::DoesNotOpen | VaultError::CannotSeal => LATER,
    }
}

/// A lost race is no failure of the table; a record that nobody can read is none that a
/// repetition mends.
fn wait_or_fail(error: StoreError) -> Result<Fate, StoreError> {
    match error {
        StoreError::Conflict => Ok(Fate::Wait(SOON)),
        StoreError::Corrupt(_) => Ok(Fate::Wait(LATER)),
        StoreError::Unavailable(_) => Err(error),
    }
}
