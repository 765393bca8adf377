//! The authorize page, as a browser meets it.

use astra_sandbox::DEFAULT_CLIENT_ID;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::support::{Astra, Scene, Tokens, URI, form, parameter};

struct Page {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Page {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

async fn visit(astra: &Astra, method: Method, address: &str, form: Option<String>) -> Page {
    let mut request = astra.http.request(method, address);
    if let Some(form) = form {
        request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
    }
    let answer = request.send().await.unwrap();
    Page {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        text: answer.text().await.unwrap(),
    }
}

#[tokio::test]
async fn a_user_who_authorizes_comes_back_with_a_code_and_the_state() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let address = astra.authorize_url("a state & more");
    let page = visit(astra, Method::GET, &address, None).await;
    assert_eq!(page.status, 200);
    assert!(
        page.text.contains("<form method=\"post\">"),
        "{}",
        page.text
    );
    assert!(page.text.contains(DEFAULT_CLIENT_ID), "{}", page.text);
    assert!(page.text.contains("http://127.0.0.1:4000"), "{}", page.text);
    // Otherwise Chromium would not follow the answer to the form.
    let policy = page.header("content-security-policy");
    assert!(policy.ends_with("form-action 'self' http://127.0.0.1:4000"));
    let said = form(&[("email", "ada@example.com"), ("decision", "authorize")]);
    let back = visit(astra, Method::POST, &address, Some(said)).await;
    assert_eq!(back.status, 303);
    assert_eq!(back.header("cache-control"), "no-store");
    let location = back.header("location");
    assert!(location.starts_with(&format!("{URI}?code=")), "{location}");
    assert_eq!(parameter(location, "state").unwrap(), "a state & more");
    let code = parameter(location, "code").unwrap();
    let tokens = Tokens::of(&astra.redeem(&code).await.ok());
    let user = astra.get("/v1/user", &tokens.access).await.ok();
    assert_eq!(user["email"], "ada@example.com");
}

#[tokio::test]
async fn a_user_who_denies_comes_back_with_an_error() {
    let scene = Scene::start().await;
    let address = scene.astra.authorize_url("s1");
    let said = Some(form(&[("email", ""), ("decision", "deny")]));
    let back = visit(&scene.astra, Method::POST, &address, said).await;
    assert_eq!(back.status, 303);
    let location = format!("{URI}?error=access_denied&state=s1");
    assert_eq!(back.header("location"), location);
    let users = scene.astra.control("GET", "/users", json!(null)).await;
    assert_eq!(users["users"], json!([]));
}

#[tokio::test]
async fn a_user_without_an_address_is_asked_again() {
    let scene = Scene::start().await;
    let address = scene.astra.authorize_url("s");
    for email in ["", "ada", "@example.com"] {
        let said = Some(form(&[("email", email), ("decision", "authorize")]));
        let page = visit(&scene.astra, Method::POST, &address, said).await;
        assert_eq!(page.status, 400, "{email}");
        assert!(page.text.contains("role=\"alert\""), "{}", page.text);
        assert!(page.text.contains("<form"), "{}", page.text);
    }
}

#[tokio::test]
async fn a_wrong_link_is_a_page_and_sends_nobody_anywhere() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let good = astra.authorize_url("s");
    for (wrong, why) in [
        (
            good.replace("client_id=astra", "client_id=other"),
            "Invalid client_id",
        ),
        (
            good.replace("redirect_uri=", "unknown="),
            "redirect_uri is missing",
        ),
        (
            good.replace("redirect_uri=http", "redirect_uri=data"),
            "no web address",
        ),
    ] {
        for method in [Method::GET, Method::POST] {
            let said = Some(form(&[("email", "a@b"), ("decision", "authorize")]));
            let page = visit(astra, method, &wrong, said).await;
            assert_eq!(page.status, 400, "{wrong}");
            assert!(page.text.contains(why), "{}", page.text);
            assert!(!page.headers.contains_key("location"));
        }
    }
    let answer = good.replace("response_type=code", "response_type=token");
    let back = visit(astra, Method::GET, &answer, None).await;
    let location = format!("{URI}?error=unsupported_response_type&state=s");
    assert_eq!(back.header("location"), location);
}

#[tokio::test]
async fn only_registered_redirect_uris_are_used_if_there_is_a_list() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let address = astra.authorize_url("s");
    astra.set(json!({"allowed_redirect_uris": [URI]})).await;
    let page = visit(astra, Method::GET, &address, None).await;
    assert_eq!(page.status, 200);
    let other = json!({"allowed_redirect_uris": ["http://127.0.0.1:4000/"]});
    astra.set(other).await;
    let page = visit(astra, Method::GET, &address, None).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("not registered"), "{}", page.text);
}

#[tokio::test]
async fn the_state_can_be_lost() {
    let scene = Scene::start().await;
    scene.astra.set(json!({"echo_state": false})).await;
    let address = scene.astra.authorize_url("s");
    let said = Some(form(&[("decision", "deny")]));
    let back = visit(&scene.astra, Method::POST, &address, said).await;
    assert_eq!(
        back.header("location"),
        format!("{URI}?error=access_denied")
    );
}

#[tokio::test]
async fn the_page_has_its_style() {
    let scene = Scene::start().await;
    let address = format!("{}/login/oauth/page.css", scene.astra.base);
    let style = visit(&scene.astra, Method::GET, &address, None).await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.text.contains("color-scheme: light dark"));
}

#[tokio::test]
async fn tests_can_do_without_the_page() {
    let scene = Scene::start().await;
    let astra = &scene.astra;
    let url = astra.authorize_url("s1");
    let denied = json!({"url": url, "deny": true});
    let denied = astra.control("POST", "/authorizations", denied).await;
    let location = format!("{URI}?error=access_denied&state=s1");
    assert_eq!(denied["location"], location);
    for (wrong, why) in [
        (
            json!({"url": url, "email": "nobody"}),
            "email is no address",
        ),
        (
            json!({"url": format!("{}/elsewhere", astra.base)}),
            "the page is at",
        ),
        (
            json!({"url": url.replace("astra-client-id", "x")}),
            "Invalid client_id",
        ),
    ] {
        let answer = astra.try_control("POST", "/authorizations", wrong).await;
        assert_eq!(answer.status, 400);
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(why), "{error}");
    }
}
