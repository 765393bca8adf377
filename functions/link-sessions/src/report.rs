//! What Link's `onExit` hands to a front end. It is kept for support, so everything is
//! optional and nothing of it is a reason to refuse.

use serde::Deserialize;
use serde_json::Value;
use shared::domain::{LinkExit, LinkSessionId, PlaidRequestId};

/// Longer texts are not Plaid's, and are not kept.
const MAX_TEXT: usize = 512;

/// `onExit(error, metadata)` as one object, in any SDK's spelling.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportBody {
    #[serde(default)]
    error: Value,
    #[serde(default)]
    metadata: Value,
}

impl From<ReportBody> for LinkExit {
    fn from(body: ReportBody) -> Self {
        let (error, metadata) = (&body.error, &body.metadata);
        let institution = metadata.get("institution").unwrap_or(&Value::Null);
        // In Android's SDK the code knows its type.
        let code = error.get("errorCode").unwrap_or(&Value::Null);
        Self {
            status: first(metadata, &["status"]),
            error_type: first(error, &["error_type", "errorType"])
                .or_else(|| first(code, &["errorType"])),
            error_code: first(error, &["error_code", "errorCode"]),
            display_message: first(error, &["display_message", "displayMessage"]),
            institution_id: first(institution, &["institution_id", "institutionId", "id"]),
            link_session_id: first(
                metadata,
                &["link_session_id", "linkSessionId", "linkSessionID"],
            )
            .map(LinkSessionId::new),
            request_id: first(metadata, &["request_id", "requestId", "requestID"])
                .map(PlaidRequestId::new),
        }
    }
}

/// The first of these members that is usable text.
fn first(value: &Value, names: &[&str]) -> Option<String> {
    let texts = names.iter().filter_map(|name| text(value.get(name)?));
    texts
        .into_iter()
        .find(|text| !text.is_empty() && text.len() <= MAX_TEXT)
        .map(shared::domain::redaction::redact_tokens)
}

/// Gson writes a constant of Android's SDK as an object around its text.
fn text(value: &Value) -> Option<&str> {
    let inside = || {
        ["json", "jsonValue"]
            .into_iter()
            .find_map(|name| value.get(name))
    };
    value.as_str().or_else(|| inside()?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> LinkExit {
        serde_json::from_str::<ReportBody>(body).unwrap().into()
    }

    #[test]
    fn an_exit_is_understood_in_every_sdks_spelling() {
        let web = r#"{"error": {"error_type": "ITEM_ERROR", "error_code": "ITEM_LOCKED",
            "error_message": "x", "display_message": "Locked."},
            "metadata": {"status": "requires_credentials", "link_session_id": "s",
            "request_id": "r", "institution": {"name": "Bank", "institution_id": "ins_1"}}}"#;
        let native = r#"{"error": {"errorType": "ITEM_ERROR", "errorCode": "ITEM_LOCKED",
            "displayMessage": "Locked."},
            "metadata": {"status": "requires_credentials", "linkSessionId": "s",
            "requestId": "r", "institution": {"name": "Bank", "id": "ins_1"}}}"#;
        assert_eq!(read(web), read(native));
        assert_eq!(read(web).error_code.as_deref(), Some("ITEM_LOCKED"));
    }

    #[test]
    fn strange_reports_are_kept_as_far_as_they_make_sense() {
        for body in [
            "{}",
            r#"{"error": null, "metadata": null}"#,
            r#"{"error": 1, "metadata": []}"#,
        ] {
            assert_eq!(read(body), LinkExit::default(), "{body}");
        }
        let token = r#"{"metadata": {"status": "public-sandbox-canary"}}"#;
        assert!(!read(token).status.unwrap().contains("canary"));
    }
}
