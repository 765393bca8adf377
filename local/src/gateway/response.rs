//! A function's result as the HTTP answer that API Gateway makes of it, and API
//! Gateway's own answers.

use axum::body::Body;
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, SET_COOKIE, TRANSFER_ENCODING,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer of API Gateway itself.
pub(super) fn message(status: StatusCode, message: &str) -> Response {
    json_answer(status, JSON, &json!({ "message": message }))
}

/// An answer with JSON in it.
pub(super) fn json_answer(status: StatusCode, content_type: HeaderValue, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// API Gateway's answer to a function that failed.
pub(super) fn internal_server_error() -> Response {
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

/// The answer that a function's result stands for; a result that API Gateway cannot
/// read is an internal server error.
pub(super) fn from_result(result: &Value) -> Response {
    let answer = match result {
        Value::Object(fields) if fields.contains_key("statusCode") => described(fields),
        // Without a status code, the whole result is the body.
        result => Some(json_answer(StatusCode::OK, JSON, result)),
    };
    answer.unwrap_or_else(internal_server_error)
}

fn described(fields: &Map<String, Value>) -> Option<Response> {
    let status = u16::try_from(fields.get("statusCode")?.as_u64()?).ok()?;
    let status = StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.as_u16() >= 200)?;
    let mut response = Response::new(body(fields)?);
    *response.status_mut() = status;
    *response.headers_mut() = headers(fields)?;
    Some(response)
}

fn body(fields: &Map<String, Value>) -> Option<Body> {
    let body = match fields.get("body") {
        None | Some(Value::Null) => return Some(Body::empty()),
        Some(Value::String(body)) => body.clone(),
        Some(_) => return None,
    };
    if fields
        .get("isBase64Encoded")
        .and_then(Value::as_bool)
        .unwrap_or_default()
    {
        return STANDARD.decode(body).ok().map(Body::from);
    }
    Some(Body::from(body))
}

fn headers(fields: &Map<String, Value>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let name: HeaderName = name.parse().ok()?;
        if !is_set_by_gateway(&name) {
            headers.insert(name, header_text(value)?.parse().ok()?);
        }
    }
    for cookie in fields
        .get("cookies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        headers.append(SET_COOKIE, cookie.as_str()?.parse().ok()?);
    }
    headers
        .entry(CONTENT_TYPE)
        .or_insert(const { HeaderValue::from_static("text/plain;charset=UTF-8") });
    Some(headers)
}

/// The connection is the gateway's, not the function's.
fn is_set_by_gateway(name: &HeaderName) -> bool {
    [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name)
}

fn header_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn status_headers_cookies_and_body_are_taken_over() {
        let response = from_result(&json!({
            "statusCode": 201,
            "headers": { "Content-Type": "application/json", "Retry-After": 3, "Content-Length": "9999" },
            "cookies": ["a=1", "b=2"],
            "body": "{}",
            "isBase64Encoded": false,
        }));
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["retry-after"], "3");
        assert!(!response.headers().contains_key("content-length"));
        let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
        assert_eq!(text(response).await, "{}");
    }

    #[tokio::test]
    async fn an_encoded_body_is_decoded() {
        let result = json!({ "statusCode": 200, "body": "aGk=", "isBase64Encoded": true });
        assert_eq!(text(from_result(&result)).await, "hi");
    }

    #[tokio::test]
    async fn a_result_without_a_status_code_is_the_body() {
        let response = from_result(&json!({ "ok": true }));
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(text(response).await, r#"{"ok":true}"#);
    }

    #[tokio::test]
    async fn a_result_that_makes_no_sense_is_an_internal_server_error() {
        for result in [
            json!({ "statusCode": "soon" }),
            json!({ "statusCode": 99 }),
            json!({ "statusCode": 200, "body": { "a": 1 } }),
            json!({ "statusCode": 200, "headers": { "a b": "c" } }),
            json!({ "statusCode": 200, "body": "?", "isBase64Encoded": true }),
        ] {
            let response = from_result(&result);
            assert_eq!(
                response.status(),
                StatusCode::INTERNAL_SERVER_ERROR,
                "{result}"
            );
            assert_eq!(
                text(response).await,
                r#"{"message":"Internal Server Error"}"#
            );
        }
    }
}
