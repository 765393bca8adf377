//! `POST /v1/items`: what a caller is told, and what is left behind.

use lambda_http::Body;
use serde_json::Value;
use shared::domain::{ExchangeStep, Lifecycle, PlaidFailure};
use shared::http::Code;
use shared::ports::Clock;
use shared::test_util::{Event, account, json, refusal};

use exchange_and_processor_token::handler;

use crate::scene::{CHECKING, EVENT, Scene, assert_problem, no_answer, plain};

#[tokio::test]
async fn the_sample_event_links_an_account() {
    let scene = Scene::with_checking();
    let response = scene.link().await;
    assert_eq!(response.status(), 201);
    let item = json(&response);
    assert_eq!(
        (&item["status"], &item["action"]),
        (&"active".into(), &"none".into())
    );
    assert_eq!(item["processor"], "astra");
    assert_eq!(item["accounts"][0]["status"], "ready");
    let token = format!("processor-sandbox-{CHECKING}");
    assert_eq!(item["accounts"][0]["processor_token"], token.as_str());
    assert_eq!(
        (scene.step(), scene.live_items()),
        (Some(ExchangeStep::Finished), 1)
    );
}

#[tokio::test]
async fn with_hints_the_processor_token_is_asked_for_beside_the_accounts() {
    let scene = Scene::with_checking();
    scene.link().await;
    assert_eq!(scene.calls(), ["exchange", "accounts", "processor_token"]);
}

#[tokio::test]
async fn a_token_made_on_a_wrong_hint_is_never_given_out() {
    let hinted = account(CHECKING, "cd", None);
    let scene = Scene::with_accounts(vec![hinted, account("other", "savings", None)]);
    let body = r#"{"public_token":"public-sandbox-1","accounts":[{"id":"BxBXxLj1m4HMXBm9WZZmCWVbPjX16EHwv99vp"}]}"#;
    let item = json(&scene.send(plain(body)).await);
    assert_eq!(item["accounts"][0]["status"], "not_eligible");
    assert_eq!(item["accounts"][0]["processor_token"], Value::Null);
    assert_eq!(
        item["accounts"][1]["processor_token"],
        "processor-sandbox-other"
    );
}

#[tokio::test]
async fn beyond_plaids_limit_the_token_is_asked_for_once_and_later_made() {
    let scene = Scene::with_checking();
    let limit = refusal("RATE_LIMIT_EXCEEDED", "RATE_LIMIT");
    scene.deps.plaid.fail("processor_token", limit);
    let response = scene.link().await;
    assert_problem(&response, Code::PlaidUnavailable);
    assert_eq!(response.headers()["retry-after"], "20");
    assert_eq!(scene.calls(), ["exchange", "accounts", "processor_token"]);
    let item = json(&scene.link().await);
    assert_eq!(item["accounts"][0]["status"], "ready");
    let calls = scene.calls();
    let exchanges = calls.iter().filter(|call| **call == "exchange");
    assert_eq!(exchanges.count(), 1);
}

#[tokio::test]
async fn a_retry_gets_the_same_bytes_and_makes_nothing_new() {
    let scene = Scene::with_checking();
    let first = scene.link().await;
    let calls = scene.calls();
    let second = scene.link().await;
    assert_eq!(second.status(), 201);
    assert_eq!(second.headers()["idempotency-replayed"], "true");
    assert!(!first.headers().contains_key("idempotency-replayed"));
    assert_eq!(first.body(), second.body());
    assert_eq!(scene.calls(), calls, "Plaid was not asked again");
}

#[tokio::test]
async fn several_candidates_are_chosen_from_with_the_same_public_token() {
    let accounts = vec![
        account("a", "checking", None),
        account("b", "savings", None),
    ];
    let scene = Scene::with_accounts(accounts);
    let token = r#""public_token":"public-sandbox-1""#;
    let item = json(&scene.send(plain(&format!("{{{token}}}"))).await);
    assert_eq!(item["action"], "select_account");
    let chosen = format!(r#"{{{token},"account_id":"b"}}"#);
    let item = json(&scene.send(plain(&chosen)).await);
    assert_eq!(item["action"], "none");
    assert_eq!(
        item["accounts"][1]["processor_token"],
        "processor-sandbox-b"
    );
    let replayed = scene.send(plain(&chosen)).await;
    assert_eq!(json(&replayed), item);
    assert_eq!(scene.live_items(), 1);
}

#[tokio::test]
async fn pending_deposits_make_no_token_yet() {
    for (status, action) in [
        ("pending_automatic_verification", "wait"),
        ("pending_manual_verification", "verify_deposits"),
    ] {
        let scene = Scene::with_accounts(vec![account(CHECKING, "checking", Some(status))]);
        let body = r#"{"public_token":"public-sandbox-1"}"#;
        let item = json(&scene.send(plain(body)).await);
        assert_eq!(item["action"], action);
        assert!(!scene.calls().contains(&"processor_token"), "{status}");
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_used_names_the_field_and_keeps_the_item() {
    let accounts = vec![account(CHECKING, "cd", None), account("b", "savings", None)];
    for (chosen, code) in [
        ("nobody", Code::UnknownAccount),
        (CHECKING, Code::AccountNotEligible),
    ] {
        let scene = Scene::with_accounts(accounts.clone());
        let body = format!(r#"{{"public_token":"public-sandbox-1","account_id":"{chosen}"}}"#);
        let response = scene.send(plain(&body)).await;
        assert_problem(&response, code);
        let problem = json(&response);
        assert_eq!(
            (&problem["field"], &problem["item_id"]),
            (&"account_id".into(), &"item-1".into())
        );
        assert_eq!(
            (scene.step(), scene.live_items()),
            (Some(ExchangeStep::Finished), 1)
        );
        let retried = scene.send(plain(
            r#"{"public_token":"public-sandbox-1","account_id":"b"}"#,
        ));
        assert_eq!(json(&retried.await)["accounts"][1]["status"], "ready");
    }
}

#[tokio::test]
async fn an_item_that_is_broken_at_once_is_linked_as_that() {
    for (error_code, status, action) in [
        ("ITEM_LOGIN_REQUIRED", "login_required", "relink"),
        ("USER_PERMISSION_REVOKED", "revoked", "link_again"),
        ("ITEM_LOCKED", "needs_user", "relink"),
    ] {
        let scene = Scene::with_checking();
        let broken = refusal("ITEM_ERROR", error_code);
        scene.deps.plaid.fail("accounts", broken);
        let response = scene.link().await;
        assert_eq!(response.status(), 201, "{error_code}");
        let item = json(&response);
        assert_eq!(item["status"], status);
        assert_eq!(item["action"], action);
        assert_eq!(scene.step(), Some(ExchangeStep::Finished));
    }
}

#[tokio::test]
async fn a_refused_public_token_leaves_nothing_and_says_so_again() {
    let scene = Scene::with_checking();
    scene
        .deps
        .plaid
        .fail("exchange", refusal("INVALID_INPUT", "INVALID_PUBLIC_TOKEN"));
    let response = scene.link().await;
    assert_problem(&response, Code::PublicTokenRefused);
    assert_eq!(
        json(&response)["plaid"]["error_code"],
        "INVALID_PUBLIC_TOKEN"
    );
    assert_eq!(scene.step(), Some(ExchangeStep::Refused));
    assert_problem(&scene.link().await, Code::PublicTokenRefused);
    assert_eq!(scene.calls(), ["exchange"]);
}

#[tokio::test]
async fn a_failure_without_effect_leaves_no_trace() {
    for (failure, code) in [
        (no_answer(false), Code::PlaidUnavailable),
        (
            refusal("INVALID_INPUT", "INVALID_API_KEYS"),
            Code::PlaidNotConfigured,
        ),
        (
            refusal("INSTITUTION_ERROR", "INSTITUTION_DOWN"),
            Code::InstitutionUnavailable,
        ),
    ] {
        let scene = Scene::with_checking();
        scene.deps.plaid.fail("exchange", failure);
        let response = scene.link().await;
        assert_problem(&response, code);
        assert!(response.headers().contains_key("retry-after"));
        assert_eq!(scene.step(), None);
        assert_eq!(scene.link().await.status(), 201);
    }
}

#[tokio::test]
async fn a_lost_answer_that_plaid_does_not_repeat_is_told_as_lost() {
    let scene = Scene::with_checking();
    scene.deps.plaid.fail("exchange", no_answer(true));
    let response = scene.link().await;
    assert_problem(&response, Code::PlaidUnavailable);
    assert_eq!(scene.step(), Some(ExchangeStep::Claimed));
    scene
        .deps
        .plaid
        .fail("exchange", refusal("INVALID_INPUT", "INVALID_PUBLIC_TOKEN"));
    assert_problem(&scene.link().await, Code::ExchangeLost);
    assert_eq!(scene.step(), Some(ExchangeStep::Lost));
    assert_problem(&scene.link().await, Code::ExchangeLost);
}

#[tokio::test]
async fn an_answer_that_is_not_understood_is_a_bad_gateway() {
    let scene = Scene::with_checking();
    scene.deps.plaid.fail(
        "exchange",
        PlaidFailure::Unintelligible { http_status: 200 },
    );
    assert_problem(&scene.link().await, Code::PlaidUnintelligible);
}

#[tokio::test]
async fn an_exchange_that_stopped_after_recording_goes_on_without_a_second_item() {
    let scene = Scene::with_checking();
    scene.deps.plaid.fail("accounts", no_answer(false));
    assert_problem(&scene.link().await, Code::PlaidUnavailable);
    assert_eq!(scene.step(), Some(ExchangeStep::Exchanged));
    let response = scene.link().await;
    assert_eq!(json(&response)["accounts"][0]["status"], "ready");
    assert_eq!(scene.live_items(), 1);
    assert_eq!(
        scene
            .calls()
            .iter()
            .filter(|call| **call == "exchange")
            .count(),
        1
    );
}

#[tokio::test]
async fn while_somebody_works_on_it_others_are_told_when_to_come_back() {
    let scene = Scene::with_checking();
    scene.deps.plaid.fail("exchange", no_answer(true));
    scene.link().await;
    // A lease is as long as its owner may live, which is longer than most work takes.
    for (leased_for, told) in [(40, "15"), (10, "11")] {
        let later = scene.deps.clock.now() + jiff::SignedDuration::from_secs(leased_for);
        scene.change(|records| {
            records
                .exchanges
                .values_mut()
                .for_each(|exchange| exchange.lease_until = later);
        });
        let response = scene.link().await;
        assert_problem(&response, Code::ExchangeInProgress);
        assert_eq!(response.headers()["retry-after"], told);
    }
    scene.deps.clock.advance_seconds(10);
    assert_eq!(scene.link().await.status(), 201, "the lease is over");
}

#[tokio::test]
async fn an_item_that_cannot_be_recorded_is_removed_at_plaid() {
    let scene = Scene::with_checking();
    scene.deps.store.go_down(2, 1);
    assert_problem(&scene.link().await, Code::ItemRemoved);
    assert_eq!(
        (scene.step(), scene.live_items()),
        (Some(ExchangeStep::Removed), 0)
    );
    assert_problem(&scene.link().await, Code::ItemRemoved);
    assert_eq!(
        scene
            .calls()
            .iter()
            .filter(|call| **call == "exchange")
            .count(),
        1
    );
}

#[tokio::test]
async fn without_storage_nothing_begins() {
    let scene = Scene::with_checking();
    scene.deps.store.go_down(0, 1);
    let response = scene.link().await;
    assert_problem(&response, Code::StorageUnavailable);
    assert!(response.headers().contains_key("retry-after"));
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn with_too_little_time_nothing_begins() {
    let scene = Scene::with_checking();
    let soon = scene.deps.clock.now().as_millisecond() + 5000;
    let response = handler(&scene.deps, Event::read(EVENT).request(soon)).await;
    assert_problem(&response, Code::OutOfTime);
    assert!(scene.calls().is_empty() && scene.step().is_none());
}

#[tokio::test]
async fn a_public_token_of_another_users_exchange_is_not_found() {
    let scene = Scene::with_checking();
    scene.link().await;
    let other = Event::read(EVENT).set("/requestContext/authorizer/jwt/claims/sub", "user-2");
    assert_problem(&scene.send(other).await, Code::NotFound);
}

#[tokio::test]
async fn a_removed_item_is_gone() {
    let scene = Scene::with_checking();
    scene.link().await;
    scene.change(|records| {
        records
            .items
            .values_mut()
            .for_each(|item| item.lifecycle = Lifecycle::Removed);
        records
            .exchanges
            .values_mut()
            .for_each(|exchange| exchange.answer = None);
    });
    assert_problem(&scene.link().await, Code::ItemRemoved);
}

#[tokio::test]
async fn a_sealed_token_copied_to_another_record_does_not_open() {
    let scene = Scene::with_checking();
    scene.deps.plaid.fail("accounts", no_answer(false));
    scene.link().await;
    scene.change(|records| {
        let exchange = records
            .exchanges
            .values()
            .next()
            .unwrap()
            .public_token
            .clone();
        records
            .items
            .values_mut()
            .for_each(|item| item.access_token = exchange.clone());
    });
    assert_problem(&scene.link().await, Code::InternalError);
}

#[tokio::test]
async fn bad_input_names_its_field_and_leaves_nothing() {
    let cases = [
        ("{}", Code::InvalidField, "public_token"),
        (r#"{"public_token":7}"#, Code::InvalidField, "public_token"),
        (
            r#"{"public_token":"access-sandbox-1"}"#,
            Code::InvalidField,
            "public_token",
        ),
        (
            r#"{"public_token":"public-production-1"}"#,
            Code::InvalidField,
            "public_token",
        ),
        (
            r#"{"public_token":"public-sandbox-1","account_id":""}"#,
            Code::InvalidField,
            "account_id",
        ),
        (
            r#"{"public_token":"public-sandbox-1","user_id":"x"}"#,
            Code::UnknownField,
            "user_id",
        ),
    ];
    let scene = Scene::with_checking();
    for (body, code, field) in cases {
        let response = scene.send(plain(body)).await;
        assert_problem(&response, code);
        assert_eq!(json(&response)["field"], field, "{body}");
    }
    assert_problem(&scene.send(plain("{")).await, Code::InvalidJson);
    assert_problem(
        &scene.send(Event::read(EVENT).anonymous()).await,
        Code::Unauthenticated,
    );
    assert!(scene.step().is_none() && scene.calls().is_empty());
}

#[tokio::test]
async fn no_answer_and_no_record_holds_an_access_token() {
    let scene = Scene::with_checking();
    let response = scene.link().await;
    let Body::Text(answer) = response.body() else {
        panic!("an answer is text")
    };
    assert!(!answer.contains("canary"), "{answer}");
    let records = scene.deps.store.records();
    let stored = format!("{:?} {:?}", records.items, records.exchanges);
    assert!(
        !stored.contains("canary") && !stored.contains("public-sandbox"),
        "{stored}"
    );
    let item = records.items.values().next().unwrap();
    let sealed =
        String::from_utf8_lossy(item.access_token.as_ref().unwrap().as_bytes()).into_owned();
    assert!(!sealed.contains("canary"));
}
