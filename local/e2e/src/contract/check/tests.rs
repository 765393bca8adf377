//! The checks can fail: what is wrong is found, on a description small enough to see
//! through.

use axum::body::Bytes;
use axum::http::{HeaderValue, Method};
use serde_json::json;

use super::*;

/// A description with one call, small enough to see through.
fn description() -> Description {
    let content = |name: &str| {
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        json!({"content": {"application/json": {"schema": schema}}})
    };
    let operation = json!({"requestBody": content("Asked"), "responses": {"200": content("Told")}});
    Description::read(&json!({
        "paths": {"/thing/get": {"post": operation}},
        "components": {"schemas": {
            "Asked": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "kind": {"$ref": "#/components/schemas/Kind"},
                    "inner": {
                        "allOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "object"}],
                    },
                },
                "required": ["name"],
            },
            "Inner": {
                "type": "object",
                "additionalProperties": true,
                "nullable": true,
                "properties": {"deep": {"type": "boolean"}},
                "required": ["deep"],
            },
            "Kind": {"type": "string", "enum": ["a", "b"], "nullable": true},
            "Told": {
                "type": "object",
                "additionalProperties": true,
                "properties": {
                    "at": {"type": "string", "format": "date-time"},
                    "by_id": {
                        "type": "object",
                        "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    },
                    "any": {"type": "object", "additionalProperties": true},
                    "request_id": {"type": "string"},
                },
                "required": ["request_id"],
            },
            "PlaidError": {
                "type": "object",
                "nullable": true,
                "properties": {
                    "error_type": {"type": "string"},
                    "request_id": {"type": "string"},
                },
                "required": ["error_type"],
            },
            "ItemErrorWebhook": {
                "type": "object",
                "properties": {
                    "webhook_type": {"type": "string"},
                    "webhook_code": {"type": "string"},
                    "item_id": {"type": "string"},
                },
                "required": ["webhook_type", "webhook_code", "item_id"],
            },
        }},
    }))
    .unwrap()
}

fn good_headers() -> HeaderMap {
    let headers = [
        ("plaid-client-id", "id"),
        ("plaid-secret", "secret"),
        ("plaid-version", VERSION),
        ("content-type", "application/json"),
    ];
    headers
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .collect()
}

fn exchange(request: &Value, status: u16, answer: &Value) -> Exchange {
    Exchange {
        sender: Sender::Client,
        method: Method::POST,
        path: "/thing/get".to_owned(),
        headers: good_headers(),
        request: Bytes::from(request.to_string()),
        answer: Some((
            StatusCode::from_u16(status).unwrap(),
            Bytes::from(answer.to_string()),
        )),
    }
}

fn found(exchange: &Exchange) -> Vec<String> {
    let findings = exchanges(&description(), std::slice::from_ref(exchange));
    findings.iter().map(ToString::to_string).collect()
}

fn found_in_request(request: &Value) -> Vec<String> {
    found(&exchange(request, 200, &json!({"request_id": "r"})))
}

#[test]
fn what_is_as_described_passes() {
    for request in [
        json!({"name": "n"}),
        json!({"name": "n", "kind": "a", "inner": {"deep": true}}),
        json!({"name": "n", "kind": null, "inner": null}),
    ] {
        assert_eq!(found_in_request(&request), [""; 0], "{request}");
    }
    let answer = json!({
        "request_id": "r", "at": "2026-01-31T10:00:00Z", "by_id": {"x": ["y"]}, "any": {"z": 1},
    });
    assert_eq!(
        found(&exchange(&json!({"name": "n"}), 200, &answer)),
        [""; 0]
    );
}

#[test]
fn request_of_ours_that_is_not_as_described_is_found() {
    for (request, pointer, problem) in [
        (json!({"name": "n", "more": 1}), "", "'more' was unexpected"),
        (
            json!({"name": "n", "inner": {"deep": true, "x": 1}}),
            "/inner",
            "'x' was unexpected",
        ),
        (json!({}), "", "\"name\" is a required property"),
        (
            json!({"name": "n", "inner": {}}),
            "/inner",
            "\"deep\" is a required property",
        ),
        (json!({"name": 7}), "/name", "is not of type \"string\""),
        (json!({"name": null}), "/name", "is not of type \"string\""),
        (json!({"name": "n", "kind": "c"}), "/kind", "is not one of"),
        (json!([]), "", "the body is not an object"),
    ] {
        let found = found_in_request(&request);
        let expected = format!("/thing/get, request at \"{pointer}\": ");
        let matches = |one: &String| one.starts_with(&expected) && one.contains(problem);
        assert!(
            found.len() == 1 && found.iter().all(matches),
            "{request}: {found:?}"
        );
    }
}

#[test]
fn answer_that_is_not_as_described_is_found() {
    for (status, answer, problem) in [
        (
            200,
            json!({"request_id": "r", "more": 1}),
            "'more' was unexpected",
        ),
        (200, json!({}), "\"request_id\" is a required property"),
        (
            200,
            json!({"request_id": "r", "at": "yesterday"}),
            "is not a \"date-time\"",
        ),
        (
            200,
            json!({"request_id": "r", "by_id": {"x": [1]}}),
            "is not of type \"string\"",
        ),
        (400, json!(null), "the body is not an object"),
        (
            400,
            json!({"request_id": "r"}),
            "\"error_type\" is a required property",
        ),
        (
            400,
            json!({"error_type": "X"}),
            "an error over HTTP has a request_id",
        ),
    ] {
        let found = found(&exchange(&json!({"name": "n"}), status, &answer));
        assert!(
            found.iter().any(|one| one.contains(problem)),
            "{answer}: {found:?}"
        );
    }
}

#[test]
fn header_of_ours_that_is_missing_or_wrong_is_found() {
    for name in [
        "plaid-client-id",
        "plaid-secret",
        "plaid-version",
        "content-type",
    ] {
        let mut exchange = exchange(&json!({"name": "n"}), 200, &json!({"request_id": "r"}));
        exchange.headers.remove(name);
        assert_eq!(found(&exchange).len(), 1, "{name}");
        exchange.headers.insert(name, HeaderValue::from_static(""));
        assert_eq!(found(&exchange).len(), 1, "{name}");
    }
}

#[test]
fn wrong_request_of_a_test_must_be_refused() {
    let refusal = json!({"error_type": "INVALID_REQUEST", "request_id": "r"});
    let other = json!({"error_type": "ITEM_ERROR", "request_id": "r"});
    let good = json!({"request_id": "r"});
    for (request, status, answer, findings) in [
        (json!({"more": 1, "name": "n"}), 400, &refusal, 0),
        (json!({"more": 1, "name": "n"}), 400, &other, 1),
        (json!({"more": 1, "name": "n"}), 200, &good, 1),
        (json!({"name": "n"}), 200, &good, 0),
    ] {
        let mut exchange = exchange(&request, status, answer);
        exchange.sender = Sender::Test;
        assert_eq!(found(&exchange).len(), findings, "{request} {status}");
    }
}

#[test]
fn path_that_plaid_does_not_have_is_found() {
    let mut exchange = exchange(&json!({"name": "n"}), 200, &json!({"request_id": "r"}));
    exchange.path = "/thing/guess".to_owned();
    assert_eq!(found(&exchange).len(), 2);
}

#[test]
fn webhook_that_is_not_as_described_is_found() {
    let mut headers = HeaderMap::new();
    headers.insert("plaid-verification", HeaderValue::from_static("a.b.c"));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let error =
        |more: &str| format!("{{\"webhook_type\":\"ITEM\",\"webhook_code\":\"ERROR\"{more}}}");
    for (body, findings) in [
        (error(",\"item_id\":\"I\""), 0),
        (error(""), 1),
        (error(",\"item_id\":\"I\",\"more\":1"), 1),
        (error(",\"item_id\":\"I\"").replace("ERROR", "NO_SUCH"), 1),
    ] {
        let webhook = Webhook {
            headers: headers.clone(),
            body: Bytes::from(body),
        };
        let found = webhooks(&description(), std::slice::from_ref(&webhook));
        assert_eq!(found.len(), findings, "{webhook:?}: {found:?}");
    }
    let bare = Webhook {
        headers: HeaderMap::new(),
        body: Bytes::from(error(",\"item_id\":\"I\"")),
    };
    assert_eq!(webhooks(&description(), &[bare]).len(), 2);
}

#[test]
fn what_was_not_recorded_is_found() {
    let good = exchange(&json!({"name": "n"}), 200, &json!({"request_id": "r"}));
    assert_eq!(unseen_paths(["/thing/get"], &[]).len(), 2);
    assert_eq!(unseen_paths(["/thing/get"], &[good]).len(), 1);
    assert_eq!(unseen_webhooks(&description(), &[]).len(), 1);
}
