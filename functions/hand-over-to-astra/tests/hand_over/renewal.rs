//! Tokens of Astra's that grow old, end, and are refused.

use shared::domain::{AstraStatus, AstraUserId, ConnectionState};
use shared::ports::Clock;
use shared::test_util::{astra_refusal, open_astra_tokens};

use crate::scene::{ITEM, Scene, URI, away};

const DAY: i64 = 86_400;

impl Scene {
    /// Whether Astra takes the access token that is recorded.
    async fn works(&self) -> bool {
        let (access, _) = open_astra_tokens(&self.connection()).await;
        self.deps.astra.user_of(&access) == Some(AstraUserId::new("ada"))
    }

    /// As if the access token had ended, with a refresh token that has not.
    fn access_token_ends(&self) {
        let mut connection = self.connection();
        connection.expires_at = self.deps.clock.now();
        connection.refresh_at = self.deps.clock.now();
        self.keep_connection(connection);
    }
}

#[tokio::test]
async fn a_token_of_seven_days_is_renewed_before_it_is_used() {
    for (days, refreshed, version) in [(6, 0, 1), (7, 1, 2)] {
        let scene = Scene::ready().await;
        scene.deps.clock.advance_seconds(days * DAY);
        scene.tell(Some(ITEM)).await;
        assert_eq!(
            (scene.asked("refresh"), scene.connection().version),
            (refreshed, version)
        );
        assert!(scene.works().await);
        assert_eq!(scene.live().len(), 1);
        assert_eq!(scene.events(), ["astra.account_linked"]);
    }
}

#[tokio::test]
async fn a_renewal_that_fails_may_wait_as_long_as_the_token_works() {
    let scene = Scene::ready().await;
    scene.deps.clock.advance_seconds(7 * DAY);
    scene.deps.astra.fail("refresh", away(false));
    scene.tell(Some(ITEM)).await;
    assert_eq!((scene.live().len(), scene.connection().version), (1, 1));
}

#[tokio::test]
async fn a_token_that_has_ended_is_not_used() {
    let scene = Scene::ready().await;
    scene.access_token_ends();
    scene.deps.astra.fail("refresh", astra_refusal(503, ""));
    scene.tell(Some(ITEM)).await;
    assert_eq!(
        (scene.asked("refresh"), scene.asked("astra_accounts")),
        (1, 0)
    );
    assert_eq!(scene.taken_up_in(), Some(120));
    scene.tell(Some(ITEM)).await;
    assert_eq!((scene.live().len(), scene.connection().version), (1, 2));
    assert!(scene.works().await);
}

#[tokio::test]
async fn a_token_that_astra_ended_is_renewed_in_between() {
    let scene = Scene::ready().await;
    scene.deps.astra.connect("ada", URI);
    assert!(!scene.works().await);
    scene.tell(Some(ITEM)).await;
    let calls = scene.deps.astra.world().calls.clone();
    assert_eq!(
        calls,
        ["astra_accounts", "refresh", "astra_accounts", "hand_over"]
    );
    assert!(scene.works().await);
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Linked));
}

#[tokio::test]
async fn a_hand_over_that_meets_an_ended_token_is_made_once() {
    let scene = Scene::ready().await;
    scene
        .deps
        .astra
        .fail("hand_over", astra_refusal(401, "over"));
    scene.tell(Some(ITEM)).await;
    assert_eq!((scene.asked("hand_over"), scene.asked("refresh")), (2, 1));
    assert_eq!(scene.live().len(), 1);
    assert!(scene.works().await);
}

#[tokio::test]
async fn a_token_that_is_refused_even_when_new_is_not_renewed_for_ever() {
    let scene = Scene::ready().await;
    for _ in 0..9 {
        scene
            .deps
            .astra
            .fail("astra_accounts", astra_refusal(401, "over"));
    }
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.asked("refresh"), 1);
    assert_eq!(scene.taken_up_in(), Some(120));
    assert!(scene.works().await);
}

#[tokio::test]
async fn a_refused_renewal_is_the_users_to_mend_and_told_once() {
    let scene = Scene::ready().await;
    scene.deps.astra.world().revoke(&AstraUserId::new("ada"));
    scene.tell(Some(ITEM)).await;
    assert_eq!(
        scene.connection().state,
        ConnectionState::ReauthorizationRequired
    );
    assert_eq!(scene.events(), ["astra.reauthorization_required"]);
    let calls = scene.deps.astra.world().calls.clone();
    scene.tell(Some(ITEM)).await;
    scene.tell(None).await;
    assert_eq!(
        scene.deps.astra.world().calls,
        calls,
        "nobody is asked again"
    );
    assert_eq!(scene.events(), ["astra.reauthorization_required"]);
    scene.connect("ada").await;
    scene.tell(None).await;
    assert_eq!(scene.status(ITEM, "a"), Some(AstraStatus::Linked));
}

#[tokio::test]
async fn after_ten_days_without_us_the_user_has_to_come_back() {
    let scene = Scene::ready().await;
    scene.deps.clock.advance_seconds(10 * DAY);
    scene.tell(Some(ITEM)).await;
    assert_eq!(
        scene.connection().state,
        ConnectionState::ReauthorizationRequired
    );
    assert_eq!(scene.events(), ["astra.reauthorization_required"]);
    assert_eq!(scene.asked("astra_accounts"), 0);
}

#[tokio::test]
async fn without_a_refresh_token_the_user_has_to_come_back_in_the_end() {
    let scene = Scene::ready().await;
    let mut connection = scene.connection();
    connection.refresh_token = None;
    scene.keep_connection(connection);
    scene.tell(Some(ITEM)).await;
    assert_eq!(scene.live().len(), 1, "its access token works");
    scene.access_token_ends();
    scene.renew(ITEM, "a").await;
    scene.tell(Some(ITEM)).await;
    assert_eq!(
        scene.connection().state,
        ConnectionState::ReauthorizationRequired
    );
}
