//! Astra, asked with the stack's own keys for the tokens of a code that nobody has; and the
//! page that users are sent to.

use std::iter::once;

use jiff::Timestamp;
use reqwest::Client as HttpClient;
use reqwest::header::LOCATION;
use shared::astra::AstraClient;
use shared::aws::sdk_config;
use shared::domain::{
    ApiCredentials, AstraAuthorizationCode, AstraFailure, AstraFailureClass, AstraState, Deadline,
    astra_authorization_url,
};
use shared::ports::AstraAuthorizations;
use shared::secrets::ApiSecret;
use shared::settings::{AstraSettings, AwsSettings, LocalRoot};
use shared::system_clock::SystemClock;
use shared::upstream::ClientError;
use url::Url;

use super::http::{Reply, send};
use super::report::{Check, Finding, Trouble};
use super::stored::{self, CurrentKeys};
use super::{DoctorError, PATIENCE};

/// Everything that is looked at, in order.
const CHECKS: [Check; 4] = [
    Check::AstraSecret,
    Check::Astra,
    Check::AstraKeys,
    Check::AstraPage,
];
/// A code that Astra never gave. Its answer tells whether it knows us, and nothing comes of it.
const NO_CODE: &str = "cargo-local-doctor";

const MEND_SECRET: &str = "put {\"client_id\": \"...\", \"secret\": \"...\"} from Astra's Dashboard \
    into the secret that the stack's output AstraSecretArn names";
const MEND_KEYS: &str = "put client_id and secret of this environment from Astra's Dashboard into the \
    secret that the stack's output AstraSecretArn names; the parameter AstraEnvironment says which \
    environment is meant";
const MEND_AWAY: &str =
    "see that Astra can be reached from here; on a laptop, that `cargo local` runs";
const MEND_STRANGER: &str =
    "something between here and Astra answers in its place: look for a proxy";
const MEND_UNTOLD: &str = "connect a user once; if that works, the keys are good";
const MEND_PAGE: &str = "the parameter AstraRedirectUri must be exactly as it is registered with Astra, \
    AstraAuthorizeUrl empty or Astra's own page, and the keys those of AstraEnvironment";

/// Looks at everything.
///
/// # Errors
/// TLS could not be set up.
pub(super) async fn check(
    aws: &AwsSettings,
    settings: &AstraSettings,
    http: &HttpClient,
) -> Result<Vec<Finding>, DoctorError> {
    let secret = ApiSecret::new(&sdk_config(aws)?, settings.secret_id.clone());
    let keys = match stored::secret(&secret, MEND_SECRET).await {
        Ok(keys) => keys,
        Err(trouble) => {
            let failed = Finding::fail(Check::AstraSecret, trouble);
            let others = skipped("first the Astra secret").skip(1);
            return Ok(once(failed).chain(others).collect());
        }
    };
    let page = page(http, &page_for(settings, &keys)).await;
    let [answers, known] = asked(settings, keys).await?;
    Ok(vec![Finding::ok(Check::AstraSecret), answers, known, page])
}

/// The same lines, none of them looked at.
pub(super) fn skipped(why: &str) -> impl Iterator<Item = Finding> {
    CHECKS
        .into_iter()
        .map(move |check| Finding::skipped(check, why))
}

/// Opens the page that a user is sent to.
pub(super) async fn page(http: &HttpClient, url: &Url) -> Finding {
    let opened = send(http.get(url.clone())).await;
    let accepted = opened.and_then(|reply| accepted(&reply));
    Finding::of(Check::AstraPage, accepted)
}

fn page_for(settings: &AstraSettings, keys: &ApiCredentials) -> Url {
    let (page, back) = (&settings.authorize_url, &settings.redirect_uri);
    astra_authorization_url(page, keys.client_id(), back, &AstraState::random())
}

/// Whether Astra shows its page, or its sign-in before it. What it does not accept, it may
/// also tell through the browser, by sending it back with an error.
fn accepted(reply: &Reply) -> Result<(), Trouble> {
    let said = reply.in_words();
    let refused = match (reply.status.as_u16(), sent_back_with(reply)) {
        (200..=399, None) => return Ok(()),
        (200..=399, Some(error)) => format!("{said}, {error}"),
        (400..=499, _) => said,
        _ => {
            let found = format!("Astra's page fails ({said})");
            return Err(Trouble::new(found, MEND_AWAY));
        }
    };
    let found = format!("Astra's page does not accept where users come from ({refused})");
    Err(Trouble::new(found, MEND_PAGE))
}

fn sent_back_with(reply: &Reply) -> Option<String> {
    let location = reply.headers.get(LOCATION)?.to_str().ok()?;
    let location = Url::parse(location).ok()?;
    let mut fields = location.query_pairs();
    let error = fields.find(|(name, _)| name == "error")?;
    Some(error.1.into_owned())
}

async fn asked(
    settings: &AstraSettings,
    keys: ApiCredentials,
) -> Result<[Finding; 2], ClientError> {
    let root = settings.local_root.as_ref().map(LocalRoot::pem);
    let base_url = settings.base_url.clone();
    let astra = AstraClient::believing(root, base_url, CurrentKeys(keys), SystemClock)?;
    let code = AstraAuthorizationCode::new(NO_CODE);
    let deadline = Deadline::after(Timestamp::now(), PATIENCE);
    let answer = astra.redeem(&code, &settings.redirect_uri, deadline).await;
    Ok(answer.map_or_else(|failure| verdicts(&failure), |_| good()))
}

fn good() -> [Finding; 2] {
    [Check::Astra, Check::AstraKeys].map(Finding::ok)
}

/// Whether Astra answers, and whether it knows our keys.
fn verdicts(failure: &AstraFailure) -> [Finding; 2] {
    use AstraFailureClass::{AlreadyThere, Gone, Operator, Reauthorize, Refused, Retry};
    let trouble = |mend| Trouble::new(failure.to_string(), mend);
    let keys = match failure.class() {
        // It has looked at the code, so it knows us.
        Reauthorize => return good(),
        Operator => Finding::fail(Check::AstraKeys, trouble(MEND_KEYS)),
        _ if !is_of_oauth(failure) => return away(trouble(MEND_STRANGER)),
        Retry => return away(trouble(MEND_AWAY)),
        AlreadyThere | Gone | Refused => Finding::warn(Check::AstraKeys, trouble(MEND_UNTOLD)),
    };
    [Finding::ok(Check::Astra), keys]
}

fn away(trouble: Trouble) -> [Finding; 2] {
    let keys = Finding::skipped(Check::AstraKeys, "Astra did not do its part");
    [Finding::fail(Check::Astra, trouble), keys]
}

/// Whether this can come from Astra: an answer that makes no sense, or a refusal without a
/// code of RFC 6749, cannot. Where it is too busy it need not say more.
fn is_of_oauth(failure: &AstraFailure) -> bool {
    match failure {
        AstraFailure::Refused { error, .. } => {
            error.code.is_some() || failure.class() == AstraFailureClass::Retry
        }
        AstraFailure::Unintelligible { .. } => false,
        AstraFailure::NoAnswer { .. } | AstraFailure::NoCredentials => true,
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{AstraCaller, AstraError};

    use super::*;
    use crate::doctor::report::Outcome;

    fn refused(http_status: u16, code: Option<&str>) -> AstraFailure {
        let error = AstraError {
            http_status,
            caller: AstraCaller::Us,
            code: code.map(str::to_owned),
            description: None,
            request_id: None,
        };
        AstraFailure::Refused {
            error: Box::new(error),
            after_lost_answer: false,
        }
    }

    fn words(findings: &[Finding; 2]) -> [&'static str; 2] {
        findings.each_ref().map(|finding| match &finding.outcome {
            Outcome::Ok => "ok",
            Outcome::Warn(_) => "warn",
            Outcome::Fail(_) => "fail",
            Outcome::Skipped(_) => "skipped",
        })
    }

    #[test]
    fn only_a_refusal_of_the_code_itself_shows_that_the_keys_are_good() {
        for (status, code, expected) in [
            (400, Some("invalid_grant"), ["ok", "ok"]),
            (401, Some("invalid_client"), ["ok", "fail"]),
            (401, None, ["ok", "fail"]),
            (400, Some("invalid_request"), ["ok", "warn"]),
            (404, None, ["fail", "skipped"]),
            (403, None, ["fail", "skipped"]),
            (429, None, ["fail", "skipped"]),
            (503, None, ["fail", "skipped"]),
        ] {
            let found = verdicts(&refused(status, code));
            assert_eq!(words(&found), expected, "{status} {code:?}");
        }
        let page = AstraFailure::Unintelligible {
            http_status: 200,
            request_id: None,
        };
        assert_eq!(words(&verdicts(&page)), ["fail", "skipped"]);
    }
}
