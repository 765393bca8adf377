//! What somebody begins, and how it should end.

use shared::domain::{
    AccountId, AstraAuthorization, AstraState, ConnectionState, HandOver, Lifecycle, UserId,
};
use shared::ports::Clock;
use shared::test_util::give_processor_token;

use crate::scene::{ACCOUNTS, Scene, URI, USER, now, token};
use crate::wish::{Answer, Wish};

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What is there before.
    pub(crate) arrange: fn(&Scene),
    /// What is asked for; anew each time, where the client asks again.
    pub(crate) wish: fn(&Scene) -> Wish,
    /// What is wrong with the end, by what the client is told last.
    pub(crate) judge: fn(&Scene, Answer) -> Vec<String>,
    /// Whether the user may have to authorise us again.
    pub(crate) may_lose_tokens: bool,
    /// Whether Astra may keep accounts of a removed Item.
    pub(crate) may_leave: bool,
}

const DAY: i64 = 86_400;

const EMPTY: Scenario = Scenario {
    name: "",
    arrange: |_| {},
    wish: |_| Wish::HandOver,
    judge: |_, _| Vec::new(),
    may_lose_tokens: false,
    may_leave: false,
};

/// A user comes back from Astra's page.
pub(crate) const CONNECTION: Scenario = Scenario {
    name: "a connection",
    wish: |scene| {
        let state = AstraState::random();
        let code = scene.astra.authorize("ada", URI);
        let user_id = UserId::new(USER);
        let sent = AstraAuthorization::begin(state.expose(), &user_id, scene.clock.now());
        scene.store.records().authorizations.push(sent);
        Wish::Connect(state, code)
    },
    judge: |scene, last| {
        let connected = scene.connection().map(|connection| connection.state);
        // The event of it comes.
        scene.calmly(&Wish::HandOver);
        let mut wrong = only_if(last.0 == 201, "the user hears of the connection");
        let connected = connected == Some(ConnectionState::Connected);
        wrong.extend(only_if(connected, "the user is connected"));
        wrong
    },
    ..EMPTY
};

/// The tokens are old enough to be renewed.
pub(crate) const RENEWAL: Scenario = Scenario {
    name: "a renewal",
    arrange: |scene| {
        at_astra(scene);
        scene.clock.advance_seconds(7 * DAY);
    },
    wish: |_| Wish::Reconcile,
    judge: |scene, _| {
        let renewed = scene.connection().unwrap().version > 1;
        only_if(renewed, "the tokens are renewed")
    },
    ..EMPTY
};

/// The same where a refresh token that was used is worth nothing.
pub(crate) const RENEWAL_OF_ONE_USE: Scenario = Scenario {
    name: "a renewal with a refresh token of one use",
    arrange: |scene| {
        at_astra(scene);
        scene.astra.world().refresh_once = true;
        scene.clock.advance_seconds(7 * DAY);
    },
    may_lose_tokens: true,
    ..RENEWAL
};

/// Two accounts are ready.
pub(crate) const HAND_OVER: Scenario = Scenario {
    name: "a hand-over",
    arrange: Scene::connect,
    judge: |scene, _| linked(scene),
    ..EMPTY
};

/// The tokens are to be renewed first.
pub(crate) const HAND_OVER_WITH_AN_OLD_TOKEN: Scenario = Scenario {
    name: "a hand-over with an old token",
    arrange: |scene| {
        scene.connect();
        scene.clock.advance_seconds(7 * DAY);
    },
    ..HAND_OVER
};

/// Astra does not take the token any more, and nobody told us.
pub(crate) const HAND_OVER_WITH_AN_ENDED_TOKEN: Scenario = Scenario {
    name: "a hand-over with an ended token",
    arrange: |scene| {
        scene.connect();
        scene.astra.connect("ada", URI);
    },
    ..HAND_OVER
};

/// One of the accounts has a new token.
pub(crate) const REPLACEMENT: Scenario = Scenario {
    name: "a replacement",
    arrange: |scene| {
        at_astra(scene);
        let mut item = scene.item();
        now(give_processor_token(
            &mut item,
            ACCOUNTS[0],
            &token(ACCOUNTS[0], 2),
        ));
        scene.keep(item);
    },
    ..HAND_OVER
};

/// The permission for one of the accounts was taken back.
pub(crate) const REVOCATION: Scenario = Scenario {
    name: "a revocation",
    arrange: |scene| {
        at_astra(scene);
        let mut item = scene.item();
        item.accounts[0].revoked = true;
        scene.keep(item);
        scene.plaid.world().accounts.remove(0);
    },
    judge: |scene, _| {
        let item = scene.item();
        let off = item.accounts[0].at_astra.is_none();
        only_if(off, "the revoked account is off Astra")
    },
    ..EMPTY
};

/// The user removes the Item.
pub(crate) const REMOVAL: Scenario = Scenario {
    name: "a removal",
    arrange: at_astra,
    wish: |_| Wish::Remove { forced: false },
    judge: |scene, last| {
        let mut wrong = gone(scene, last);
        let live = scene.astra.world().live_accounts().count();
        wrong.extend(only_if(live == 0, "nothing is left at Astra"));
        wrong
    },
    ..EMPTY
};

/// A server asks to erase the user.
pub(crate) const ERASURE: Scenario = Scenario {
    name: "an erasure",
    arrange: at_astra,
    wish: |_| Wish::Erase,
    judge: |scene, last| {
        let mut wrong = only_if(last.0 == 202, "the server hears that it will be done");
        let live = scene.astra.world().live_accounts().count();
        wrong.extend(only_if(live == 0, "nothing is left at Astra"));
        let gone = scene.plaid.world().items.is_empty();
        wrong.extend(only_if(gone, "nothing is left at Plaid"));
        let forgotten = scene.kept_item().is_none() && scene.connection().is_none();
        wrong.extend(only_if(forgotten, "nothing is left here"));
        wrong
    },
    ..EMPTY
};

/// The user removes the Item, and Astra keeps one of its accounts.
pub(crate) const OBJECTION: Scenario = Scenario {
    name: "a removal that Astra objects to",
    arrange: |scene| {
        at_astra(scene);
        has_routines(scene);
    },
    wish: |_| Wish::Remove { forced: false },
    judge: |scene, last| {
        let mut wrong = only_if(last.0 == 409, "the user hears Astra's reason");
        let linked_still = scene.item().lifecycle == Lifecycle::Linked;
        wrong.extend(only_if(linked_still, "the Item stays"));
        wrong.extend(linked(scene));
        wrong
    },
    ..EMPTY
};

/// The user insists.
pub(crate) const FORCED_REMOVAL: Scenario = Scenario {
    name: "a forced removal",
    arrange: |scene| {
        at_astra(scene);
        has_routines(scene);
    },
    wish: |_| Wish::Remove { forced: true },
    judge: gone,
    may_leave: true,
    ..EMPTY
};

fn at_astra(scene: &Scene) {
    scene.connect();
    scene.calmly(&Wish::HandOver);
    assert_eq!(scene.astra.world().live_accounts().count(), ACCOUNTS.len());
}

fn has_routines(scene: &Scene) {
    let item = scene.item();
    let account = item.account(&AccountId::new(ACCOUNTS[1])).unwrap();
    let id = account.at_astra.as_ref().unwrap().astra_account_id.clone();
    let mut world = scene.astra.world();
    world.account_mut(&id.unwrap()).unwrap().active_routines = 1;
}

fn linked(scene: &Scene) -> Vec<String> {
    let item = scene.item();
    let linked = item.accounts.iter().all(|account| {
        let at_astra = account.at_astra.as_ref();
        at_astra.is_some_and(|at_astra| at_astra.hand_over == HandOver::Done)
    });
    only_if(linked, "both accounts are at Astra")
}

fn gone(scene: &Scene, last: Answer) -> Vec<String> {
    let mut wrong = only_if(last.0 == 204, "the user hears that it is gone");
    let gone = scene.plaid.world().items.is_empty();
    wrong.extend(only_if(gone, "it is gone at Plaid"));
    let removed = scene.item().lifecycle == Lifecycle::Removed;
    wrong.extend(only_if(removed, "it is recorded as removed"));
    wrong
}

fn only_if(holds: bool, promise: &str) -> Vec<String> {
    if holds {
        return Vec::new();
    }
    vec![format!("broken: {promise}")]
}
