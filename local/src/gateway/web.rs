//! The reference front end of `local/web`, and the policy that guards it.

mod files;

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;

const JSON: &str = "application/json";

const COMMON: [(HeaderName, HeaderValue); 3] = [
    // An old file of a new stack would be hard to find.
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // The address that a bank returns to holds a state id.
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// Plaid's script, below the origin that Link comes from.
const SCRIPT: &str = "/link/v2/stable/link-initialize.js";

/// Where Astra's page returns to.
pub const ASTRA_RETURN: &str = "/astra-return.html";

/// The front end, for one Plaid.
#[derive(Clone, Debug)]
pub struct Web {
    /// Where Link comes from.
    origin: String,
    /// Where Link may call.
    api: String,
    environment: &'static str,
    /// Whether there is an Astra to connect.
    astra: bool,
}

impl Web {
    /// With the Link of the simulator at this base URL, or of Plaid's own Sandbox.
    pub fn new(simulator: Option<&str>) -> Self {
        match simulator {
            Some(url) => Self {
                origin: url.to_owned(),
                api: url.to_owned(),
                environment: "simulator",
                astra: false,
            },
            None => Self {
                origin: "https://cdn.plaid.com".to_owned(),
                api: "https://sandbox.plaid.com".to_owned(),
                environment: "sandbox",
                astra: false,
            },
        }
    }

    /// The same with an Astra to connect, or without.
    #[must_use]
    pub fn with_astra(self, astra: bool) -> Self {
        Self { astra, ..self }
    }

    /// The answer, where the request is for one of the front end's files.
    pub(super) fn answer(&self, parts: &Parts) -> Option<Response> {
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return None;
        }
        match parts.uri.path() {
            // Banks and Astra, visited in between, return to the same page.
            "/" | "/oauth-return.html" | ASTRA_RETURN => Some(self.page()),
            "/config.json" => Some(file(JSON, self.config())),
            path => {
                let found = files::LOADED.iter().find(|file| file.path == path)?;
                Some(file(found.kind, found.text().into_owned()))
            }
        }
    }

    fn config(&self) -> String {
        json!({
            "plaid_script": format!("{}{SCRIPT}", self.origin),
            "plaid_origin": self.origin,
            "environment": self.environment,
            "astra": self.astra,
        })
        .to_string()
    }

    fn page(&self) -> Response {
        let nonce = Uuid::new_v4().simple().to_string();
        let mut response = file(
            files::PAGE.kind,
            files::PAGE.text().replace("{{NONCE}}", &nonce),
        );
        if let Ok(policy) = self.policy(&nonce).parse() {
            response
                .headers_mut()
                .insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    /// What Plaid asks for (<https://plaid.com/docs/link/web/#security-considerations>),
    /// with a nonce in place of every inline script.
    fn policy(&self, nonce: &str) -> String {
        let Self { origin, api, .. } = self;
        let styles = if self.environment == "simulator" {
            "'self'"
        } else {
            // Plaid's script sets the styles of its frame itself.
            "'self' 'unsafe-inline'"
        };
        format!(
            "default-src 'self' {origin}; script-src 'self' 'nonce-{nonce}' {origin}{SCRIPT}; \
             style-src {styles}; frame-src {origin}; connect-src 'self' {api}; \
             object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    }
}

fn file(kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.extend(COMMON);
    response
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeSet;

    use axum::http::Request;
    use serde_json::Value;

    use super::*;

    fn get(web: &Web, path: &str) -> Option<Response> {
        send(web, Method::GET, path)
    }

    fn send(web: &Web, method: Method, path: &str) -> Option<Response> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(())
            .unwrap();
        web.answer(&request.into_parts().0)
    }

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX);
        String::from_utf8(bytes.await.unwrap().to_vec()).unwrap()
    }

    fn policy(response: &Response) -> &str {
        response.headers()[CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
    }

    /// What stands between these two, each time.
    fn between<'a>(text: &'a str, before: &str, after: &str) -> BTreeSet<&'a str> {
        let parts = text.split(before).skip(1);
        parts.filter_map(|part| part.split(after).next()).collect()
    }

    #[tokio::test]
    async fn every_file_that_a_file_loads_is_served() {
        let web = Web::new(None);
        let page = files::PAGE.built_in;
        let mut wanted = between(page, "src=\"", "\"");
        wanted.extend(between(page, "href=\"/", "\""));
        let loaded = files::LOADED.iter().map(|file| file.built_in);
        wanted.extend(loaded.flat_map(|text| between(text, "from '.", "'")));
        assert!(wanted.len() > files::LOADED.len() / 2, "{wanted:?}");
        for name in wanted {
            let path = format!("/{}", name.trim_start_matches('/'));
            assert!(get(&web, &path).is_some(), "{path}");
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/web");
        let on_disk = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(
            on_disk,
            files::LOADED.len() + 1,
            "a file of {folder} is not served"
        );
    }

    #[test]
    fn what_a_development_build_serves_is_the_file_as_it_is_now() {
        for file in files::LOADED {
            assert!(
                matches!(file.text(), Cow::Owned(_)),
                "{} is the built-in one",
                file.path
            );
        }
    }

    #[tokio::test]
    async fn the_simulators_link_is_the_only_stranger_on_the_page() {
        let web = Web::new(Some("http://127.0.0.1:3001"));
        let config: Value =
            serde_json::from_str(&text(get(&web, "/config.json").unwrap()).await).unwrap();
        assert_eq!(config["environment"], "simulator");
        assert_eq!(config["plaid_origin"], "http://127.0.0.1:3001");
        let script = "http://127.0.0.1:3001/link/v2/stable/link-initialize.js";
        assert_eq!(config["plaid_script"], script);
        let page = get(&web, "/").unwrap();
        assert!(policy(&page).contains(&format!(" {script};")));
        assert!(!policy(&page).contains("unsafe"), "{}", policy(&page));
        assert!(!policy(&page).contains("plaid.com"), "{}", policy(&page));
    }

    #[tokio::test]
    async fn with_plaids_sandbox_the_page_loads_plaids_own_script() {
        let web = Web::new(None);
        let config = text(get(&web, "/config.json").unwrap()).await;
        assert!(config.contains("https://cdn.plaid.com/link/v2/stable/link-initialize.js"));
        let page = get(&web, "/").unwrap();
        assert!(policy(&page).contains("frame-src https://cdn.plaid.com;"));
        assert!(policy(&page).contains("connect-src 'self' https://sandbox.plaid.com;"));
    }

    #[tokio::test]
    async fn every_page_has_a_nonce_of_its_own() {
        let web = Web::new(None);
        let (one, other) = (
            get(&web, "/").unwrap(),
            get(&web, "/oauth-return.html").unwrap(),
        );
        assert_ne!(policy(&one), policy(&other));
        let nonces = between(policy(&one), "'nonce-", "'");
        let nonce = nonces.first().unwrap().to_string();
        assert!(text(one).await.contains(&format!("nonce=\"{nonce}\"")));
    }

    #[test]
    fn only_reading_is_the_front_ends() {
        let web = Web::new(None);
        assert!(send(&web, Method::HEAD, "/style.css").is_some());
        assert!(send(&web, Method::POST, "/").is_none());
        assert!(get(&web, "/v1/items").is_none());
        assert!(get(&web, "/../Cargo.toml").is_none());
    }
}
