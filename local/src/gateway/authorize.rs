//! Who may call a route.

use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::jwt::{TokenError, Tokens, as_strings};
use super::response::message;
use crate::template::{ACCOUNT_ID, Authorizer, JwtAuthorizer};

/// A request that API Gateway turns away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Refusal {
    /// No token where a JWT is needed.
    NoToken,
    /// A JWT that is not good.
    BadToken(TokenError),
    /// No credentials, or not good ones, where IAM is needed.
    Forbidden,
}

impl Refusal {
    /// API Gateway's answer.
    pub(super) fn answer(self) -> Response {
        let (status, text) = match self {
            Self::BadToken(TokenError::Scope) | Self::Forbidden => {
                (StatusCode::FORBIDDEN, "Forbidden")
            }
            Self::NoToken | Self::BadToken(_) => (StatusCode::UNAUTHORIZED, "Unauthorized"),
        };
        let mut response = message(status, text);
        if let Some(challenge) = self.challenge() {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }

    fn challenge(self) -> Option<HeaderValue> {
        let error = match self {
            Self::NoToken => return Some(HeaderValue::from_static("Bearer")),
            Self::Forbidden => return None,
            Self::BadToken(error) => error,
        };
        let kind = if error == TokenError::Scope {
            "insufficient_scope"
        } else {
            "invalid_token"
        };
        format!(r#"Bearer scope="" error="{kind}" error_description="{error}""#)
            .parse()
            .ok()
    }
}

/// Lets a request pass or not; gives what the event says about the caller.
pub(super) fn authorize(
    authorizer: &Authorizer,
    headers: &HeaderMap,
    tokens: &Tokens,
    now: Timestamp,
) -> Result<Option<Value>, Refusal> {
    match authorizer {
        Authorizer::Nobody => Ok(None),
        Authorizer::Jwt(authorizer) => user(authorizer, headers, tokens, now).map(Some),
        Authorizer::Iam => server(headers, tokens, now).map(Some),
    }
}

fn user(
    authorizer: &JwtAuthorizer,
    headers: &HeaderMap,
    tokens: &Tokens,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let token = token(headers, &authorizer.header).ok_or(Refusal::NoToken)?;
    let claims = tokens
        .check(token, authorizer, now)
        .map_err(Refusal::BadToken)?;
    let scopes = (!authorizer.scopes.is_empty()).then_some(&authorizer.scopes);
    Ok(json!({ "jwt": { "claims": as_strings(&claims), "scopes": scopes } }))
}

/// A server's token stands for a request signed by a role called `local-server`.
fn server(headers: &HeaderMap, tokens: &Tokens, now: Timestamp) -> Result<Value, Refusal> {
    let token = token(headers, AUTHORIZATION.as_str()).ok_or(Refusal::Forbidden)?;
    tokens
        .check_server(token, now)
        .map_err(|_| Refusal::Forbidden)?;
    Ok(json!({ "iam": {
        "accessKey": "ASIALOCALSERVER00000",
        "accountId": ACCOUNT_ID,
        "callerId": "AROALOCALSERVER000000:dev",
        "cognitoIdentity": null,
        "principalOrgId": null,
        "userArn": format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/local-server/dev"),
        "userId": "AROALOCALSERVER000000:dev",
    } }))
}

/// The token of a header, with or without `Bearer` before it.
fn token<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    };
    (!token.is_empty()).then_some(token)
}
