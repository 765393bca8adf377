//! `POST /dev/invoke/{package}`: runs a function with an event of one's own, as
//! `aws lambda invoke` does.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{answer, problem};
use crate::functions::{FunctionError, Runner};
use crate::gateway::failure;

/// What to send.
pub(super) const EXAMPLE: &str = "the event as JSON";

/// The function's result.
pub(super) async fn invoke(
    package: &str,
    headers: &HeaderMap,
    body: &[u8],
    runner: &Runner,
) -> Response {
    // A page of a stranger can make a browser post here, but not with this content type.
    if !declares_json(headers) {
        let detail = "Send the event with the header content-type: application/json.";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return problem(status, "unsupported_media_type", detail);
    }
    let event = match serde_json::from_slice(body) {
        Ok(event) => event,
        Err(error) => {
            let detail = format!("The body must be {EXAMPLE}: {error}.");
            return problem(StatusCode::BAD_REQUEST, "invalid_event", &detail);
        }
    };
    match runner.invoke(package, event).await {
        Ok(result) => answer(&result),
        Err(error) => failed(package, &error),
    }
}

fn declares_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn failed(package: &str, error: &FunctionError) -> Response {
    let (status, code) = match error {
        FunctionError::Unknown(_) => (StatusCode::NOT_FOUND, "unknown_function"),
        FunctionError::TimedOut(_) => (StatusCode::GATEWAY_TIMEOUT, "function_timed_out"),
        _ => (StatusCode::BAD_GATEWAY, "function_failed"),
    };
    problem(status, code, &failure(package, error))
}
