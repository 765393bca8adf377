//! `GET /dev/events?after=N`: the events that were put on EventBridge.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::{answer, problem};
use crate::aws::events::EventLog;

/// What to send.
pub(super) const EXAMPLE: &str = "?after=N, where N is the number of the last event you know";

/// The newest events after the number in the query, earliest first.
pub(super) fn events(query: &str, log: &EventLog) -> Response {
    let mut after = 0;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let ("after", Ok(number)) = (name.as_ref(), value.parse()) else {
            let detail = format!("Use {EXAMPLE}.");
            return problem(StatusCode::BAD_REQUEST, "invalid_query", &detail);
        };
        after = number;
    }
    answer(&json!(log.after(after)))
}
