//! What must hold when a history has come to rest, by what Plaid says and by what came.

mod accounts;
mod changes;
mod inbox;
mod notices;
mod reads;
mod tokens;

use serde_json::Value;
use shared::domain::{Item, ItemStatus, Lifecycle};

pub(crate) use tokens::would_make_token;

use crate::scene::Scene;

/// An Item at the end, as Plaid has it and as we have it.
pub(crate) struct Ended {
    pub(crate) truth: Value,
    pub(crate) item: Option<Item>,
}

impl Ended {
    pub(crate) fn is_live(&self) -> bool {
        self.truth["state"] == "live"
    }

    pub(crate) fn error(&self) -> Option<&str> {
        self.truth["error"].as_str()
    }
}

/// Everything that is wrong with the end.
pub(crate) async fn of(scene: &Scene) -> Vec<String> {
    let mut items = Vec::new();
    for item_id in scene.handed() {
        items.push(Ended {
            truth: scene.truth(&item_id).await,
            item: scene.stored(&item_id),
        });
    }
    let mut wrong = scene.hands.watch.seen().wrong.clone();
    wrong.extend(scene.mailbox.mail().wrong.clone());
    wrong.extend(items.iter().filter_map(of_life));
    wrong.extend(tokens::of_plaid(scene, &items));
    wrong.extend(inbox::of(scene));
    wrong.extend(changes::of(scene));
    wrong.extend(reads::of(scene).await);
    for ended in items.iter().filter(|ended| ended.is_live()) {
        let Some(item) = ended.item.as_ref() else {
            continue;
        };
        wrong.extend(of_status(ended, item));
        wrong.extend(accounts::of(ended, item));
        wrong.extend(tokens::of(scene, ended, item));
        wrong.extend(notices::of(scene, item));
    }
    wrong
}

/// What is alive at Plaid is linked here, and nothing else is.
fn of_life(ended: &Ended) -> Option<String> {
    let lifecycle = ended.item.as_ref().map(|item| item.lifecycle);
    let right = match lifecycle {
        Some(Lifecycle::Linked) => ended.is_live(),
        Some(Lifecycle::Removed) | None => !ended.is_live(),
        Some(Lifecycle::Linking | Lifecycle::Removing) => false,
    };
    let state = &ended.truth["state"];
    (!right).then(|| format!("an Item is {state} at Plaid, and here {lifecycle:?}"))
}

fn of_status(ended: &Ended, item: &Item) -> Option<String> {
    let expected = match ended.error() {
        None => ItemStatus::Active,
        Some("ITEM_LOGIN_REQUIRED") => ItemStatus::LoginRequired,
        Some("USER_PERMISSION_REVOKED") => ItemStatus::Revoked,
        Some(_) => ItemStatus::NeedsUser,
    };
    let (status, error) = (item.status(), ended.error());
    (status != expected).then(|| format!("the status is {status:?}, with Plaid's {error:?}"))
}
