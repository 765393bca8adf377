//! Errors as Astra answers them: the HTTP status says what is wrong.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An error of Astra's.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct AstraError {
    /// The HTTP status.
    pub(crate) status: u16,
    /// What is wrong, for people.
    pub(crate) description: String,
    /// The code of RFC 6749, at the token endpoint.
    pub(crate) oauth: Option<String>,
}

impl AstraError {
    pub(crate) fn of(status: u16, description: impl Into<String>) -> Self {
        Self {
            status,
            description: description.into(),
            oauth: None,
        }
    }

    /// An error of the token endpoint. <https://www.rfc-editor.org/rfc/rfc6749#section-5.2>
    pub(crate) fn oauth(code: &str, description: impl Into<String>) -> Self {
        Self {
            status: if code == "invalid_client" { 401 } else { 400 },
            description: description.into(),
            oauth: Some(code.to_owned()),
        }
    }

    pub(crate) fn unauthorized(description: &str) -> Self {
        Self::of(401, description)
    }

    pub(crate) fn internal() -> Self {
        Self::of(500, meaning(500))
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Value {
        match &self.oauth {
            Some(code) => json!({"error": code, "error_description": self.description}),
            None => json!({
                "code": self.status,
                "name": name(self.status),
                "description": self.description,
            }),
        }
    }
}

/// The statuses of Astra's list, with their names and what they mean.
/// <https://docs.astra.finance/reference/errors>
const STATUSES: &[(u16, &str, &str)] = &[
    (400, "Bad Request", "the request is not valid"),
    (401, "Unauthorized", "the credentials are wrong"),
    (403, "Forbidden", "this is for administrators only"),
    (404, "Not Found", "there is no such resource"),
    (405, "Method Not Allowed", "the resource has no such method"),
    (406, "Not Acceptable", "answers are JSON only"),
    (410, "Gone", "the resource has been removed"),
    (418, "I'm a teapot", "the server is a teapot"),
    (429, "Too Many Requests", "too many requests: slow down"),
    (500, "Internal Server Error", "something went wrong here"),
    (503, "Service Unavailable", "offline for maintenance"),
];

fn name(status: u16) -> &'static str {
    let known = STATUSES.iter().find(|(number, _, _)| *number == status);
    known.map_or("Error", |(_, name, _)| name)
}

/// What an error with this status says if nobody says more.
pub(crate) fn meaning(status: u16) -> &'static str {
    let known = STATUSES.iter().find(|(number, _, _)| *number == status);
    known.map_or("an error", |(_, _, meaning)| meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_the_status_its_name_and_a_description() {
        let error = AstraError::of(410, "the account has been deleted");
        let body = json!({
            "code": 410, "name": "Gone", "description": "the account has been deleted",
        });
        assert_eq!(error.body(), body);
    }

    #[test]
    fn the_token_endpoint_answers_in_the_words_of_its_standard() {
        let error = AstraError::oauth("invalid_grant", "the code has expired");
        let body = json!({
            "error": "invalid_grant", "error_description": "the code has expired",
        });
        assert_eq!((error.status, error.body()), (400, body));
        assert_eq!(AstraError::oauth("invalid_client", "").status, 401);
    }
}
