//! What cannot be decided or kept now is answered 503: Plaid sends it again.

use shared::domain::PlaidFailure;
use shared::test_util::{WebhookSigner, refusal};

use crate::scene::{BODY, Scene, problem};

fn no_answer() -> PlaidFailure {
    PlaidFailure::NoAnswer {
        reason: "away",
        maybe_applied: false,
    }
}

#[tokio::test]
async fn whatever_keeps_the_key_from_us_the_webhook_may_be_genuine() {
    let failures = [
        (no_answer(), "plaid_unavailable"),
        (
            PlaidFailure::Unintelligible { http_status: 200 },
            "plaid_unavailable",
        ),
        (PlaidFailure::NoCredentials, "plaid_not_configured"),
        (
            refusal("INVALID_INPUT", "INVALID_API_KEYS"),
            "plaid_not_configured",
        ),
        (
            refusal("RATE_LIMIT_EXCEEDED", "RATE_LIMIT"),
            "plaid_unavailable",
        ),
        (
            refusal("ITEM_ERROR", "ITEM_LOGIN_REQUIRED"),
            "plaid_unavailable",
        ),
        (refusal("ITEM_ERROR", "ITEM_NOT_FOUND"), "plaid_unavailable"),
    ];
    for (failure, code) in failures {
        let scene = Scene::new();
        let told = failure.to_string();
        scene.deps.plaid.fail("verification_key", failure);
        let response = scene.send(scene.signed(BODY, 0)).await;
        assert_eq!(problem(&response), (503, code.to_owned()), "{told}");
        assert!(response.headers().contains_key("retry-after"), "{told}");
        assert!(scene.inbox().is_empty());

        let response = scene.send(scene.signed(BODY, 0)).await;
        let cooling = (503, "plaid_unavailable".to_owned());
        assert_eq!(problem(&response), cooling, "{told}");
        assert_eq!(scene.lookups(), 1, "it cools down");
        scene.deps.clock.advance_seconds(5);
        assert_eq!(scene.post(BODY).await, 200, "{told}");
    }
}

#[tokio::test]
async fn a_webhook_that_cannot_be_kept_is_asked_for_again() {
    let scene = Scene::new();
    let unavailable = (503, "storage_unavailable".to_owned());
    for age in [0, 3000] {
        scene.deps.store.go_down(0, 1);
        let response = scene.send(scene.signed(BODY, age)).await;
        assert_eq!(problem(&response), unavailable, "{age}");
        assert!(scene.inbox().is_empty());
    }
    assert_eq!(scene.post(BODY).await, 200);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_told_to_wait_and_genuine_webhooks_pass() {
    let scene = Scene::new();
    assert_eq!(scene.post(BODY).await, 200);
    let mut answers = Vec::new();
    for n in 0..200 {
        let stranger = WebhookSigner::new(&format!("stranger-{n}"));
        let response = scene.send(scene.signed_by(&stranger, BODY, 0)).await;
        answers.push(response.status().as_u16());
    }
    let undecided = answers.iter().filter(|status| **status == 503).count();
    let refused = answers.iter().filter(|status| **status == 401).count();
    assert_eq!((refused, undecided), (9, 191));
    scene.deps.clock.advance_seconds(1);
    assert_eq!(scene.post(BODY).await, 200);
    assert_eq!(scene.lookups(), 10);
}
