//! Plaid, asked with the stack's own keys and with the very request that create-link-token
//! sends for an empty body.

use std::time::Duration;

use create_link_token::plain_request;
use jiff::Timestamp;
use plaid_webhook::KeyId;
use shared::domain::{
    Deadline, LinkPurpose, LinkTokenRequest, PlaidError, PlaidFailure, UserId, VaultId,
};
use shared::ports::{LinkTokens, VerificationKeys};
use shared::settings::LinkSettings;

use super::PATIENCE;
use super::mends::{Blame, Keys, Refusal, blame, verdicts};
use super::report::{Check, Finding, Trouble};
use super::stored::NOBODY;

/// A well-formed id that no key has. Plaid's answer tells whether it knows us, and nothing
/// comes of it.
const NO_KEY: &str = "00000000-0000-4000-8000-000000000000";

/// A link token's request as the settings make it.
pub(super) fn request(link: &LinkSettings, vault_id: &VaultId, webhook: &str) -> LinkTokenRequest {
    let purpose = LinkPurpose::NewItem {
        webhook: webhook.to_owned(),
        microdeposits: link.microdeposits,
    };
    plain_request(link, vault_id, &UserId::new(NOBODY), purpose)
}

/// Asks for a key that is not there, which needs good keys alone; then for a link token.
pub(super) async fn check(
    plaid: &(impl VerificationKeys + LinkTokens),
    request: Option<&LinkTokenRequest>,
) -> Vec<Finding> {
    if let Some(refused) = keys_refused(plaid).await {
        return verdicts(Some(refused), Keys::Unknown);
    }
    let Some(request) = request else {
        return with_keys_alone();
    };
    let asked = within(PATIENCE, plaid.create_link_token(request, deadline())).await;
    verdicts(asked.err().as_ref().map(of_failure), Keys::Good)
}

/// Of what the first call meets, only what is about the keys; all else is the second one's.
async fn keys_refused(plaid: &impl VerificationKeys) -> Option<Blame> {
    let key_id = KeyId::parse(NO_KEY)?;
    let asked = within(PATIENCE, plaid.verification_key(&key_id, deadline())).await;
    let blame = of_failure(&asked.err()?);
    let about_keys = [Check::Plaid, Check::PlaidKeys, Check::PlaidEnvironment];
    about_keys.contains(&blame.check).then_some(blame)
}

fn with_keys_alone() -> Vec<Finding> {
    let findings = verdicts(None, Keys::Good).into_iter();
    let keys_alone = findings.map(|finding| match finding.check {
        Check::Plaid | Check::PlaidKeys | Check::PlaidEnvironment => finding,
        check => Finding::skipped(check, "the settings of a link token are not complete"),
    });
    keys_alone.collect()
}

async fn within<T>(
    time: Duration,
    call: impl Future<Output = Result<T, PlaidFailure>>,
) -> Result<T, PlaidFailure> {
    let answer = tokio::time::timeout(time, call).await;
    answer.unwrap_or(Err(PlaidFailure::NoAnswer {
        reason: "no answer in time",
        maybe_applied: true,
    }))
}

fn deadline() -> Deadline {
    Deadline::after(Timestamp::now(), PATIENCE)
}

fn of_failure(failure: &PlaidFailure) -> Blame {
    let found = failure.to_string();
    let (check, mend) = match failure {
        PlaidFailure::Refused { error, .. } => return blame(&refusal(error)),
        PlaidFailure::Unintelligible { .. } => (
            Check::Plaid,
            "something between here and Plaid answers in its place: look for a proxy",
        ),
        PlaidFailure::NoAnswer { .. } => (
            Check::Plaid,
            "see that Plaid can be reached from here, and https://status.plaid.com; on a laptop, \
             that `cargo local` runs",
        ),
        // The secret itself was read before.
        PlaidFailure::NoCredentials => (
            Check::PlaidKeys,
            "the secret has characters that no key of Plaid's has, such as line breaks: copy it \
             again from https://dashboard.plaid.com/developers/keys",
        ),
    };
    let trouble = Trouble::new(found, mend);
    Blame { check, trouble }
}

fn refusal(error: &PlaidError) -> Refusal<'_> {
    Refusal {
        error_type: &error.error_type,
        error_code: &error.error_code,
        message: error.error_message.as_deref(),
    }
}
