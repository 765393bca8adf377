//! What only a laptop has: `POST /dev/login`, `POST /dev/invoke/{package}` and
//! `GET /dev/events`.

mod events;
mod invoke;
mod login;

use axum::http::header::{ALLOW, CACHE_CONTROL, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::jwt::Tokens;
use super::response::json_answer;
use crate::aws::events::EventLog;
use crate::functions::Runner;

const LOGIN: &str = "/dev/login";
const INVOKE: &str = "/dev/invoke/";
const EVENTS: &str = "/dev/events";

/// A call that AWS does not have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call<'a> {
    /// Gives out a token.
    Login,
    /// Runs the function of this package.
    Invoke(&'a str),
    /// Lists events.
    Events,
}

/// What the calls work with.
pub(super) struct Behind<'a> {
    pub(super) tokens: &'a Tokens,
    pub(super) runner: &'a Runner,
    pub(super) events: &'a EventLog,
}

impl<'a> Call<'a> {
    /// The call with this path, if it is one.
    pub(super) fn at(path: &'a str) -> Option<Self> {
        match path {
            LOGIN => Some(Self::Login),
            EVENTS => Some(Self::Events),
            path => path.strip_prefix(INVOKE).map(Self::Invoke),
        }
    }

    /// Answers it.
    pub(super) async fn answer(
        self,
        parts: &Parts,
        body: &[u8],
        behind: &Behind<'_>,
        now: Timestamp,
    ) -> Response {
        if !is_local(&parts.headers) {
            // A page of a stranger that points a name of its own at 127.0.0.1 comes with
            // that name, and gets nothing.
            let detail = "This address only answers under 127.0.0.1 or localhost.";
            return problem(StatusCode::FORBIDDEN, "forbidden_host", detail);
        }
        if parts.method != self.method() {
            return self.wrong_method();
        }
        match self {
            Self::Login => login::login(body, behind.tokens, now),
            Self::Invoke(package) => {
                invoke::invoke(package, &parts.headers, body, behind.runner).await
            }
            Self::Events => events::events(parts.uri.query().unwrap_or_default(), behind.events),
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Login | Self::Invoke(_) => Method::POST,
            Self::Events => Method::GET,
        }
    }

    fn wrong_method(self) -> Response {
        let example = match self {
            Self::Login => login::EXAMPLE,
            Self::Invoke(_) => invoke::EXAMPLE,
            Self::Events => events::EXAMPLE,
        };
        let method = self.method();
        let detail = format!("Use {method} with {example}.");
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let mut answer = problem(status, "method_not_allowed", &detail);
        if let Ok(method) = method.as_str().parse() {
            answer.headers_mut().insert(ALLOW, method);
        }
        answer
    }
}

/// Whether the request was sent to a name of this machine.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost", "[::1]"].contains(&name.to_ascii_lowercase().as_str())
}

fn answer(body: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    let mut answer = json_answer(StatusCode::OK, json, body);
    answer.headers_mut().insert(
        CACHE_CONTROL,
        const { HeaderValue::from_static("no-store") },
    );
    answer
}

fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
        "code": code,
    });
    json_answer(
        status,
        HeaderValue::from_static("application/problem+json"),
        &body,
    )
}

#[cfg(test)]
mod tests {
    const PAGE: &str = include_str!("../../../../docs/problems.md");
    const SOURCES: [&str; 4] = [
        include_str!("mod.rs"),
        include_str!("login.rs"),
        include_str!("invoke.rs"),
        include_str!("events.rs"),
    ];

    /// The codes that a source has before its tests: what stands in quotes, in snake case.
    fn codes(source: &str) -> impl Iterator<Item = &str> {
        let code = source.split("mod tests").next().unwrap_or_default();
        let snake = |text: &&str| {
            let letters =
                |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
            text.contains('_') && text.split('_').all(letters)
        };
        code.split('"').skip(1).step_by(2).filter(snake)
    }

    #[test]
    fn every_problem_of_these_calls_has_its_line_on_the_page_of_problems() {
        let (_, page) = PAGE.split_once("## On a laptop only").unwrap();
        let all: Vec<_> = SOURCES.into_iter().flat_map(codes).collect();
        assert!(all.len() > 10, "{all:?}");
        for code in all {
            assert!(page.contains(&format!("| `{code}` |")), "{code}");
        }
    }
}
