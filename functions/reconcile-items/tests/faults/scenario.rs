//! What somebody begins, and how it should end.

use jiff::Timestamp;
use shared::domain::{
    AccountId, AccountStatus, Health, ItemId, Lifecycle, LinkId, LinkSession, Sealed, Sha256,
    UserId,
};
use shared::ports::Clock;

use crate::scene::{Bank, Pace, Scene};
use crate::verdict::{could_not_be_recorded, was_lost};
use crate::wish::{Answer, Link, SAVINGS, USER, Wish};

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What can be linked in it.
    pub(crate) banks: &'static [Bank],
    /// Who answers first; of importance only while a new Item is recorded.
    pub(crate) paces: &'static [Pace],
    /// What is there before.
    pub(crate) arrange: fn(&Scene),
    /// What is asked for.
    pub(crate) wish: fn(&Scene) -> Wish,
    /// What is wrong with the end, by what the client is told last.
    pub(crate) judge: fn(&Scene, &Answer) -> Vec<String>,
}

pub(crate) const TOKEN: &str = "public-sandbox-canary-1";
const EARLIER_TOKEN: &str = "public-sandbox-canary-0";

const EVERY_BANK: &[Bank] = &[Bank::OneAccount, Bank::Hinted, Bank::TwoAccounts];

/// A user links a bank for the first time.
pub(crate) const EXCHANGE: Scenario = Scenario {
    name: "an exchange",
    banks: EVERY_BANK,
    paces: &[Pace::TableFirst, Pace::PlaidFirst],
    arrange: |_| {},
    wish: |scene| link(scene, TOKEN),
    judge: linked,
};

/// The bank is linked already.
pub(crate) const DUPLICATE: Scenario = Scenario {
    name: "a second Item of the same accounts",
    banks: &[Bank::OneAccount, Bank::Hinted],
    paces: &[Pace::TableFirst],
    arrange: link_before,
    wish: |scene| link(scene, TOKEN),
    judge: |scene, last| {
        let mut wrong = only_if(
            lifecycle(scene, "item-1") == Lifecycle::Linked,
            "the first stays",
        );
        wrong.extend(match last.code() {
            "duplicate_item" => Vec::new(),
            _ => excused(scene, last),
        });
        wrong
    },
};

/// The bank is linked already, and its login is broken.
pub(crate) const REPLACEMENT: Scenario = Scenario {
    name: "an Item in place of a broken one",
    banks: &[Bank::OneAccount, Bank::Hinted],
    paces: &[Pace::TableFirst],
    arrange: |scene| {
        link_before(scene);
        let mut records = scene.store.records();
        let item = records.items.values_mut().next().unwrap();
        item.health = Health::LoginRequired;
        records.changes.last_mut().unwrap().after = Some(shared::domain::ItemStatus::LoginRequired);
    },
    wish: |scene| link(scene, TOKEN),
    judge: |scene, last| {
        let mut wrong = linked(scene, last);
        if last.status == 201 {
            let gone = lifecycle(scene, "item-1") == Lifecycle::Removed;
            wrong.extend(only_if(gone, "the broken one goes"));
        }
        wrong
    },
};

/// The user removes an Item.
pub(crate) const REMOVAL: Scenario = Scenario {
    name: "a removal",
    banks: &[Bank::OneAccount],
    paces: &[Pace::TableFirst],
    arrange: link_before,
    wish: |_| Wish::Remove(ItemId::new("item-1")),
    judge: |scene, last| {
        let mut wrong = only_if(last.status == 204, "the client hears that it is gone");
        wrong.extend(only_if(
            scene.live_items().is_empty(),
            "it is gone at Plaid",
        ));
        let replayed = scene.calmly(&link(scene, EARLIER_TOKEN));
        wrong.extend(only_if(
            replayed.code() == "item_removed",
            "its answer is forgotten",
        ));
        wrong
    },
};

/// Somebody asks for the processor token of another account.
pub(crate) const ANOTHER_ACCOUNT: Scenario = Scenario {
    name: "another account's processor token",
    banks: &[Bank::TwoAccounts],
    paces: &[Pace::TableFirst],
    arrange: link_before,
    wish: |_| Wish::Token(ItemId::new("item-1"), AccountId::new(SAVINGS)),
    judge: |scene, last| {
        let records = scene.store.records();
        let item = records.items.values().next().unwrap();
        let account = item.account(&AccountId::new(SAVINGS)).unwrap();
        let mut wrong = only_if(
            account.status() == AccountStatus::Ready,
            "the account is ready",
        );
        let given = last.status == 201 && last.body.contains("processor-sandbox-account-savings");
        wrong.extend(only_if(given, "the token is given out"));
        wrong
    },
};

/// A session of update mode ends.
pub(crate) const REFRESH: Scenario = Scenario {
    name: "a refresh after update mode",
    banks: &[Bank::OneAccount, Bank::TwoAccounts],
    paces: &[Pace::TableFirst],
    arrange: |scene| {
        link_before(scene);
        open_update_session(scene);
        scene.plaid.world().health = Some(Health::LoginRequired);
    },
    wish: |_| Wish::Refresh(ItemId::new("item-1")),
    judge: |scene, last| {
        let records = scene.store.records();
        let settled = records
            .sessions
            .iter()
            .all(|session| session.refreshed_at.is_some());
        let mut wrong = only_if(settled, "the session is settled");
        let health = &records.items.values().next().unwrap().health;
        wrong.extend(only_if(
            *health == Health::LoginRequired,
            "Plaid's word is recorded",
        ));
        wrong.extend(only_if(last.status == 200, "the client hears of it"));
        wrong
    },
};

/// A server asks to erase the user.
pub(crate) const ERASURE: Scenario = Scenario {
    name: "an erasure",
    banks: &[Bank::OneAccount],
    paces: &[Pace::TableFirst],
    arrange: |scene| {
        link_before(scene);
        open_update_session(scene);
    },
    wish: |_| Wish::Erase,
    judge: |scene, last| {
        let mut wrong = only_if(last.status == 202, "the server hears that it will be");
        wrong.extend(only_if(
            scene.live_items().is_empty(),
            "nothing is left at Plaid",
        ));
        let records = scene.store.records();
        let nothing = records.items.is_empty()
            && records.owners.is_empty()
            && records.exchanges.is_empty()
            && records.sessions.is_empty()
            && records.erasures.is_empty();
        wrong.extend(only_if(nothing, "nothing is left here"));
        let receipts = records
            .changes
            .iter()
            .filter(|change| change.item_id.is_none());
        let receipts = receipts.count() > 0 && records.changes.iter().all(|c| c.item_id.is_none());
        wrong.extend(only_if(receipts, "a receipt is all that is left"));
        wrong
    },
};

pub(crate) fn link(scene: &Scene, public_token: &'static str) -> Wish {
    Wish::Link(Link {
        user: USER,
        public_token,
        account: None,
        hinted: scene.variant.bank == Bank::Hinted,
    })
}

/// The user has linked the bank before, as `item-1`.
pub(crate) fn link_before(scene: &Scene) {
    let answer = scene.calmly(&Wish::Link(Link {
        user: USER,
        public_token: EARLIER_TOKEN,
        account: None,
        hinted: false,
    }));
    assert_eq!(answer.status, 201, "{}", answer.body);
}

pub(crate) fn open_update_session(scene: &Scene) {
    let now: Timestamp = scene.clock.now();
    let user_id = UserId::new(USER);
    let link_id = LinkId::new("link-1");
    scene.store.records().sessions.push(LinkSession {
        link_token_hash: Sha256::of(link_id.as_str().as_bytes()),
        link_token: Sealed::from_bytes(vec![0]),
        item_id: Some(ItemId::new("item-1")),
        hosted: false,
        exit: None,
        refreshed_at: None,
        results: None,
        expires_at: now,
        created_at: now,
        link_id,
        user_id,
    });
}

/// The client has its Item in the end, or there is a reason why not.
fn linked(scene: &Scene, last: &Answer) -> Vec<String> {
    if last.status == 201 {
        return Vec::new();
    }
    excused(scene, last)
}

fn excused(scene: &Scene, last: &Answer) -> Vec<String> {
    let excused = match last.code() {
        "item_removed" => could_not_be_recorded(scene),
        "exchange_lost" => was_lost(scene),
        _ => false,
    };
    only_if(
        excused,
        &format!("it ends well, and not with {} {}", last.status, last.code()),
    )
}

fn lifecycle(scene: &Scene, item_id: &str) -> Lifecycle {
    let records = scene.store.records();
    let mut items = records.items.values();
    items
        .find(|item| item.item_id.as_str() == item_id)
        .unwrap()
        .lifecycle
}

fn only_if(holds: bool, promise: &str) -> Vec<String> {
    if holds {
        return Vec::new();
    }
    vec![format!("broken: {promise}")]
}
