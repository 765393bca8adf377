//! A stack from outside, as a user who is sent to Astra's page.

use reqwest::Method;
use url::Url;

use super::astra;
use super::http::{Reply, not_ours, send};
use super::outside::Api;
use super::report::{Check, Finding, Trouble};

const FUNCTION: &str = "connect-astra";
const AUTHORIZATIONS: &str = "/v1/astra/authorizations";

/// Everything that is looked at, in order.
const CHECKS: [Check; 3] = [Check::ConnectAstra, Check::AstraSecret, Check::AstraPage];

const OFF: &str = "there is no such route: Astra is switched off";
const MEND_LOG: &str = "see the log of connect-astra, which says what it met: the table is gone, or \
    its role may not write it";
const MEND_START: &str = "see its log, which names every setting that is missing or wrong";
const MEND_SECRET: &str = "put {\"client_id\": \"...\", \"secret\": \"...\"} from Astra's Dashboard \
    into the secret that the output AstraSecretArn names; the log of connect-astra says what it met";
const MEND_URL: &str = "the parameter AstraAuthorizeUrl must be a URL, or empty";

/// Asks where to send the user, and looks there.
pub(super) async fn check(api: &Api, token: &str) -> Vec<Finding> {
    let asked = api.request(Method::POST, AUTHORIZATIONS);
    let reply = match send(asked.bearer_auth(token)).await {
        Ok(reply) => reply,
        Err(trouble) => return stopped(trouble),
    };
    match (reply.status.as_u16(), reply.code()) {
        (201, _) => sent_away(api, &reply).await,
        (404, None) => skipped(OFF).collect(),
        (503, Some("astra_not_configured")) => without_keys(&reply),
        (500.., Some(_)) => stopped(Trouble::new(reply.in_words(), MEND_LOG)),
        (500, None) => {
            let found = format!("{}: {FUNCTION} fails", reply.in_words());
            stopped(Trouble::new(found, MEND_START))
        }
        _ => stopped(not_ours(&reply, FUNCTION)),
    }
}

/// The same lines, none of them looked at.
pub(super) fn skipped(why: &str) -> impl Iterator<Item = Finding> {
    CHECKS
        .into_iter()
        .map(move |check| Finding::skipped(check, why))
}

async fn sent_away(api: &Api, reply: &Reply) -> Vec<Finding> {
    let url = reply.text("/url").and_then(|url| Url::parse(url).ok());
    let page = if let Some(url) = url {
        astra::page(api.client(), &url).await
    } else {
        let trouble = Trouble::new("the answer names no page", MEND_URL);
        Finding::fail(Check::AstraPage, trouble)
    };
    let [function, secret] = [Check::ConnectAstra, Check::AstraSecret].map(Finding::ok);
    vec![function, secret, page]
}

fn without_keys(reply: &Reply) -> Vec<Finding> {
    let trouble = Trouble::new(reply.in_words(), MEND_SECRET);
    vec![
        Finding::ok(Check::ConnectAstra),
        Finding::fail(Check::AstraSecret, trouble),
        Finding::skipped(Check::AstraPage, "first the Astra secret"),
    ]
}

fn stopped(trouble: Trouble) -> Vec<Finding> {
    let failed = Finding::fail(Check::ConnectAstra, trouble);
    let others = skipped("Astra's page is not known").skip(1);
    [failed].into_iter().chain(others).collect()
}
