//! An HTTP request as the event that API Gateway gives to a function.
//!
//! The format is [payload 2.0](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::form_urlencoded;
use uuid::Uuid;

use super::routes::Matched;
use crate::template::ACCOUNT_ID;

/// The id of the API and the name of its domain.
const API_ID: &str = "local";
const DOMAIN: &str = "localhost";

/// What is known of a request besides the request itself.
pub(super) struct Surroundings<'a> {
    /// API Gateway's id of the request.
    pub(super) request_id: &'a str,
    /// When it arrived.
    pub(super) now: Timestamp,
    /// Where it came from.
    pub(super) source: IpAddr,
    /// The gateway's port.
    pub(super) port: u16,
    /// What the authorizer has to say.
    pub(super) authorizer: Option<Value>,
}

/// A new id in API Gateway's shape: 16 characters, the last one `=`.
pub(super) fn new_request_id() -> String {
    let random = Uuid::new_v4().into_bytes();
    STANDARD.encode(random.get(..11).unwrap_or(&random))
}

/// The event of a request.
pub(super) fn event(
    parts: &Parts,
    body: &[u8],
    matched: &Matched<'_>,
    surroundings: &Surroundings<'_>,
) -> Value {
    let route_key = matched.key();
    let query = parts.uri.query().unwrap_or_default();
    let mut event = Map::new();
    event.insert("version".to_owned(), "2.0".into());
    event.insert("routeKey".to_owned(), route_key.as_str().into());
    event.insert("rawPath".to_owned(), parts.uri.path().into());
    event.insert("rawQueryString".to_owned(), query.into());
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event.insert("cookies".to_owned(), cookies.into());
    }
    event.insert("headers".to_owned(), headers(&parts.headers, surroundings));
    if !query.is_empty() {
        event.insert("queryStringParameters".to_owned(), query_parameters(query));
    }
    if !matched.parameters.is_empty() {
        event.insert("pathParameters".to_owned(), json!(matched.parameters));
    }
    event.insert(
        "requestContext".to_owned(),
        request_context(parts, &route_key, surroundings),
    );
    let (body, is_base64_encoded) = encoded(&parts.headers, body);
    if let Some(body) = body {
        event.insert("body".to_owned(), body.into());
    }
    event.insert("isBase64Encoded".to_owned(), is_base64_encoded.into());
    event.into()
}

fn request_context(parts: &Parts, route_key: &str, surroundings: &Surroundings<'_>) -> Value {
    let mut context = json!({
        "accountId": ACCOUNT_ID,
        "apiId": API_ID,
        "domainName": DOMAIN,
        "domainPrefix": DOMAIN,
        "http": {
            "method": parts.method.as_str(),
            "path": parts.uri.path(),
            "protocol": protocol(parts.version),
            "sourceIp": surroundings.source.to_string(),
            "userAgent": text(&parts.headers, USER_AGENT.as_str()),
        },
        "requestId": surroundings.request_id,
        "routeKey": route_key,
        "stage": "$default",
        "time": surroundings.now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        "timeEpoch": surroundings.now.as_millisecond(),
    });
    if let (Some(fields), Some(authorizer)) =
        (context.as_object_mut(), surroundings.authorizer.clone())
    {
        fields.insert("authorizer".to_owned(), authorizer);
    }
    context
}

fn protocol(version: Version) -> String {
    format!("{version:?}")
}

fn text(headers: &HeaderMap, name: &str) -> String {
    let value = headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    value.unwrap_or_default().into_owned()
}

/// Headers in lower case, repeated ones joined by commas; with those that API Gateway
/// adds, and without cookies, which have a place of their own.
fn headers(headers: &HeaderMap, surroundings: &Surroundings<'_>) -> Value {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    joined
        .entry(HOST.to_string())
        .or_insert_with(|| DOMAIN.to_owned());
    joined
        .entry("content-length".to_owned())
        .or_insert_with(|| "0".to_owned());
    joined
        .entry("x-amzn-trace-id".to_owned())
        .or_insert_with(|| trace_id(surroundings.now));
    joined.insert(
        "x-forwarded-for".to_owned(),
        surroundings.source.to_string(),
    );
    joined.insert("x-forwarded-port".to_owned(), surroundings.port.to_string());
    joined.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    json!(joined)
}

/// The time and 96 random bits, as X-Ray writes them.
fn trace_id(now: Timestamp) -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!(
        "Root=1-{:08x}-{}",
        now.as_second(),
        random.get(8..).unwrap_or(&random)
    )
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(|cookie| cookie.trim().to_owned())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// Decoded, repeated ones joined by commas.
fn query_parameters(query: &str) -> Value {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        joined
            .entry(name.into_owned())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    json!(joined)
}

/// The body as text where it is text, else in base64.
fn encoded(headers: &HeaderMap, body: &[u8]) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(body) {
        Ok(body) if is_text(&text(headers, CONTENT_TYPE.as_str())) => {
            (Some(body.to_owned()), false)
        }
        _ => (Some(STANDARD.encode(body)), true),
    }
}

fn is_text(content_type: &str) -> bool {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence.starts_with("text/")
        || [
            "application/json",
            "application/javascript",
            "application/xml",
        ]
        .contains(&essence.as_str())
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;

    use super::*;
    use crate::gateway::routes;
    use crate::template::{Authorizer, Route};

    fn event_of(request: Request<()>, body: &[u8], authorizer: Option<Value>) -> Value {
        let routes = [Route {
            method: Some(request.method().to_string()),
            path: "/v1/items/{item_id}".to_owned(),
            authorizer: Authorizer::Nobody,
            function: "f".to_owned(),
        }];
        let (parts, ()) = request.into_parts();
        let matched = routes::find(&routes, parts.method.as_str(), parts.uri.path()).unwrap();
        let surroundings = Surroundings {
            request_id: "JKJaXmPLvHcESHA=",
            now: "2026-11-02T05:16:23.220Z".parse().unwrap(),
            source: [127, 0, 0, 1].into(),
            port: 3000,
            authorizer,
        };
        event(&parts, body, &matched, &surroundings)
    }

    fn get(uri: &str) -> axum::http::request::Builder {
        Request::get(uri).header("host", "127.0.0.1:3000")
    }

    /// The format as AWS documents it, field by field.
    #[test]
    fn an_event_has_exactly_what_aws_documents() {
        let request = Request::post("/v1/items/a%20b?x=1&x=2&y=a%2Cb+c")
            .header("Host", "127.0.0.1:3000")
            .header("Content-Type", "application/json")
            .header("Content-Length", "8")
            .header("Cookie", "c1=1; c2=2")
            .header(
                "X-Amzn-Trace-Id",
                "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
            )
            .header("X-Two", "one")
            .header("X-Two", "two")
            .header("User-Agent", "agent")
            .body(())
            .unwrap();
        let authorizer = json!({ "jwt": { "claims": { "sub": "user-1" }, "scopes": null } });
        let event = event_of(request, br#"{"a": 1}"#, Some(authorizer));
        let expected = json!({
            "version": "2.0",
            "routeKey": "POST /v1/items/{item_id}",
            "rawPath": "/v1/items/a%20b",
            "rawQueryString": "x=1&x=2&y=a%2Cb+c",
            "cookies": ["c1=1", "c2=2"],
            "headers": {
                "content-length": "8",
                "content-type": "application/json",
                "host": "127.0.0.1:3000",
                "user-agent": "agent",
                "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "3000",
                "x-forwarded-proto": "http",
                "x-two": "one,two",
            },
            "queryStringParameters": { "x": "1,2", "y": "a,b c" },
            "pathParameters": { "item_id": "a b" },
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "local",
                "authorizer": { "jwt": { "claims": { "sub": "user-1" }, "scopes": null } },
                "domainName": "localhost",
                "domainPrefix": "localhost",
                "http": {
                    "method": "POST",
                    "path": "/v1/items/a%20b",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "agent",
                },
                "requestId": "JKJaXmPLvHcESHA=",
                "routeKey": "POST /v1/items/{item_id}",
                "stage": "$default",
                "time": "02/Nov/2026:05:16:23 +0000",
                "timeEpoch": 1_793_596_583_220_i64,
            },
            "body": "{\"a\": 1}",
            "isBase64Encoded": false,
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let event = event_of(get("/v1/items/a").body(()).unwrap(), b"", None);
        let fields: Vec<_> = event
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let expected = [
            "headers",
            "isBase64Encoded",
            "pathParameters",
            "rawPath",
            "rawQueryString",
            "requestContext",
            "routeKey",
            "version",
        ];
        assert_eq!(fields, expected);
        assert_eq!(event["requestContext"].get("authorizer"), None);
        assert_eq!(event["headers"]["content-length"], "0");
    }

    #[test]
    fn the_lambda_runtime_reads_the_event() {
        let request = get("/v1/items/a?x=1")
            .header("cookie", "c=1")
            .body(())
            .unwrap();
        let authorizer = json!({ "jwt": { "claims": { "sub": "user-1" }, "scopes": null } });
        let event = event_of(request, b"", Some(authorizer));
        let read: ApiGatewayV2httpRequest = serde_json::from_value(event).unwrap();
        assert_eq!(read.path_parameters["item_id"], "a");
        let jwt = read.request_context.authorizer.unwrap().jwt.unwrap();
        assert_eq!(jwt.claims["sub"], "user-1");
    }

    #[test]
    fn only_text_of_a_text_type_stays_text() {
        let encoded = |content_type: &str, body: &[u8]| {
            let request = Request::post("/v1/items/a").header("content-type", content_type);
            let event = event_of(request.body(()).unwrap(), body, None);
            (
                event["body"].as_str().unwrap().to_owned(),
                event["isBase64Encoded"] == true,
            )
        };
        for text in [
            "application/json; charset=utf-8",
            "text/plain",
            "application/problem+json",
        ] {
            assert_eq!(encoded(text, b"hi"), ("hi".to_owned(), false), "{text}");
        }
        for binary in [
            "application/x-www-form-urlencoded",
            "application/octet-stream",
            "",
        ] {
            assert_eq!(
                encoded(binary, b"hi"),
                ("aGk=".to_owned(), true),
                "{binary}"
            );
        }
        assert_eq!(
            encoded("application/json", b"\xff"),
            ("/w==".to_owned(), true)
        );
    }

    #[test]
    fn request_ids_look_like_api_gateways_and_differ() {
        let (one, other) = (new_request_id(), new_request_id());
        assert!(one.len() == 16 && one.ends_with('='), "{one}");
        assert_ne!(one, other);
    }
}
