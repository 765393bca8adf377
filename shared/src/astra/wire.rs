//! Astra's forms and JSON. This is the only place that writes or reads its tokens as text.
//! Reading is lenient: an object may come as the one element of an array, unknown fields are
//! ignored, and null, absent and empty mean the same for what is optional.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::client::Call;
use crate::domain::redaction::redact_tokens;
use crate::domain::{
    AstraAccessToken, AstraAuthorizationCode, AstraError, AstraFailure, AstraRefreshToken,
    AstraRequestId, AstraTokens, InstitutionId, ProcessorToken,
};

/// How much of Astra's reason is kept.
const MAX_DESCRIPTION: usize = 300;
/// Real codes of errors are single words.
const MAX_CODE: usize = 60;
/// Longer text is no id; real ones have 36 characters.
const MAX_ID: usize = 128;
/// Longer text is no token.
const MAX_TOKEN: usize = 4096;
/// The life of an access token that Astra does not tell: the shortest that its pages ever
/// named. A token that is refreshed too early costs one call.
const SHORTEST_LIFE: Duration = Duration::from_hours(2);
/// Nothing of what we store lasts longer.
const LONGEST_LIFE: Duration = Duration::from_hours(24 * 365);

/// The form that brings tokens for a code.
pub(super) fn code_form(code: &AstraAuthorizationCode, redirect_uri: &str) -> Zeroizing<Vec<u8>> {
    form([
        ("grant_type", "authorization_code"),
        ("code", code.expose()),
        ("redirect_uri", redirect_uri),
    ])
}

/// The form that brings tokens for a refresh token.
pub(super) fn refresh_form(token: &AstraRefreshToken, redirect_uri: &str) -> Zeroizing<Vec<u8>> {
    form([
        ("grant_type", "refresh_token"),
        ("refresh_token", token.expose()),
        ("redirect_uri", redirect_uri),
    ])
}

fn form(fields: [(&str, &str); 3]) -> Zeroizing<Vec<u8>> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    Zeroizing::new(form.finish().into_bytes())
}

#[derive(Serialize)]
struct HandOver<'a> {
    processor_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    institution_id: Option<&'a InstitutionId>,
}

/// The JSON that hands an account over.
pub(super) fn hand_over(
    processor_token: &ProcessorToken,
    institution_id: Option<&InstitutionId>,
) -> Zeroizing<Vec<u8>> {
    let body = HandOver {
        processor_token: processor_token.expose(),
        institution_id,
    };
    Zeroizing::new(serde_json::to_vec(&body).unwrap_or_default())
}

#[derive(Deserialize)]
struct TokensPart {
    access_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    expires_in: Value,
}

/// The tokens of an answer.
pub(super) fn tokens(body: &[u8]) -> Option<AstraTokens> {
    let part: TokensPart = one(body)?;
    let refresh = part.refresh_token.filter(|token| !token.is_empty());
    if !refresh.as_deref().is_none_or(is_token) || !is_token(&part.access_token) {
        return None;
    }
    Some(AstraTokens {
        access: AstraAccessToken::new(part.access_token),
        refresh: refresh.map(AstraRefreshToken::new),
        expires_in: life(&part.expires_in),
    })
}

/// Whether it can be sent back to Astra.
fn is_token(text: &str) -> bool {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    visible && (1..=MAX_TOKEN).contains(&text.len())
}

fn life(expires_in: &Value) -> Duration {
    let told = match expires_in {
        Value::Number(seconds) => seconds.as_f64(),
        Value::String(seconds) => seconds.trim().parse().ok(),
        _ => None,
    };
    let Some(seconds) = told.filter(|seconds| seconds.is_finite()) else {
        return SHORTEST_LIFE;
    };
    Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_LIFE.as_secs_f64()))
}

#[derive(Deserialize)]
struct WithId {
    id: String,
}

/// The id of the one object of an answer.
pub(super) fn object_id(body: &[u8]) -> Option<String> {
    let object: WithId = one(body)?;
    id(&object.id).map(str::to_owned)
}

/// An id that can be a part of a path without changing it.
pub(super) fn id(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"/\\?#%".contains(&byte);
    let dots = text.bytes().all(|byte| byte == b'.');
    let fine = (1..=MAX_ID).contains(&text.len()) && text.bytes().all(plain) && !dots;
    fine.then_some(text)
}

/// An object, or the one in a one-element array.
fn one<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'{') => serde_json::from_slice(body).ok(),
        Some(b'[') => {
            let [one]: [T; 1] = serde_json::from_slice(body).ok()?;
            Some(one)
        }
        _ => None,
    }
}

/// A part of a list of accounts.
#[derive(Debug, PartialEq)]
pub(super) struct Page {
    pub(super) ids: Vec<String>,
    /// Where the next part begins.
    pub(super) next: Option<String>,
}

/// A page, a page in a one-element array, or all accounts in a bare array.
pub(super) fn page(body: &[u8]) -> Option<Page> {
    match serde_json::from_slice(body).ok()? {
        Value::Object(page) => page_of(&page),
        Value::Array(list) => match list.as_slice() {
            [Value::Object(page)] if page.contains_key("accounts") => page_of(page),
            accounts => Some(Page {
                ids: ids(accounts)?,
                next: None,
            }),
        },
        _ => None,
    }
}

fn page_of(page: &Map<String, Value>) -> Option<Page> {
    let ids = ids(page.get("accounts")?.as_array()?)?;
    let cursor = text(page, "cursor");
    let next = match page.get("more") {
        Some(Value::Bool(true)) => Some(cursor?),
        None | Some(Value::Null) => cursor,
        _ => None,
    };
    Some(Page { ids, next })
}

/// All of them or none: an account that is passed over would seem not to be there.
fn ids(accounts: &[Value]) -> Option<Vec<String>> {
    let own = |account: &Value| id(account.get("id")?.as_str()?).map(str::to_owned);
    accounts.iter().map(own).collect()
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    let text = object.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// What an answer that is not good says.
pub(super) fn refusal(
    call: &Call<'_>,
    http_status: u16,
    request_id: Option<AstraRequestId>,
    body: &[u8],
) -> AstraFailure {
    let said: Option<Map<String, Value>> = one(body);
    let by_status = http_status == 429 || http_status >= 500;
    if http_status < 400 || !(by_status || is_astras(said.as_ref(), request_id.as_ref(), body)) {
        return AstraFailure::Unintelligible {
            http_status,
            request_id,
        };
    }
    let said = said.unwrap_or_default();
    let description = text(&said, "description").or_else(|| text(&said, "error_description"));
    let error = AstraError {
        http_status,
        caller: call.caller(),
        code: text(&said, "error").map(|code| clean(call, &code, MAX_CODE)),
        description: description.map(|text| clean(call, &text, MAX_DESCRIPTION)),
        request_id,
    };
    AstraFailure::Refused {
        error: Box::new(error),
        after_lost_answer: false,
    }
}

/// Whether Astra itself said no. A proxy in between knows nothing of accounts: its 404 says
/// nothing about ours. Half of a body could be half of `Account Already Exists`.
fn is_astras(
    said: Option<&Map<String, Value>>,
    request_id: Option<&AstraRequestId>,
    body: &[u8],
) -> bool {
    match said {
        Some(said) => {
            let known = ["description", "error", "code"];
            request_id.is_some() || known.iter().any(|name| said.contains_key(*name))
        }
        None => request_id.is_some() && body.trim_ascii().is_empty(),
    }
}

/// Text of Astra's without secrets, on one line, bounded.
fn clean(call: &Call<'_>, text: &str, most: usize) -> String {
    let mut text = redact_tokens(text);
    for secret in call.secrets().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "redacted");
    }
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(most).map(visible).collect()
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::super::client::{Body, Repeats, Sender};
    use super::*;
    use crate::domain::AstraFailureClass;

    const DAYS: Duration = Duration::from_hours(240);

    #[test]
    fn forms_are_encoded() {
        let form = code_form(&AstraAuthorizationCode::new("a+b&c"), "https://x/?y=1");
        let expected =
            "grant_type=authorization_code&code=a%2Bb%26c&redirect_uri=https%3A%2F%2Fx%2F%3Fy%3D1";
        assert_eq!(std::str::from_utf8(&form).unwrap(), expected);
        let form = refresh_form(&AstraRefreshToken::new("r"), "u");
        let expected = "grant_type=refresh_token&refresh_token=r&redirect_uri=u";
        assert_eq!(std::str::from_utf8(&form).unwrap(), expected);
    }

    #[test]
    fn an_unknown_institution_is_left_out() {
        let token = ProcessorToken::new("p");
        let body = hand_over(&token, None);
        assert_eq!(&body[..], br#"{"processor_token":"p"}"#);
        let body = hand_over(&token, Some(&InstitutionId::new("ins_1")));
        let expected = br#"{"processor_token":"p","institution_id":"ins_1"}"#;
        assert_eq!(&body[..], expected);
    }

    #[test]
    fn tokens_are_read_from_an_object_and_from_an_array_of_one() {
        let object = r#"{"access_token": "a", "expires_in": 864000, "refresh_token": "r",
            "token_type": "bearer", "next_year": {}}"#;
        for body in [object.to_owned(), format!(" [{object}]\n")] {
            let tokens = tokens(body.as_bytes()).unwrap();
            assert_eq!(tokens.access.expose(), "a");
            assert_eq!(tokens.refresh.unwrap().expose(), "r");
            assert_eq!(tokens.expires_in, DAYS);
        }
    }

    #[test]
    fn tokens_without_a_refresh_token_or_a_life_are_tokens() {
        for (more, life) in [
            ("", SHORTEST_LIFE),
            (
                r#", "refresh_token": null, "expires_in": null"#,
                SHORTEST_LIFE,
            ),
            (
                r#", "refresh_token": "", "expires_in": "soon""#,
                SHORTEST_LIFE,
            ),
            (r#", "expires_in": "864000""#, DAYS),
            (r#", "expires_in": 864000.0"#, DAYS),
            (r#", "expires_in": -1"#, Duration::ZERO),
            (r#", "expires_in": 1e300"#, LONGEST_LIFE),
        ] {
            let body = format!(r#"{{"access_token": "a"{more}}}"#);
            let tokens = tokens(body.as_bytes()).unwrap();
            assert!(tokens.refresh.is_none(), "{more}");
            assert_eq!(tokens.expires_in, life, "{more}");
        }
    }

    #[test]
    fn what_cannot_be_sent_back_is_no_token() {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            r#"["a"]"#,
            r#"{"access_token": ""}"#,
            r#"{"access_token": "a b"}"#,
            r#"{"access_token": "a\n"}"#,
            r#"{"access_token": "a", "refresh_token": "é"}"#,
            r#"[{"access_token": "a"}, {"access_token": "b"}]"#,
            r#"{"access_token": "a", "expir"#,
        ] {
            assert!(tokens(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn an_id_is_read_where_there_is_one() {
        let read = |body: &str| object_id(body.as_bytes());
        let uuid = "5b9f0cb3-0d3f-4c9a-8f52-7d4ff3cf8a9e";
        for body in [
            format!(r#"{{"id": "{uuid}", "name": null}}"#),
            format!(r#"[{{"more": [], "id": "{uuid}"}}]"#),
        ] {
            assert_eq!(read(&body).as_deref(), Some(uuid));
        }
        for body in [
            "",
            "{}",
            "[]",
            r#"{"id": null}"#,
            r#"{"id": ""}"#,
            r#"{"id": ".."}"#,
            r#"{"id": "a/b"}"#,
            r#"{"id": "a?b"}"#,
            r#"[{"id": "a"}, {"id": "b"}]"#,
        ] {
            assert_eq!(read(body), None, "{body}");
        }
    }

    #[test]
    fn a_list_comes_in_three_shapes() {
        let read = |body: &str| page(body.as_bytes());
        let of = |ids: &[&str], next: Option<&str>| {
            Some(Page {
                ids: ids.iter().map(|id| (*id).to_owned()).collect(),
                next: next.map(str::to_owned),
            })
        };
        let first = r#"{"accounts": [{"id": "a"}, {"id": "b"}], "cursor": "b", "more": true}"#;
        assert_eq!(read(first), of(&["a", "b"], Some("b")));
        assert_eq!(read(&format!("[{first}]")), of(&["a", "b"], Some("b")));
        assert_eq!(read(r#"[{"id": "a"}, {"id": "b"}]"#), of(&["a", "b"], None));
        assert_eq!(read(r#"[{"id": "a"}]"#), of(&["a"], None));
        assert_eq!(read("[]"), of(&[], None));
        let last = r#"{"accounts": [], "cursor": "b", "more": false}"#;
        assert_eq!(read(last), of(&[], None));
        assert_eq!(read(r#"{"accounts": []}"#), of(&[], None));
        let untold = r#"{"accounts": [], "cursor": "b"}"#;
        assert_eq!(read(untold), of(&[], Some("b")));
    }

    #[test]
    fn a_list_that_cannot_be_known_whole_is_none() {
        for body in [
            "",
            "{}",
            "null",
            r#"{"accounts": {}}"#,
            r#"{"accounts": [{"id": "a"}], "more": true}"#,
            r#"{"accounts": [{"id": "a"}, {"name": "b"}]}"#,
            r#"[{"id": "a"}, {"id": null}]"#,
            r#"[{"id": "a"}"#,
        ] {
            assert_eq!(page(body.as_bytes()), None, "{body}");
        }
    }

    fn refused(http_status: u16, request_id: Option<&str>, body: &str) -> AstraFailure {
        let token = AstraAccessToken::new("canary-access");
        let call = Call {
            name: "POST /v1/accounts/processor_token",
            method: Method::POST,
            url: "http://127.0.0.1/".parse().unwrap(),
            sender: Sender::User(&token),
            body: Some(Body {
                content_type: "application/json",
                bytes: Zeroizing::default(),
                secret: "canary-carried",
            }),
            repeats: Repeats::Never,
        };
        let request_id = request_id.map(AstraRequestId::new);
        refusal(&call, http_status, request_id, body.as_bytes())
    }

    #[test]
    fn astras_reason_is_kept_without_secrets_and_bounded() {
        let said = "no processor-sandbox-canary-1\\ncanary-access canary-carried ";
        let long = "x".repeat(400);
        let body =
            format!(r#"{{"code": 400, "name": "Bad Request", "description": "{said}{long}"}}"#);
        for body in [body.clone(), format!("[{body}]")] {
            let failure = refused(400, Some("r1"), &body);
            let description = failure.description().unwrap();
            assert_eq!(description.chars().count(), MAX_DESCRIPTION);
            assert!(description.ends_with('x') && description.starts_with("no "));
            assert!(!description.contains('\n'), "{description}");
            let all = format!("{failure} {failure:?}");
            assert!(!all.contains("canary"), "{all}");
            assert_eq!(failure.request_id().unwrap().as_str(), "r1");
            assert_eq!(failure.class(), AstraFailureClass::Refused);
        }
    }

    #[test]
    fn the_token_endpoints_words_are_read() {
        let failure = refused(400, None, r#"{"error": "e", "error_description": "said"}"#);
        let error = failure.astra_error().unwrap();
        assert_eq!(error.code.as_deref(), Some("e"));
        assert_eq!(error.description.as_deref(), Some("said"));
        assert_eq!(failure.to_string(), "Astra answered 400 e");
    }

    #[test]
    fn only_astra_itself_says_no_for_good() {
        let retried =
            |status, id, body| refused(status, id, body).class() == AstraFailureClass::Retry;
        let html = "<html>Not Found</html>";
        for status in [302, 400, 401, 404, 410] {
            assert!(retried(status, None, html), "{status}");
            assert!(retried(status, None, ""), "{status}");
            assert!(
                retried(status, None, r#"{"message": "Not Found"}"#),
                "{status}"
            );
            let half = r#"{"code": 400, "descr"#;
            assert!(retried(status, Some("r"), half), "{status}");
        }
        assert!(retried(302, Some("r"), "{}"));
        for status in [429, 500, 502] {
            assert!(retried(status, None, html), "{status}");
        }
        assert!(!refused(429, None, html).maybe_applied());
        assert!(refused(503, None, html).maybe_applied());
        assert!(refused(404, None, html).maybe_applied());
        assert_eq!(refused(404, Some("r"), "").class(), AstraFailureClass::Gone);
        assert_eq!(
            refused(404, None, r#"{"code": 404}"#).class(),
            AstraFailureClass::Gone
        );
        assert_eq!(
            refused(403, Some("r"), "{}").class(),
            AstraFailureClass::Refused
        );
    }
}
