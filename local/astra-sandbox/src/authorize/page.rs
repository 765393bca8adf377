//! The authorize page as HTML, without scripts.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use url::Url;

use super::Ask;

const STYLE: &str = include_str!("page.css");
const FORM: &str = include_str!("form.html");
const ERROR: &str = include_str!("error.html");

const COMMON: [(HeaderName, &str); 3] = [
    // An old page of a new simulator would be hard to find.
    (CACHE_CONTROL, "no-store"),
    // The address holds the application's state.
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// What is wrong with what was typed.
#[derive(Clone, Copy)]
pub(super) enum Notice {
    None,
    NoAddress,
}

/// The page with the question.
pub(super) fn form(ask: &Ask, notice: Notice) -> Response {
    let (status, notice) = match notice {
        Notice::None => (StatusCode::OK, ""),
        Notice::NoAddress => (
            StatusCode::BAD_REQUEST,
            "<p class=\"notice\" role=\"alert\">Type an email address to authorize.</p>",
        ),
    };
    let application = ask.target.origin().ascii_serialization();
    let text = FORM
        .replace("{{notice}}", notice)
        .replace("{{application}}", &escaped(&ask.client_id))
        .replace("{{back}}", &escaped(&application));
    // Browsers hold what follows a form's answer against the policy too.
    page(status, text, &format!("'self' {application}"))
}

/// The page when there is no question to ask.
pub(super) fn error(why: &str) -> Response {
    let text = ERROR.replace("{{why}}", &escaped(why));
    page(StatusCode::BAD_REQUEST, text, "'none'")
}

/// Sends the browser on.
pub(super) fn send_to(location: &Url) -> Response {
    let location = [(LOCATION, location.as_str().to_owned())];
    (StatusCode::SEE_OTHER, COMMON, location).into_response()
}

pub(super) async fn style() -> Response {
    (COMMON, [(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

fn page(status: StatusCode, text: String, form_action: &str) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
         form-action {form_action}"
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
    ];
    (status, COMMON, headers, text).into_response()
}

/// Text that can stand in HTML without harm.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escaped("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"
        );
    }
}
