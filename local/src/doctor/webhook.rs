//! Whether Plaid's webhooks arrive at the function that verifies them: one without a
//! signature must be refused, by that function.

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use url::{Host, Url};

use super::http::{Reply, not_ours, send};
use super::report::{Check, Finding, Trouble};

const FUNCTION: &str = "webhook-receipt";

/// Posts a webhook without a signature.
pub(super) async fn check(client: &Client, url: &str) -> Finding {
    let post = client.post(url).header(CONTENT_TYPE, "application/json");
    let result = match send(post.body("{}")).await {
        Ok(reply) => understood(&reply),
        Err(trouble) => Err(trouble),
    };
    Finding::of(Check::Webhook, result)
}

/// Plaid itself has to reach it, from outside.
pub(super) fn unreachable_for_plaid(url: &str) -> Option<Finding> {
    let public = Url::parse(url).is_ok_and(|url| url.scheme() == "https" && !is_loopback(&url));
    let trouble = || {
        Trouble::new(
            format!("Plaid is told to send webhooks to {url}, which it cannot reach"),
            "what Plaid announces only comes with the reconciler; deploy a stack, or give this one \
             a public https address as WebhookBaseUrl",
        )
    };
    (!public).then(|| Finding::warn(Check::Webhook, trouble()))
}

/// Whether a URL names this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn understood(reply: &Reply) -> Result<(), Trouble> {
    let (found, mend) = match (reply.status.as_u16(), reply.code()) {
        (401, Some("webhook_not_verified")) => return Ok(()),
        (200..=299, _) => (
            format!(
                "ALARMING: a webhook without a signature is accepted ({})",
                reply.in_words()
            ),
            "whoever knows the URL can tell lies in Plaid's name: the route must lead to \
             webhook-receipt, as in template.yaml",
        ),
        (401, _) => (
            format!("{}, and not from {FUNCTION}", reply.in_words()),
            "the route has an authorizer, and Plaid has no token of yours: it needs \
             Auth: { Authorizer: NONE }, as in template.yaml",
        ),
        (503, Some(_)) => (
            reply.in_words(),
            "webhook-receipt runs and cannot decide: its log says what it lacks",
        ),
        _ => return Err(not_ours(reply, FUNCTION)),
    };
    Err(Trouble::new(found, mend))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_plaid_cannot_reach_is_told() {
        for url in [
            "http://127.0.0.1:3000/x",
            "https://localhost/x",
            "http://a.example/x",
            "x",
        ] {
            assert!(unreachable_for_plaid(url).is_some(), "{url}");
        }
        assert!(unreachable_for_plaid("https://api.example.com/x").is_none());
    }
}
