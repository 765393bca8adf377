//! A stack from outside, as strangers see it.

use reqwest::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, ORIGIN,
};
use reqwest::{Client, Method, RequestBuilder};
use shared::domain::webhook_url;
use url::Url;

use super::http::{Reply, not_ours, send};
use super::report::{Check, Finding, Trouble};
use super::{as_user, webhook};

/// A JWT of the right form that nobody signed.
const FORGED: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImRvY3RvciJ9.eyJzdWIiOiJkb2N0b3IifQ.AAAA";
/// A route for users, and one for servers.
pub(super) const ITEMS: &str = "/v1/items";
const SERVERS: &str = "/v1/server/users/cargo-local-doctor/items";
/// What our front ends use of each.
const METHODS: [&str; 3] = ["GET", "POST", "DELETE"];
const HEADERS: [&str; 2] = ["authorization", "content-type"];

/// What is only looked at where the API answers, besides what [`as_user`] does.
const CHECKS: [Check; 5] = [
    Check::Authorizer,
    Check::ForgedToken,
    Check::ServerRoutes,
    Check::Cors,
    Check::Webhook,
];

/// A stack's API.
pub(super) struct Api {
    client: Client,
    base: String,
}

impl Api {
    pub(super) fn new(client: Client, url: &Url) -> Self {
        let base = url.as_str().trim_end_matches('/').to_owned();
        Self { client, base }
    }

    /// For what is asked elsewhere.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }
}

/// Looks at everything, in order.
pub(super) async fn check(
    client: Client,
    url: &Url,
    token: Option<&str>,
    origin: Option<&str>,
    show: &mut impl FnMut(Finding),
) {
    let api = Api::new(client, url);
    let stranger = match reached(&api, url).await {
        Ok(reply) => reply,
        Err(trouble) => {
            show(Finding::fail(Check::Url, trouble));
            for check in CHECKS {
                show(Finding::skipped(check, "the URL does not answer"));
            }
            return as_user::skipped("the URL does not answer", show);
        }
    };
    show(Finding::ok(Check::Url));
    show(Finding::of(
        Check::Authorizer,
        closed(&stranger, "no token"),
    ));
    show(Finding::of(Check::ForgedToken, forged(&api).await));
    show(Finding::of(Check::ServerRoutes, servers(&api, token).await));
    show(match origin {
        Some(origin) => Finding::of(Check::Cors, cors(&api, origin).await),
        None => Finding::skipped(Check::Cors, "no --origin"),
    });
    show(webhook::check(&api.client, &webhook_url(&api.base)).await);
    match token {
        Some(token) => as_user::check(&api, token, show).await,
        None => as_user::skipped("no --token-file", show),
    }
}

/// The answer to a user's call without a token. Tokens of users go over TLS alone.
async fn reached(api: &Api, url: &Url) -> Result<Reply, Trouble> {
    if url.scheme() != "https" && !webhook::is_loopback(url) {
        return Err(Trouble::new(
            "the URL begins with http: tokens would travel in clear",
            "name the https URL; Plaid in Production sends webhooks to https alone",
        ));
    }
    send(api.request(Method::GET, ITEMS)).await
}

async fn forged(api: &Api) -> Result<(), Trouble> {
    let asked = api.request(Method::GET, ITEMS).bearer_auth(FORGED);
    closed(&send(asked).await?, "a forged token")
}

/// API Gateway itself must refuse. Our function refuses a call that came through without an
/// authorizer too, and says so by its code.
fn closed(reply: &Reply, with: &str) -> Result<(), Trouble> {
    match (reply.status.as_u16(), reply.code()) {
        (401, None) => Ok(()),
        (401, Some(_)) => Err(Trouble::new(
            format!("a call with {with} comes through to the function, which alone refuses it"),
            "the route has no authorizer: deploy template.yaml as it is, with DefaultAuthorizer: Jwt",
        )),
        (200..=299, _) => Err(Trouble::new(
            format!(
                "ALARMING: a call with {with} is answered ({})",
                reply.in_words()
            ),
            "take the stack off the net; then deploy template.yaml as it is, with \
             DefaultAuthorizer: Jwt, and see that the URL is this backend's",
        )),
        _ => Err(not_ours(reply, "list-items")),
    }
}

/// Neither a stranger nor a user is a server.
async fn servers(api: &Api, token: Option<&str>) -> Result<(), Trouble> {
    closed_to(
        &send(api.request(Method::GET, SERVERS)).await?,
        "no signature",
    )?;
    let Some(token) = token else { return Ok(()) };
    let asked = api.request(Method::GET, SERVERS).bearer_auth(token);
    closed_to(&send(asked).await?, "a user's token")
}

fn closed_to(reply: &Reply, with: &str) -> Result<(), Trouble> {
    match (reply.status.as_u16(), reply.code()) {
        (401 | 403, None) => Ok(()),
        (401 | 403, Some(_)) => Err(Trouble::new(
            format!("a call with {with} comes through to the function, which alone refuses it"),
            "the servers' routes need Auth: { Authorizer: AWS_IAM }, as in template.yaml",
        )),
        (200..=299, _) => Err(Trouble::new(
            format!(
                "ALARMING: a call with {with} is answered ({})",
                reply.in_words()
            ),
            "take the stack off the net: anybody can read every user's Items. The servers' routes \
             need Auth: { Authorizer: AWS_IAM }, as in template.yaml",
        )),
        _ => Err(not_ours(reply, "list-items")),
    }
}

/// What a browser asks before a page of `origin` may call.
async fn cors(api: &Api, origin: &str) -> Result<(), Trouble> {
    for method in METHODS {
        let asked = api
            .request(Method::OPTIONS, ITEMS)
            .header(ORIGIN, origin)
            .header(ACCESS_CONTROL_REQUEST_METHOD, method)
            .header(ACCESS_CONTROL_REQUEST_HEADERS, HEADERS.join(","));
        allowed(&send(asked).await?, origin, method)?;
    }
    Ok(())
}

fn allowed(reply: &Reply, origin: &str, method: &str) -> Result<(), Trouble> {
    let mend_origin = "deploy with this origin in the parameter AllowedOrigins: scheme, host and \
                       port as the browser shows them, without a slash at the end";
    let mend_template = "deploy template.yaml's CorsConfiguration as it is";
    let origins = listed(&reply.headers, &ACCESS_CONTROL_ALLOW_ORIGIN);
    if !reply.status.is_success() || !origins.iter().any(|o| o == origin || o == "*") {
        let found = format!("{origin} may not call ({})", reply.in_words());
        return Err(Trouble::new(found, mend_origin));
    }
    let methods = listed(&reply.headers, &ACCESS_CONTROL_ALLOW_METHODS);
    if !methods
        .iter()
        .any(|m| m.eq_ignore_ascii_case(method) || m == "*")
    {
        let found = format!("{origin} may not use {method}");
        return Err(Trouble::new(found, mend_template));
    }
    // A star stands for every header but authorization.
    let headers = listed(&reply.headers, &ACCESS_CONTROL_ALLOW_HEADERS);
    for header in HEADERS {
        let star = header != "authorization" && headers.iter().any(|h| h == "*");
        if !star && !headers.iter().any(|h| h.eq_ignore_ascii_case(header)) {
            let found = format!("{origin} may not send the header {header}");
            return Err(Trouble::new(found, mend_template));
        }
    }
    Ok(())
}

fn listed(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(','))
        .map(|text| text.trim().to_owned())
        .collect()
}
