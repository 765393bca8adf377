//! Lists, page by page.

use jiff::{SignedDuration, Timestamp};
use lambda_http::{Request, RequestExt};
use serde::Serialize;
use shared::domain::{Change, ChangeId, ItemId, UserId};
use shared::http::{Code, ItemView, Problem};
use shared::ports::{Changes, ItemPage, ItemRecords, StoreError};

use crate::change_view::ChangeView;
use crate::cursor::{self, List};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;
/// The store leaves removed Items out, and may come back with few or none for a page; so
/// many times it is asked again before the caller has to.
const MAX_READS: u32 = 10;

/// A change is named before it is committed. One that took longer than another, which is
/// named later, must not be passed over; no invocation takes as long as this.
const LONGEST_COMMIT: SignedDuration = SignedDuration::from_mins(1);

#[derive(Serialize)]
struct ItemsBody<'a> {
    items: Vec<ItemView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct ChangesBody<'a> {
    changes: Vec<ChangeView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A page of the user's Items.
pub(crate) async fn items<S: ItemRecords>(
    store: &S,
    user_id: &UserId,
    request: &Request,
) -> Result<String, Problem> {
    let after = cursor(List::Items, user_id, request)?.map(ItemId::new);
    let page = filled(store, user_id, after, limit(request)?).await?;
    let next = page.next.as_ref().map(ItemId::as_str);
    Ok(render(&ItemsBody {
        items: page.items.iter().map(ItemView::of).collect(),
        next_cursor: next.map(|id| cursor::write(List::Items, user_id, id)),
    }))
}

async fn filled<S: ItemRecords>(
    store: &S,
    user_id: &UserId,
    after: Option<ItemId>,
    limit: u32,
) -> Result<ItemPage, StoreError> {
    let mut page = ItemPage {
        items: Vec::new(),
        next: after,
    };
    let mut missing = limit;
    for _ in 0..MAX_READS {
        let read = store.items(user_id, page.next.as_ref(), missing).await?;
        let count = u32::try_from(read.items.len()).unwrap_or(u32::MAX);
        missing = missing.saturating_sub(count);
        page.items.extend(read.items);
        page.next = read.next;
        if missing == 0 || page.next.is_none() {
            break;
        }
    }
    Ok(page)
}

/// A page of the user's changes. Its cursor stands behind the last one that nothing can
/// precede any more, even where nothing follows yet: a server keeps it, and comes back for
/// what happens later. Changes of the last minute may come again.
pub(crate) async fn changes<S: Changes>(
    store: &S,
    user_id: &UserId,
    request: &Request,
    now: Timestamp,
) -> Result<String, Problem> {
    let after = cursor(List::Changes, user_id, request)?.map(ChangeId::new);
    let limit = limit(request)?;
    let page = store.changes(user_id, after.as_ref(), limit).await?;
    let settled = |change: &&Change| now.duration_since(change.at) > LONGEST_COMMIT;
    let last = page.changes.iter().rfind(settled);
    let last = last.map(|change| &change.change_id).or(after.as_ref());
    Ok(render(&ChangesBody {
        changes: page.changes.iter().map(ChangeView::of).collect(),
        next_cursor: last.map(|id| cursor::write(List::Changes, user_id, id.as_str())),
    }))
}

fn cursor(list: List, user_id: &UserId, request: &Request) -> Result<Option<String>, Problem> {
    let Some(text) = parameter(request, "cursor") else {
        return Ok(None);
    };
    let id = cursor::read(list, user_id, text);
    id.map(Some).ok_or_else(|| {
        let rule = "must be the next_cursor of an answer about this list.";
        Problem::field(Code::InvalidParameter, "cursor", rule)
    })
}

fn limit(request: &Request) -> Result<u32, Problem> {
    let Some(text) = parameter(request, "limit") else {
        return Ok(DEFAULT_LIMIT);
    };
    let limit = text.parse().ok();
    limit
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| {
            let rule = format!("must be a number from 1 to {MAX_LIMIT}.");
            Problem::field(Code::InvalidParameter, "limit", rule)
        })
}

fn parameter<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request
        .query_string_parameters_ref()
        .and_then(|query| query.first(name))
}

pub(crate) fn render<T: Serialize>(body: &T) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use shared::domain::Item;
    use shared::test_util::linked_item;

    use super::*;

    /// One Item, behind as many pages without any.
    struct Sparse {
        empty_pages: u32,
        reads: AtomicU32,
    }

    impl Sparse {
        fn behind(empty_pages: u32) -> Self {
            Self {
                empty_pages,
                reads: AtomicU32::new(0),
            }
        }
    }

    impl ItemRecords for Sparse {
        async fn item(&self, _: &UserId, _: &ItemId) -> Result<Option<Item>, StoreError> {
            Ok(None)
        }

        async fn items(
            &self,
            user_id: &UserId,
            _: Option<&ItemId>,
            _: u32,
        ) -> Result<ItemPage, StoreError> {
            let read = self.reads.fetch_add(1, Ordering::Relaxed);
            let found = read >= self.empty_pages;
            Ok(ItemPage {
                items: found
                    .then(|| linked_item(user_id.as_str(), "found", vec![]))
                    .into_iter()
                    .collect(),
                next: (!found).then(|| ItemId::new(format!("removed-{read}"))),
            })
        }
    }

    async fn page(store: &Sparse) -> ItemPage {
        filled(store, &UserId::new("user"), None, 5).await.unwrap()
    }

    #[tokio::test]
    async fn pages_without_items_are_passed_over() {
        let page = page(&Sparse::behind(MAX_READS - 1)).await;
        assert_eq!((page.items.len(), page.next), (1, None));
    }

    #[tokio::test]
    async fn a_caller_goes_on_where_the_reads_of_one_request_ended() {
        let store = Sparse::behind(u32::MAX);
        let page = page(&store).await;
        assert_eq!(store.reads.into_inner(), MAX_READS);
        let last = format!("removed-{}", MAX_READS - 1);
        assert_eq!((page.items.len(), page.next), (0, Some(ItemId::new(last))));
    }
}
