//! A stack from outside, as one of its users sees it: what a link token needs, and the way to
//! Astra.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, WWW_AUTHENTICATE};

use super::connect_astra;
use super::http::{Reply, not_ours, send};
use super::mends::{self, Blame, Keys, Refusal, blame, verdicts};
use super::outside::{Api, ITEMS};
use super::report::{Check, Finding, Trouble};

const FUNCTION: &str = "create-link-token";
const LINK_TOKENS: &str = "/v1/link-tokens";

const MEND_TOKEN: &str = "get a new token from your identity provider; its iss must be the parameter \
    JwtIssuer, and its aud or client_id the parameter JwtAudience";
const MEND_TABLE: &str = "see the log of list-items: the table is gone, its role may not read it, or \
    DynamoDB is away; the output TableName names it";
const MEND_SECRET: &str = "put {\"client_id\": \"...\", \"secret\": \"...\"} from \
    https://dashboard.plaid.com/developers/keys into the secret that the output PlaidSecretArn \
    names; the log of create-link-token says what it met";
const MEND_KEY: &str = "see the log of create-link-token: the stack's TokenKey is disabled, waits \
    for its deletion, or the function's role may not use it or write the table";
const MEND_START: &str = "see its log, which names every setting that is missing or wrong; it does \
    not start with a ClientName of more than 30 characters";
const MEND_ADDRESS: &str = "its log says why; behind a custom domain, deploy with the parameter \
    WebhookBaseUrl";
const MEND_PLAID: &str = "see https://status.plaid.com and the log of create-link-token";

/// What making a link token says something about, besides Plaid.
const OURS: [Check; 4] = [
    Check::CreateLinkToken,
    Check::ClientName,
    Check::Secret,
    Check::TokenKey,
];

/// Reads the user's Items, asks for a link token, and where to connect Astra.
pub(super) async fn check(api: &Api, token: &str, show: &mut impl FnMut(Finding)) {
    let asked = api.request(Method::GET, ITEMS).bearer_auth(token);
    let listed = send(asked).await;
    let accepted = of_token(&listed);
    let refused = accepted.is_err();
    show(Finding::of(Check::Token, accepted));
    if refused {
        show(Finding::skipped(Check::Table, "no good token"));
        return skipped_calls("no good token", show);
    }
    show(Finding::of(Check::Table, listed.and_then(|r| of_table(&r))));
    let asked = api
        .request(Method::POST, LINK_TOKENS)
        .bearer_auth(token)
        .header(CONTENT_TYPE, "application/json")
        .body("{}");
    let findings = match send(asked).await {
        Ok(reply) => link_token(&reply),
        Err(trouble) => stopped(trouble),
    };
    findings.into_iter().for_each(&mut *show);
    let astra = connect_astra::check(api, token).await;
    astra.into_iter().for_each(show);
}

/// The same lines, none of them looked at.
pub(super) fn skipped(why: &str, show: &mut impl FnMut(Finding)) {
    show(Finding::skipped(Check::Token, why));
    show(Finding::skipped(Check::Table, why));
    skipped_calls(why, show);
}

fn skipped_calls(why: &str, show: &mut impl FnMut(Finding)) {
    let ours = OURS.into_iter();
    ours.for_each(|check| show(Finding::skipped(check, why)));
    mends::skipped(why).into_iter().for_each(&mut *show);
    connect_astra::skipped(why).for_each(show);
}

/// Whether the gateway let the token pass; what comes behind it is another matter.
fn of_token(listed: &Result<Reply, Trouble>) -> Result<(), Trouble> {
    let reply = listed.as_ref().map_err(Clone::clone)?;
    if !matches!(reply.status.as_u16(), 401 | 403) {
        return Ok(());
    }
    let challenge = reply.headers.get(WWW_AUTHENTICATE);
    let reason = challenge.and_then(|value| value.to_str().ok());
    let reason = reason.and_then(|text| text.split_once("error_description="));
    let reason = reason.map_or("", |(_, reason)| reason.trim_matches('"'));
    let found = format!("the token is refused ({}) {reason}", reply.in_words());
    Err(Trouble::new(found.trim_end(), MEND_TOKEN))
}

fn of_table(reply: &Reply) -> Result<(), Trouble> {
    match (reply.status.as_u16(), reply.code()) {
        (200, _) if reply.has("/items") => Ok(()),
        (500.., Some(_)) => Err(Trouble::new(reply.in_words(), MEND_TABLE)),
        _ => Err(not_ours(reply, "list-items")),
    }
}

/// What the answer says about each thing that a link token needs.
fn link_token(reply: &Reply) -> Vec<Finding> {
    let said = reply.in_words();
    match (reply.status.as_u16(), reply.code()) {
        (201, _) => ours(None).chain(verdicts(None, Keys::Good)).collect(),
        (503, Some("storage_unavailable")) => {
            // Plaid's part was done: its failure would have been told first.
            let trouble = Trouble::new(said, MEND_KEY);
            let ours = ours(Some((Check::TokenKey, trouble)));
            ours.chain(verdicts(None, Keys::Good)).collect()
        }
        (502 | 503, Some(code)) => without_plaid(reply, code),
        (500, Some(_)) => {
            let detail = reply.text("/detail").unwrap_or_default();
            stopped(Trouble::new(format!("{said}: {detail}"), MEND_ADDRESS))
        }
        (500, None) => stopped(Trouble::new(
            format!("{said}: {FUNCTION} fails"),
            MEND_START,
        )),
        _ => stopped(not_ours(reply, FUNCTION)),
    }
}

/// Plaid did not do its part, or was not even asked.
fn without_plaid(reply: &Reply, code: &str) -> Vec<Finding> {
    let Some(blamed) = of_plaid(reply, code) else {
        let trouble = Trouble::new(reply.in_words(), MEND_SECRET);
        let ours = ours(Some((Check::Secret, trouble)));
        return ours.chain(mends::skipped("first the secret")).collect();
    };
    let known = ours(None).filter(|finding| finding.check != Check::TokenKey);
    let key = Finding::skipped(Check::TokenKey, "first Plaid's part");
    let plaid = verdicts(Some(blamed), Keys::Unknown);
    known.chain([key]).chain(plaid).collect()
}

/// Who is to blame at Plaid; `None` where Plaid was not even asked, for want of keys.
fn of_plaid(reply: &Reply, code: &str) -> Option<Blame> {
    if let Some(error_code) = reply.text("/plaid/error_code") {
        return Some(blame(&Refusal {
            error_type: reply.text("/plaid/error_type").unwrap_or_default(),
            error_code,
            message: None,
        }));
    }
    (code != "plaid_not_configured").then(|| Blame {
        check: Check::Plaid,
        trouble: Trouble::new(reply.in_words(), MEND_PLAID),
    })
}

/// Our own part: all good, or all but one, with what comes behind that not looked at.
fn ours(failed: Option<(Check, Trouble)>) -> impl Iterator<Item = Finding> {
    let at = failed.as_ref().map(|(check, _)| *check);
    let at = at.and_then(|check| OURS.iter().position(|of| *of == check));
    OURS.into_iter()
        .enumerate()
        .map(move |(place, check)| match (&failed, at) {
            (Some((_, trouble)), Some(at)) if place == at => Finding::fail(check, trouble.clone()),
            (Some((first, _)), Some(at)) if place > at => {
                Finding::skipped(check, format!("first the {first}"))
            }
            _ => Finding::ok(check),
        })
}

/// The call itself failed: nothing is known about what is behind it.
fn stopped(trouble: Trouble) -> Vec<Finding> {
    let ours = ours(Some((Check::CreateLinkToken, trouble)));
    ours.chain(mends::skipped("no link token")).collect()
}
