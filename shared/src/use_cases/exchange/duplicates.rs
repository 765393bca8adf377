//! The user's other Items: how many there may be, and which are of the same accounts.
//!
//! The browser's word is enough to refuse a new Item before it is made. Once it is made,
//! Plaid's accounts decide.

use super::{
    Answer, ExchangeError, ExchangePlaid, ExchangeRequest, ExchangeStore, ExchangeUseCase, Work,
};
use crate::domain::{Cause, Change, Deadline, Exchange, Item, Lifecycle, UserId};
use crate::ports::{Clock, StoreError, Vault};
use crate::use_cases::MAX_RACES;
use crate::use_cases::removal::{NotFromHere, Removal, Removed};

/// Items of one user are read this many at a time.
const PAGE: u32 = 100;
/// When the removal of a second Item is taken up again.
const RETRY_REMOVAL: std::time::Duration = std::time::Duration::from_mins(2);

/// What follows from the user's other Items.
pub(super) enum Verdict {
    /// The new Item is kept; these give way to it.
    Keep(Vec<Item>),
    /// This one was there first.
    Duplicate(Box<Item>),
}

impl<P, S, V, C> ExchangeUseCase<'_, P, S, V, C>
where
    P: ExchangePlaid,
    S: ExchangeStore,
    V: Vault,
    C: Clock,
{
    /// All of the user's Items that are not removed.
    pub(super) async fn items_of(&self, user_id: &UserId) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.items(user_id, after.as_ref(), PAGE).await?;
            items.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(items);
            }
        }
    }

    /// Whether a new Item may be made, by the browser's word.
    pub(super) fn may_link(&self, work: &Work<V::Key>) -> Result<(), ExchangeError> {
        let live = || work.others.iter().filter(|item| item.is_live());
        let hinted = |item: &&Item| {
            !work.request.allow_duplicate && item.is_hinted_at_by(&work.request.hints)
        };
        if let Some(twin) = live().filter(hinted).find(|item| !item.is_broken()) {
            return Err(ExchangeError::Duplicate(Box::new(twin.clone())));
        }
        let limit = self.settings.max_items;
        let stay = live().filter(|item| !hinted(item)).count();
        if stay >= limit as usize {
            return Err(ExchangeError::TooManyItems { limit });
        }
        Ok(())
    }

    /// Ends the exchange in favour of the Item that was there first.
    pub(super) async fn reject(
        &self,
        work: &Work<V::Key>,
        mine: &Exchange,
        item: &Item,
        first: Box<Item>,
    ) -> Result<Answer, ExchangeError> {
        let now = self.clock.now();
        let retry_at = Deadline::after(now, RETRY_REMOVAL).moment();
        let removing = item.removing(retry_at).next_version(now);
        let mine = Exchange {
            duplicate_of: Some(first.item_id.clone()),
            ..mine.clone()
        };
        self.end_without_item(&mine, item, &removing, Cause::Duplicate)
            .await?;
        let removal = self.removal();
        removal
            .complete(removing, Cause::Duplicate, work.deadline)
            .await;
        Err(ExchangeError::Duplicate(first))
    }

    /// Records that the exchange came to nothing.
    pub(super) async fn end_without_item(
        &self,
        mine: &Exchange,
        before: &Item,
        after: &Item,
        cause: Cause,
    ) -> Result<(), ExchangeError> {
        let change = Change::between(Some(before), after, cause, None);
        let change = change.ok_or(StoreError::Conflict)?;
        let ended = self.store.reject(mine, after, &change).await;
        ended.map_err(super::overtaken)
    }

    /// Records that older Items give way, before the new one is given out: so they do, even
    /// if this invocation ends here.
    pub(super) async fn let_give_way(
        &self,
        give_way: Vec<Item>,
    ) -> Result<Vec<Item>, ExchangeError> {
        let mut removing = Vec::new();
        for item in give_way {
            removing.extend(self.begin_replacement(item).await?);
        }
        Ok(removing)
    }

    async fn begin_replacement(&self, mut item: Item) -> Result<Option<Item>, StoreError> {
        let removal = self.removal();
        for _ in 0..MAX_RACES {
            match removal.begin(&item, Cause::Replacement).await {
                Err(StoreError::Conflict) => {}
                begun => return begun.map(Some),
            }
            match self.store.item(&item.user_id, &item.item_id).await? {
                Some(found) if found.lifecycle == Lifecycle::Linked => item = found,
                _ => return Ok(None),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Removes at Plaid what has given way, as far as the time allows.
    pub(super) async fn remove_replaced(&self, work: &Work<V::Key>, removing: Vec<Item>) {
        for item in removing {
            let removal = self.removal();
            let removed = removal
                .complete(item, Cause::Replacement, work.deadline)
                .await;
            if let Removed::Later(item) = removed {
                tracing::info!(item_id = %item.item_id, "the reconciler removes a replaced Item");
            }
        }
    }

    /// Why the Item of an earlier exchange is gone.
    pub(super) async fn why_removed(&self, work: &Work<V::Key>, held: &Exchange) -> ExchangeError {
        let Some(first) = &held.duplicate_of else {
            return ExchangeError::Removed;
        };
        match self.store.item(&work.request.user_id, first).await {
            Ok(Some(first)) if first.is_live() => ExchangeError::Duplicate(Box::new(first)),
            Ok(_) => ExchangeError::Removed,
            Err(error) => error.into(),
        }
    }

    fn removal(&self) -> Removal<'_, P, NotFromHere, S, V, C> {
        Removal {
            plaid: self.plaid,
            elsewhere: &NotFromHere,
            store: self.store,
            vault: self.vault,
            clock: self.clock,
        }
    }
}

/// Whether the new Item is kept, by Plaid's accounts.
pub(super) fn judge(request: &ExchangeRequest, item: &Item, others: &[Item]) -> Verdict {
    if request.allow_duplicate {
        return Verdict::Keep(Vec::new());
    }
    let twins = others.iter().filter(|other| {
        other.item_id != item.item_id
            && other.lifecycle == Lifecycle::Linked
            && item.shares_an_account_with(other)
    });
    let (give_way, stay): (Vec<Item>, Vec<Item>) = twins.cloned().partition(Item::gives_way);
    match stay.into_iter().next() {
        Some(first) => Verdict::Duplicate(Box::new(first)),
        None => Verdict::Keep(give_way),
    }
}
