//! Link in the browser, as its pages speak to the simulator.

use plaid_sandbox::{Clock, Options};
use serde_json::{Value, json};

use crate::support::{Receiver, Sandbox};
use crate::user::{User, create, link_token, names, post};

#[tokio::test]
async fn link_ends_in_one_item_however_often_it_is_told_so() {
    let sandbox = Sandbox::start().await;
    let user = User::opens(&sandbox.plaid, json!({})).await;
    user.chooses("ins_109508").await;
    let offer = user.logs_in("user_good", "pass_good").await;
    assert_eq!(offer["view"]["pane"], "accounts");
    assert_eq!(offer["view"]["accounts"].as_array().unwrap().len(), 3);
    let connected = user.shares(&offer, "Plaid Saving").await;
    assert_eq!(connected["view"]["pane"], "connected");
    let first = user.takes(json!({"name": "done"})).await;
    let second = user.takes(json!({"name": "done"})).await;
    assert_eq!(names(&first), ["HANDOFF"]);
    assert!(names(&second).is_empty());
    assert_eq!(first["result"], second["result"]);
    let public_token = &first["result"]["public_token"];
    let body = json!({"public_token": public_token});
    let exchanged = sandbox
        .plaid
        .call("/item/public_token/exchange", body)
        .await
        .ok();
    assert_eq!(
        sandbox.plaid.live_items().await,
        [exchanged["item_id"].as_str().unwrap()]
    );
    let sessions = user.sessions().await;
    assert_eq!(sessions.len(), 1);
    assert_eq!(&sessions[0]["on_success"]["public_token"], public_token);
    // Only Hosted Link tells the server its events.
    assert_eq!(sessions[0]["events"], json!([]));
}

#[tokio::test]
async fn step_of_another_pane_is_refused_and_says_where_link_is() {
    let sandbox = Sandbox::start().await;
    let user = User::opens(&sandbox.plaid, json!({})).await;
    user.chooses("ins_109508").await;
    user.logs_in("user_good", "pass_good").await;
    let step = json!({"name": "credentials", "username": "user_good", "password": "pass_good"});
    let (status, body) = user.tries(step).await;
    assert_eq!(status, 409);
    assert_eq!(body["view"]["pane"], "accounts");
    assert!(names(&body).is_empty());
}

#[tokio::test]
async fn account_filters_decide_what_is_offered() {
    let sandbox = Sandbox::start().await;
    let filters = json!({"account_filters": {"depository": {"account_subtypes": ["savings"]}}});
    let user = User::opens(&sandbox.plaid, filters).await;
    user.chooses("ins_109508").await;
    let offer = user.logs_in("user_good", "pass_good").await;
    assert_eq!(offer["view"]["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(offer["view"]["accounts"][0]["subtype"], "savings");
}

#[tokio::test]
async fn accounts_must_be_on_offer_and_not_more_than_allowed() {
    let sandbox = Sandbox::start().await;
    let user = User::opens(&sandbox.plaid, json!({})).await;
    user.chooses("ins_109508").await;
    let offer = user.logs_in("user_good", "pass_good").await;
    let all: Vec<&Value> = offer["view"]["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| &account["id"])
        .collect();
    for ids in [json!([]), json!(["unheard-of"])] {
        let answer = user
            .takes(json!({"name": "accounts", "account_ids": ids}))
            .await;
        assert_eq!(answer["view"]["pane"], "accounts");
        assert!(answer["view"]["notice"].is_string());
    }
    let single = json!({"account_selection": "single"});
    sandbox.plaid.control("POST", "/settings", single).await;
    let answer = user
        .takes(json!({"name": "accounts", "account_ids": all}))
        .await;
    assert_eq!(answer["view"]["pane"], "accounts");
}

#[tokio::test]
async fn login_without_a_fitting_account_fails() {
    let sandbox = Sandbox::start().await;
    let user = User::opens(&sandbox.plaid, json!({})).await;
    user.chooses("ins_109508").await;
    let answer = user.logs_in("user_no_auth", "pass_good").await;
    assert_eq!(answer["view"]["pane"], "failed");
    assert_eq!(answer["view"]["error"]["error_code"], "NO_AUTH_ACCOUNTS");
    let back = user.takes(json!({"name": "back"})).await;
    assert_eq!(back["view"]["pane"], "institutions");
    assert_eq!(back["view"]["error"], Value::Null);
}

#[tokio::test]
async fn exit_is_kept_with_its_error_and_status() {
    let sandbox = Sandbox::start().await;
    let user = User::opens(&sandbox.plaid, json!({})).await;
    user.chooses("ins_109508").await;
    user.logs_in("user_good", "wrong").await;
    let answer = user.takes(json!({"name": "exit"})).await;
    let result = &answer["result"];
    assert_eq!(result["error"]["error_code"], "INVALID_CREDENTIALS");
    assert_eq!(result["metadata"]["status"], "requires_credentials");
    assert_eq!(
        result["metadata"]["institution"]["institution_id"],
        "ins_109508"
    );
    let sessions = user.sessions().await;
    assert_eq!(
        sessions[0]["exit"]["error"]["error_code"],
        "INVALID_CREDENTIALS"
    );
    let (status, _) = user.tries(json!({"name": "consent"})).await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn second_factor_wants_every_round_answered() {
    let sandbox = Sandbox::start().await;
    let user = User::opens(&sandbox.plaid, json!({})).await;
    user.chooses("ins_109508").await;
    let answer = user.logs_in("user_good", "mfa_questions_2_1").await;
    assert_eq!(answer["view"]["pane"], "questions");
    let wrong = user
        .takes(json!({"name": "answers", "answers": ["no"]}))
        .await;
    assert_eq!(wrong["view"]["error"]["error_code"], "INVALID_MFA");
    let next = user
        .takes(json!({"name": "answers", "answers": ["answer_0_0"]}))
        .await;
    assert_eq!(next["view"]["pane"], "questions");
    let offer = user
        .takes(json!({"name": "answers", "answers": ["answer_1_0"]}))
        .await;
    assert_eq!(offer["view"]["pane"], "accounts");
}

#[tokio::test]
async fn expired_token_ends_a_session_that_runs() {
    let clock = Clock::frozen_at("2026-01-01T00:00:00Z".parse().unwrap());
    let sandbox = Sandbox::with(Options {
        clock,
        ..Options::default()
    })
    .await;
    let user = User::opens(&sandbox.plaid, json!({})).await;
    user.takes(json!({"name": "consent"})).await;
    let late = json!({"advance_seconds": 4 * 3600});
    sandbox.plaid.control("POST", "/clock", late).await;
    let answer = user
        .takes(json!({"name": "institution", "institution_id": "ins_109508"}))
        .await;
    assert_eq!(
        answer["result"]["error"]["error_code"],
        "INVALID_LINK_TOKEN"
    );
    assert_eq!(names(&answer), ["EXIT"]);
    let again = User::opens_with(&sandbox.plaid, &user.link_token).await;
    let (_, answer) = again.tries(json!({"name": "look"})).await;
    assert_eq!(
        answer["result"]["error"]["error_code"],
        "INVALID_LINK_TOKEN"
    );
}

#[tokio::test]
async fn session_is_closed_to_other_tokens_and_other_origins() {
    let sandbox = Sandbox::start().await;
    let user = User::opens(&sandbox.plaid, json!({})).await;
    let thief = User {
        plaid: &sandbox.plaid,
        link_token: link_token(&sandbox.plaid, json!({})).await,
        session: user.session.clone(),
    };
    assert_eq!(thief.tries(json!({"name": "look"})).await.0, 404);
    let request = sandbox
        .plaid
        .http
        .post(format!("{}/link/v2/session", sandbox.plaid.base))
        .header("Origin", "http://evil.example")
        .json(&json!({"link_token": user.link_token, "step": {"name": "open"}}));
    assert_eq!(request.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn unknown_fields_are_refused() {
    let sandbox = Sandbox::start().await;
    let body = json!({"link_token": "x", "step": {"name": "search", "query": "x", "more": 1}});
    assert_eq!(post(&sandbox.plaid, "/link/v2/session", &body).await.0, 400);
}

#[tokio::test]
async fn bank_page_sends_back_once() {
    let sandbox = Sandbox::start().await;
    let redirect = json!({"redirect_uri": "http://localhost:9/back"});
    let user = User::opens(&sandbox.plaid, redirect).await;
    user.chooses("ins_127287").await;
    let open = user.takes(json!({"name": "open_bank"})).await;
    assert_eq!(open["view"]["pop_up"], false);
    let path = open["view"]["bank_path"].as_str().unwrap();
    let state = path.rsplit('/').next().unwrap();
    let visit = |step: Value| {
        let body = json!({"oauth_state_id": state, "step": step});
        let plaid = sandbox.plaid.clone();
        async move { post(&plaid, "/link/v2/oauth", &body).await }
    };
    let (status, _) = visit(json!({"name": "allow", "account_ids": []})).await;
    assert_eq!(status, 400);
    let (_, shown) =
        visit(json!({"name": "sign_in", "username": "user_good", "password": "pass_good"})).await;
    assert_eq!(shown["return_url"], Value::Null);
    let id = &shown["accounts"][0]["id"];
    let (_, done) = visit(json!({"name": "allow", "account_ids": [id]})).await;
    let url = done["return_url"].as_str().unwrap();
    assert_eq!(
        url,
        format!("http://localhost:9/back?oauth_state_id={state}")
    );
    let (status, body) = visit(json!({"name": "deny"})).await;
    assert_eq!(status, 400);
    assert_eq!(body["error_code"], "OAUTH_STATE_ID_ALREADY_PROCESSED");

    let back = json!({"name": "open", "received_redirect_uri": url});
    let answer = user.takes(back.clone()).await;
    assert_eq!(answer["link_session_id"], user.session);
    assert_eq!(answer["view"]["pane"], "connected");
    let answer = user.takes(back).await;
    assert_eq!(
        answer["result"]["error"]["error_code"],
        "OAUTH_STATE_ID_ALREADY_PROCESSED"
    );
    let done = user.takes(json!({"name": "done"})).await;
    assert_eq!(done["result"]["metadata"]["accounts"][0]["id"], *id);
}

#[tokio::test]
async fn deposit_codes_are_counted_across_sessions() {
    let sandbox = Sandbox::start().await;
    let options = json!({"override_username": "microdeposits_same_day"});
    let linked = sandbox.plaid.link("ins_109508", options).await;
    let more = json!({"access_token": linked.access_token});
    for left in [2, 1, 0] {
        let user = User::opens(&sandbox.plaid, more.clone()).await;
        user.takes(json!({"name": "consent"})).await;
        let answer = user
            .takes(json!({"name": "deposit_code", "code": "XYZ"}))
            .await;
        let pane = if left == 0 { "failed" } else { "deposit_code" };
        assert_eq!(answer["view"]["pane"], pane);
    }
    let accounts = sandbox.plaid.accounts(&linked).await;
    assert_eq!(accounts[0]["verification_status"], "verification_failed");
}

#[tokio::test]
async fn update_mode_heals_the_item_and_keeps_its_accounts() {
    let sandbox = Sandbox::start().await;
    let linked = sandbox.plaid.link("ins_109508", json!({})).await;
    let before = sandbox.plaid.accounts(&linked).await;
    let body = json!({"access_token": linked.access_token});
    sandbox
        .plaid
        .call("/sandbox/item/reset_login", body.clone())
        .await
        .ok();
    let user = User::opens(&sandbox.plaid, body).await;
    user.takes(json!({"name": "consent"})).await;
    let answer = user.logs_in("user_good", "pass_good").await;
    assert_eq!(answer["view"]["pane"], "connected");
    let done = user.takes(json!({"name": "done"})).await;
    assert_eq!(done["result"]["public_token"], Value::Null);
    assert_eq!(sandbox.plaid.accounts(&linked).await, before);
}

#[tokio::test]
async fn hosted_link_runs_without_the_token_in_its_address() {
    let sandbox = Sandbox::start().await;
    let receiver = Receiver::start().await;
    let more = json!({"hosted_link": {}, "webhook": receiver.url});
    let created = create(&sandbox.plaid, more).await;
    let url = created["hosted_link_url"].as_str().unwrap();
    assert!(!url.contains(created["link_token"].as_str().unwrap()));
    let page = sandbox.plaid.http.get(url).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.ends_with("frame-ancestors 'none'"));
    let id = url.rsplit('/').next().unwrap();
    let body = json!({"hosted_id": id, "step": {"name": "open"}});
    let (_, opened) = post(&sandbox.plaid, "/link/v2/session", &body).await;
    let body = json!({
        "hosted_id": id,
        "link_session_id": opened["link_session_id"],
        "step": {"name": "exit"},
    });
    post(&sandbox.plaid, "/link/v2/session", &body).await;
    let webhook = receiver.wait_for(1).await.json();
    assert_eq!(webhook["webhook_code"], "SESSION_FINISHED");
    assert_eq!(webhook["status"], "EXITED");
}

#[tokio::test]
async fn script_knows_where_it_came_from_and_pages_are_framed_on_this_machine_only() {
    let sandbox = Sandbox::start().await;
    let get = |path: &str| {
        let url = format!("{}/link/v2/stable/{path}", sandbox.plaid.base);
        sandbox.plaid.http.get(url).send()
    };
    let script = get("link-initialize.js").await.unwrap();
    assert_eq!(script.headers()["access-control-allow-origin"], "*");
    let text = script.text().await.unwrap();
    assert!(text.contains(&format!("'{}'", sandbox.plaid.base)));
    let page = get("link.html").await.unwrap();
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'"));
    assert!(policy.contains("frame-ancestors http://localhost:* http://127.0.0.1:*"));
    let html = page.text().await.unwrap();
    assert!(!html.contains("<style") && !html.contains("onclick"));
    assert_eq!(get("unheard-of.js").await.unwrap().status(), 404);
}
