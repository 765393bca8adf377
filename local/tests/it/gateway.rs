//! The gateway in front of a function that the test controls.

use std::sync::Arc;

use local::functions::FunctionError;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Fake, ORIGIN, TestGateway, echo};

const MAX_BODY: usize = local::gateway::MAX_BODY;

#[tokio::test]
async fn a_users_request_reaches_the_function_with_claims_and_parameters() {
    let gateway = TestGateway::start(echo()).await;
    let token = gateway.user_token().await;
    let response = gateway.get("/user/a%20b?x=1", Some(&token)).await;
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("apigw-requestid"));
    let event: Value = response.json().await.unwrap();
    assert_eq!(event["routeKey"], "GET /user/{name}");
    assert_eq!(event["pathParameters"], json!({ "name": "a b" }));
    assert_eq!(event["queryStringParameters"], json!({ "x": "1" }));
    let claims = &event["requestContext"]["authorizer"]["jwt"]["claims"];
    assert_eq!(claims["sub"], "user-1");
    assert!(claims["exp"].is_string());
}

#[tokio::test]
async fn without_a_good_token_the_gateway_answers_itself() {
    let gateway = TestGateway::start(echo()).await;
    let response = gateway.get("/user/a", None).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(
        response.text().await.unwrap(),
        r#"{"message":"Unauthorized"}"#
    );
    let other = TestGateway::start(echo()).await.user_token().await;
    let response = gateway.get("/user/a", Some(&other)).await;
    assert_eq!(response.status(), 401);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains(r#"error="invalid_token""#),
        "{challenge}"
    );
}

#[tokio::test]
async fn a_token_is_taken_with_and_without_bearer() {
    let gateway = TestGateway::start(echo()).await;
    let token = gateway.user_token().await;
    for value in [
        token.clone(),
        format!("Bearer {token}"),
        format!("bearer {token}"),
    ] {
        let request = gateway.client.get(format!("{}/user/a", gateway.url));
        let response = request.header("authorization", value).send().await.unwrap();
        assert_eq!(response.status(), 200);
    }
}

#[tokio::test]
async fn a_server_passes_where_iam_is_asked_for_and_only_there() {
    let gateway = TestGateway::start(echo()).await;
    let (user, server) = (gateway.user_token().await, gateway.server_token().await);
    let response = gateway.get("/server", Some(&server)).await;
    assert_eq!(response.status(), 200);
    let event: Value = response.json().await.unwrap();
    let authorizer = &event["requestContext"]["authorizer"];
    assert!(
        authorizer["iam"]["userArn"]
            .as_str()
            .unwrap()
            .contains("local-server")
    );
    assert_eq!(authorizer.get("jwt"), None);
    for token in [None, Some(user.as_str()), Some("nonsense")] {
        let response = gateway.get("/server", token).await;
        assert_eq!(response.status(), 403);
        assert_eq!(response.text().await.unwrap(), r#"{"message":"Forbidden"}"#);
    }
    assert_eq!(gateway.get("/user/a", Some(&server)).await.status(), 401);
}

#[tokio::test]
async fn a_path_without_a_route_is_not_found_whatever_the_token() {
    let gateway = TestGateway::start(echo()).await;
    for path in ["/nowhere", "/open", "/user", "/user/a/b"] {
        let response = gateway.get(path, None).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(response.text().await.unwrap(), r#"{"message":"Not Found"}"#);
    }
}

#[tokio::test]
async fn binary_bodies_arrive_encoded_and_text_as_text() {
    let gateway = TestGateway::start(echo()).await;
    let event: Value = gateway
        .post("/open", "application/json", "{}")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"]),
        (&json!("{}"), &json!(false))
    );
    let event: Value = gateway
        .post("/open", "application/octet-stream", [0xff])
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"]),
        (&json!("/w=="), &json!(true))
    );
}

#[tokio::test]
async fn a_body_of_more_than_ten_megabytes_is_too_large() {
    let gateway = TestGateway::start(Arc::new(Fake(|event: Value| async move {
        Ok(json!({ "statusCode": 200, "body": event["body"].as_str().unwrap().len().to_string() }))
    })))
    .await;
    let response = gateway
        .post("/open", "text/plain", vec![b'a'; MAX_BODY])
        .await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), MAX_BODY.to_string());
    let response = gateway
        .post("/open", "text/plain", vec![b'a'; MAX_BODY + 1])
        .await;
    assert_eq!(response.status(), 413);
    assert_eq!(
        response.text().await.unwrap(),
        r#"{"message":"Request Entity Too Large"}"#
    );
}

#[tokio::test]
async fn a_function_that_fails_or_panics_is_an_internal_error_and_no_more() {
    let gateway = TestGateway::start(Arc::new(Fake(|event: Value| async move {
        match event["body"].as_str().unwrap() {
            "panic" => panic!("on purpose"),
            "fail" => Err(FunctionError::Failed("on purpose".to_owned())),
            "nonsense" => Ok(json!({ "statusCode": "?" })),
            _ => Ok(json!({ "statusCode": 204 })),
        }
    })))
    .await;
    for body in ["panic", "fail", "nonsense"] {
        let response = gateway.post("/open", "text/plain", body).await;
        assert_eq!(response.status(), 500, "{body}");
        assert_eq!(
            response.text().await.unwrap(),
            r#"{"message":"Internal Server Error"}"#
        );
        assert_eq!(
            gateway.post("/open", "text/plain", "go on").await.status(),
            204
        );
    }
}

#[tokio::test]
async fn a_function_is_killed_at_its_timeout() {
    struct Guard(tokio::sync::mpsc::UnboundedSender<()>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    let (killed, mut was_killed) = tokio::sync::mpsc::unbounded_channel();
    let gateway = TestGateway::start(Arc::new(Fake(move |_| {
        let guard = Guard(killed.clone());
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Ok(Value::Null)
        }
    })))
    .await;
    let response = gateway.post("/open", "text/plain", "").await;
    assert_eq!(response.status(), 503);
    assert_eq!(
        response.text().await.unwrap(),
        r#"{"message":"Service Unavailable"}"#
    );
    assert_eq!(was_killed.recv().await, Some(()));
}

async fn preflight(gateway: &TestGateway, origin: &str) -> reqwest::Response {
    gateway
        .client
        .request(Method::OPTIONS, format!("{}/user/a", gateway.url))
        .header("origin", origin)
        .header("access-control-request-method", "GET")
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_gateway_answers_preflight_requests_itself() {
    let gateway = TestGateway::start(echo()).await;
    let response = preflight(&gateway, ORIGIN).await;
    assert_eq!(response.status(), 204);
    let headers = response.headers();
    assert_eq!(headers["access-control-allow-origin"], ORIGIN);
    assert_eq!(headers["access-control-allow-methods"], "GET,POST");
    assert_eq!(headers["access-control-allow-headers"], "authorization");
    assert_eq!(headers["access-control-max-age"], "600");
    let response = preflight(&gateway, "http://evil").await;
    assert_eq!(response.status(), 204);
    assert!(
        !response
            .headers()
            .contains_key("access-control-allow-origin")
    );
}

#[tokio::test]
async fn answers_carry_the_gateways_cors_headers_and_not_the_functions() {
    let gateway = TestGateway::start(echo()).await;
    let post = |origin: &'static str| {
        let request = gateway.client.post(format!("{}/open", gateway.url));
        request.header("origin", origin).send()
    };
    let response = post(ORIGIN).await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], ORIGIN);
    assert_eq!(
        response.headers()["access-control-expose-headers"],
        "retry-after"
    );
    let response = post("http://evil").await.unwrap();
    assert!(
        !response
            .headers()
            .contains_key("access-control-allow-origin")
    );
    let request = gateway.client.get(format!("{}/user/a", gateway.url));
    let refused = request.header("origin", ORIGIN).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["access-control-allow-origin"], ORIGIN);
}

#[tokio::test]
async fn a_login_without_a_user_says_what_to_send() {
    let gateway = TestGateway::start(echo()).await;
    for body in [
        "",
        "{}",
        "[]",
        r#"{"user_id": ""}"#,
        r#"{"user_id": 5}"#,
        r#"{"user_id": "a\nb"}"#,
        r#"{"user_id": "a", "server": true}"#,
        r#"{"server": false}"#,
        r#"{"userId": "a"}"#,
    ] {
        let response = gateway.post("/dev/login", "application/json", body).await;
        assert_eq!(response.status(), 400, "{body}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let problem: Value = response.json().await.unwrap();
        assert!(
            problem["detail"].as_str().unwrap().contains("user_id"),
            "{problem}"
        );
    }
    assert_eq!(gateway.get("/dev/login", None).await.status(), 405);
}

#[tokio::test]
async fn a_login_under_a_strangers_name_is_refused() {
    let gateway = TestGateway::start(echo()).await;
    let request = gateway.client.post(format!("{}/dev/login", gateway.url));
    let request = request
        .header("host", "evil.example:3000")
        .json(&json!({ "user_id": "a" }));
    assert_eq!(request.send().await.unwrap().status(), 403);
}

async fn invoke(gateway: &TestGateway, package: &str, body: &str) -> reqwest::Response {
    let path = format!("/dev/invoke/{package}");
    gateway.post(&path, "application/json", body).await
}

#[tokio::test]
async fn a_function_is_invoked_with_the_body_and_answers_its_result() {
    let function = Fake(|event: Value| async move { Ok(json!({ "got": event })) });
    let gateway = TestGateway::start(Arc::new(function)).await;
    for event in [json!({}), json!({ "item_id": "a" }), json!([1, null])] {
        let response = invoke(&gateway, "f", &event.to_string()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        let result: Value = response.json().await.unwrap();
        assert_eq!(result, json!({ "got": event }));
    }
}

#[tokio::test]
async fn an_invocation_without_a_result_says_why() {
    let gateway = TestGateway::start(Arc::new(Fake(|event: Value| async move {
        match event["do"].as_str() {
            Some("hang") => std::future::pending().await,
            Some("panic") => panic!("on purpose"),
            _ => Err(FunctionError::Failed("on purpose".to_owned())),
        }
    })))
    .await;
    for (package, body, status, code, detail) in [
        ("f", "{}", 502, "function_failed", "on purpose"),
        ("f", r#"{"do":"panic"}"#, 502, "function_failed", "panicked"),
        (
            "f",
            r#"{"do":"hang"}"#,
            504,
            "function_timed_out",
            "after 1 seconds",
        ),
        ("nobody", "{}", 404, "unknown_function", "nobody"),
        ("", "{}", 404, "unknown_function", "``"),
        ("f", "", 400, "invalid_event", "the event as JSON"),
        ("f", "{", 400, "invalid_event", "the event as JSON"),
    ] {
        let response = invoke(&gateway, package, body).await;
        assert_eq!(response.status(), status, "{package} {body}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["code"], code, "{package} {body}");
        assert!(
            problem["detail"].as_str().unwrap().contains(detail),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_stranger_in_the_browser_invokes_nothing() {
    let function = Fake(|_| async move { panic!("nobody may come here") });
    let gateway = TestGateway::start(Arc::new(function)).await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let response = gateway.post("/dev/invoke/f", content_type, "{}").await;
        assert_eq!(response.status(), 415, "{content_type}");
    }
    let request = gateway.client.post(format!("{}/dev/invoke/f", gateway.url));
    let request = request.header("host", "evil.example:3000").json(&json!({}));
    assert_eq!(request.send().await.unwrap().status(), 403);
    let response = gateway.get("/dev/invoke/f", None).await;
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "POST");
}

#[tokio::test]
async fn the_page_is_at_the_root() {
    let gateway = TestGateway::start(echo()).await;
    let response = gateway.get("/", None).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "text/html; charset=utf-8"
    );
    assert!(response.headers().contains_key("content-security-policy"));
}
