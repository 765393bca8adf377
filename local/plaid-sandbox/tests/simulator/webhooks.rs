//! Webhooks: signatures, delivery, retries, keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::support::{Plaid, Received, Receiver, Sandbox};

fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

fn part(jwt: &str, index: usize) -> Value {
    serde_json::from_slice(&decode(jwt.split('.').nth(index).unwrap())).unwrap()
}

async fn key(plaid: &Plaid, kid: &Value) -> Value {
    let answer = plaid
        .call("/webhook_verification_key/get", json!({"key_id": kid}))
        .await;
    answer.ok()["key"].clone()
}

fn signature_holds(jwt: &str, key: &Value) -> bool {
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let mut point = vec![4];
    point.extend(decode(key["x"].as_str().unwrap()));
    point.extend(decode(key["y"].as_str().unwrap()));
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &decode(signature))
        .is_ok()
}

fn iat(webhook: &Received) -> i64 {
    part(webhook.verification(), 1)["iat"].as_i64().unwrap()
}

/// The seconds from a webhook's last attempt to its next.
fn next_wait(webhook: &Value) -> i64 {
    let time = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let last = time(&webhook["attempts"].as_array().unwrap().last().unwrap()["at"]);
    time(&webhook["next_attempt_at"])
        .duration_since(last)
        .as_secs()
}

/// A webhook that says little, to `receiver`.
async fn send(plaid: &Plaid, receiver: &Receiver, more: Value) -> Value {
    let mut body = json!({"url": receiver.url, "body": {"webhook_type": "T", "webhook_code": "C"}});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    plaid.control("POST", "/webhooks/send", body).await
}

#[tokio::test]
async fn signed_webhook_is_for_somebody_else_to_send() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    let wish = json!({"url": "http://127.0.0.1:1/", "raw_body": "{ }", "iat_offset_seconds": -400});
    let signed = plaid.control("POST", "/webhooks/sign", wish).await;
    assert_eq!(signed["body"], "{ }");
    let jwt = signed["plaid_verification"].as_str().unwrap();
    assert!(signature_holds(
        jwt,
        &key(plaid, &part(jwt, 0)["kid"]).await
    ));
    let hash = hex::encode(digest(&SHA256, b"{ }"));
    assert_eq!(part(jwt, 1)["request_body_sha256"], hash);
    let sent = plaid.control("GET", "/webhooks", Value::Null).await;
    assert_eq!(sent["webhooks"], json!([]));
}

#[tokio::test]
async fn webhook_is_signed_and_formatted_as_plaid_does_it() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    let plaid = &sandbox.plaid;
    let linked = plaid
        .link("ins_109508", json!({"webhook": receiver.url}))
        .await;
    let body = json!({"access_token": linked.access_token});
    plaid.call("/sandbox/item/reset_login", body).await.ok();
    let webhook = receiver.wait_for(1).await;
    let text = std::str::from_utf8(&webhook.body).unwrap();
    assert!(text.starts_with("{\n  \"environment\": \"sandbox\",\n  \"error\": {\n    \""));
    assert!(text.ends_with('}'));
    let jwt = webhook.verification();
    let head = part(jwt, 0);
    assert_eq!(
        (&head["alg"], &head["typ"]),
        (&json!("ES256"), &json!("JWT"))
    );
    assert!(signature_holds(jwt, &key(plaid, &head["kid"]).await));
    let hash = hex::encode(digest(&SHA256, &webhook.body));
    assert_eq!(part(jwt, 1)["request_body_sha256"], hash);
    let body = webhook.json();
    assert_eq!(body["error"]["error_code"], "ITEM_LOGIN_REQUIRED");
    assert_eq!(body["error"]["status"], 400);
    assert!(body["error"].get("request_id").is_none());
}

#[tokio::test]
async fn rejected_webhook_is_retried_on_plaids_schedule_and_then_given_up() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    let plaid = &sandbox.plaid;
    receiver.answer_with(500, None);
    send(plaid, &receiver, json!({})).await;
    for (attempts, wait) in [30_i64, 120, 480, 1_920, 7_680, 30_720]
        .into_iter()
        .enumerate()
    {
        receiver.wait_for(attempts + 1).await;
        let tried = |webhook: &Value| {
            webhook["attempts"].as_array().unwrap().len() == attempts + 1
                && webhook["next_attempt_at"].is_string()
        };
        let webhook = plaid.webhook_that(tried).await;
        assert_eq!(next_wait(&webhook), wait);
        plaid
            .control("POST", "/clock", json!({"advance_seconds": wait + 1}))
            .await;
    }
    receiver.wait_for(7).await;
    plaid
        .webhook_that(|webhook| webhook["state"] == "given_up")
        .await;
    plaid
        .control("POST", "/clock", json!({"advance_seconds": 200_000}))
        .await;
    assert_eq!(receiver.received().len(), 7);
}

#[tokio::test]
async fn retries_come_by_themselves_when_time_is_sped_up() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    receiver.answer_with(503, None);
    sandbox
        .plaid
        .control("POST", "/clock", json!({"speed": 1_000}))
        .await;
    send(&sandbox.plaid, &receiver, json!({})).await;
    receiver.wait_for(2).await;
    receiver.answer_with(200, None);
    sandbox
        .plaid
        .webhook_that(|webhook| webhook["state"] == "delivered")
        .await;
}

#[tokio::test]
async fn each_attempt_is_signed_anew_unless_the_setting_keeps_the_first_time() {
    for (keep, expected_age) in [(false, 0), (true, 30)] {
        let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
        let plaid = &sandbox.plaid;
        plaid
            .control("POST", "/settings", json!({"keep_iat_on_retry": keep}))
            .await;
        receiver.answer_with(500, None);
        send(plaid, &receiver, json!({})).await;
        let first = receiver.wait_for(1).await;
        plaid
            .webhook_that(|webhook| webhook["next_attempt_at"].is_string())
            .await;
        plaid
            .webhook_that(|webhook| !webhook["attempts"].as_array().unwrap().is_empty())
            .await;
        plaid
            .control("POST", "/clock", json!({"advance_seconds": 31}))
            .await;
        let second = receiver.wait_for(2).await;
        // The receiver's clock stood still, so an old signature looks older.
        let aged = iat(&first) - iat(&second);
        assert!(
            (aged - expected_age).abs() <= 3,
            "keep {keep}: aged by {aged} s"
        );
    }
}

#[tokio::test]
async fn receiver_that_rejects_nearly_everything_gets_no_retries() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    let plaid = &sandbox.plaid;
    receiver.answer_with(400, None);
    plaid
        .control("POST", "/settings", json!({"rejection_rule_minimum": 3}))
        .await;
    send(plaid, &receiver, json!({"copies": 3})).await;
    receiver.wait_for(3).await;
    plaid
        .webhook_that(|webhook| webhook["state"] == "given_up")
        .await;
}

#[tokio::test]
async fn receiver_that_is_busy_is_tried_when_it_asked_for_it() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    let plaid = &sandbox.plaid;
    receiver.answer_with(429, Some("600"));
    send(plaid, &receiver, json!({})).await;
    let tried = |webhook: &Value| !webhook["attempts"].as_array().unwrap().is_empty();
    assert_eq!(next_wait(&plaid.webhook_that(tried).await), 600);
    plaid
        .control("POST", "/clock", json!({"advance_seconds": 601}))
        .await;
    receiver.wait_for(2).await;
}

#[tokio::test]
async fn slow_receiver_counts_as_one_that_failed() {
    let sandbox = Sandbox::start().await;
    let plaid = &sandbox.plaid;
    // It accepts connections and never answers.
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    plaid
        .control("POST", "/settings", json!({"webhook_timeout_ms": 50}))
        .await;
    let url = format!("http://{}/", silent.local_addr().unwrap());
    plaid
        .control("POST", "/webhooks/send", json!({"url": url, "body": {}}))
        .await;
    let tried = plaid
        .webhook_that(|webhook| !webhook["attempts"].as_array().unwrap().is_empty())
        .await;
    assert_eq!(tried["attempts"][0]["error"], "no answer in time");
    assert_eq!(tried["state"], "pending");
}

#[tokio::test]
async fn rotated_key_signs_and_the_old_one_stays_known() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    let plaid = &sandbox.plaid;
    send(plaid, &receiver, json!({})).await;
    let old_kid = part(receiver.wait_for(1).await.verification(), 0)["kid"].clone();
    let rotated = plaid
        .control("POST", "/webhooks/rotate-key", json!({}))
        .await;
    send(plaid, &receiver, json!({})).await;
    let second = receiver.wait_for(2).await;
    assert_eq!(part(second.verification(), 0)["kid"], rotated["kid"]);
    assert!(signature_holds(
        second.verification(),
        &key(plaid, &rotated["kid"]).await
    ));
    assert!(key(plaid, &rotated["kid"]).await["expired_at"].is_null());
    assert!(key(plaid, &old_kid).await["expired_at"].is_i64());
    let unknown = plaid
        .call("/webhook_verification_key/get", json!({"key_id": "x"}))
        .await;
    assert_eq!(unknown.code(), "INVALID_WEBHOOK_VERIFICATION_KEY_ID");
}

#[tokio::test]
async fn forged_webhooks_are_wrong_in_just_the_chosen_way() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    let plaid = &sandbox.plaid;
    send(plaid, &receiver, json!({})).await;
    let good = receiver.wait_for(1).await;
    let kid = part(good.verification(), 0)["kid"].clone();
    let key = key(plaid, &kid).await;
    for (count, tamper) in ["signature", "body", "kid", "alg"].into_iter().enumerate() {
        send(plaid, &receiver, json!({"tamper": tamper})).await;
        let webhook = receiver.wait_for(count + 2).await;
        let (head, claims) = (
            part(webhook.verification(), 0),
            part(webhook.verification(), 1),
        );
        let hash = hex::encode(digest(&SHA256, &webhook.body));
        let found = [
            ("signature", !signature_holds(webhook.verification(), &key)),
            ("body", claims["request_body_sha256"] != hash),
            ("kid", head["kid"] != kid),
            ("alg", head["alg"] != "ES256"),
        ];
        for (kind, wrong) in found {
            assert_eq!(wrong, kind == tamper, "{tamper}: {kind}");
        }
    }
    send(plaid, &receiver, json!({"tamper": "no_header"})).await;
    assert!(
        !receiver
            .wait_for(6)
            .await
            .headers
            .contains_key("plaid-verification")
    );
    send(plaid, &receiver, json!({"iat_offset_seconds": -600})).await;
    let age = iat(&good) - iat(&receiver.wait_for(7).await);
    assert!((590..=600).contains(&age), "{age}");
}

#[tokio::test]
async fn fire_webhook_needs_a_url_a_product_and_a_code_that_exists() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    let plaid = &sandbox.plaid;
    let deaf = plaid.link("ins_109508", json!({})).await;
    let fire = |token: &str, kind: &str, code: &str| json!({"access_token": token, "webhook_type": kind, "webhook_code": code});
    let path = "/sandbox/item/fire_webhook";
    let answer = plaid
        .call(path, fire(&deaf.access_token, "ITEM", "ERROR"))
        .await;
    assert_eq!(answer.code(), "SANDBOX_WEBHOOK_INVALID");
    let linked = plaid
        .link("ins_109508", json!({"webhook": receiver.url}))
        .await;
    let holdings = fire(&linked.access_token, "HOLDINGS", "DEFAULT_UPDATE");
    assert_eq!(
        plaid.call(path, holdings).await.code(),
        "SANDBOX_PRODUCT_NOT_ENABLED"
    );
    let nonsense = fire(&linked.access_token, "AUTH", "ERROR");
    assert_eq!(plaid.call(path, nonsense).await.code(), "INVALID_FIELD");
    let good = fire(&linked.access_token, "AUTH", "DEFAULT_UPDATE");
    assert_eq!(plaid.call(path, good).await.ok()["webhook_fired"], true);
    let body = receiver.wait_for(1).await.json();
    assert_eq!(body["webhook_code"], "DEFAULT_UPDATE");
    assert_eq!(body["item_id"], linked.item_id);
}

#[tokio::test]
async fn verification_status_is_set_and_told() {
    for (status, code) in [
        ("automatically_verified", "AUTOMATICALLY_VERIFIED"),
        ("verification_expired", "VERIFICATION_EXPIRED"),
    ] {
        let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
        let plaid = &sandbox.plaid;
        let options = json!({"override_username": "microdeposits_good", "webhook": receiver.url});
        let linked = plaid.link("ins_109512", options).await;
        let account_id = plaid.account(&linked, "checking").await;
        let body = json!({
            "access_token": linked.access_token,
            "account_id": account_id,
            "verification_status": status,
        });
        plaid
            .call("/sandbox/item/set_verification_status", body.clone())
            .await
            .ok();
        let webhook = receiver.wait_for(1).await.json();
        assert_eq!(webhook["webhook_code"], code);
        assert_eq!(webhook["account_id"], account_id);
        assert_eq!(
            plaid.accounts(&linked).await[0]["verification_status"],
            status
        );
        let again = plaid
            .call("/sandbox/item/set_verification_status", body)
            .await;
        assert_eq!(again.code(), "INVALID_FIELD");
    }
}

#[tokio::test]
async fn changed_url_is_acknowledged_at_the_new_one() {
    let (sandbox, receiver) = (Sandbox::start().await, Receiver::start().await);
    let plaid = &sandbox.plaid;
    let linked = plaid.link("ins_109508", json!({})).await;
    let body = json!({"access_token": linked.access_token, "webhook": receiver.url});
    let answer = plaid.call("/item/webhook/update", body).await.ok();
    assert_eq!(answer["item"]["webhook"], receiver.url);
    let webhook = receiver.wait_for(1).await.json();
    assert_eq!(webhook["webhook_code"], "WEBHOOK_UPDATE_ACKNOWLEDGED");
    assert_eq!(webhook["new_webhook_url"], receiver.url);
}
