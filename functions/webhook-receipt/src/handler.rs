//! From the event to the use case and back.

use lambda_http::http::{HeaderMap, StatusCode};
use lambda_http::{Body, Request, Response};
use plaid_webhook::{LookupError, Rejection};
use shared::domain::{PlaidFailure, Signal};
use shared::http::{Code, Problem, invoke, json_response, raw_body};
use shared::ports::{Clock, Inbox, VerificationKeys};

use crate::use_case::ReceiveError;
use crate::{Deps, use_case};

/// Plaid's largest webhooks have a few kilobytes.
const MAX_WEBHOOK: usize = 256 * 1024;
const SIGNATURE_HEADER: &str = "plaid-verification";

/// Answers one webhook.
pub async fn handler<K, S, C>(deps: &Deps<K, S, C>, request: Request) -> Response<Body>
where
    K: VerificationKeys,
    S: Inbox,
    C: Clock,
{
    invoke(
        "webhook-receipt",
        &deps.clock,
        request,
        |invocation, request| async move {
            let body = raw_body(&request, MAX_WEBHOOK)?;
            let signature = signature(request.headers())?;
            use_case::receive(deps, signature, body, invocation.deadline).await?;
            Ok(json_response(StatusCode::OK, "{}".to_owned()))
        },
    )
    .await
}

/// The header, which Plaid sends once. Two of them leave open which one is meant.
fn signature(headers: &HeaderMap) -> Result<Option<&str>, ReceiveError> {
    let mut values = headers.get_all(SIGNATURE_HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = value.to_str().map_err(|_| Rejection::MalformedToken)?;
            Ok(Some(text))
        }
        (Some(_), Some(_)) => Err(Rejection::MalformedToken.into()),
    }
}

impl From<ReceiveError> for Problem {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Refused(rejection) => {
                // The reason is for us; a stranger learns only that it failed.
                let signal = Signal::WebhookRefused.as_str();
                tracing::warn!(signal, reason = rejection.reason(), "refused a webhook");
                let detail = "This is not a webhook that Plaid signed just now.";
                Self::new(Code::WebhookNotVerified, detail)
            }
            ReceiveError::Undecided(error) => undecided(error),
            ReceiveError::NotKept(error) => error.into(),
        }
    }
}

/// Always 503: whatever keeps the key from us, the webhook may be genuine.
fn undecided(error: LookupError<PlaidFailure>) -> Problem {
    let cause = match error {
        LookupError::Source(failure) => {
            tracing::warn!(reason = "lookup_failed", %failure, "a webhook is undecided");
            Problem::from(failure)
        }
        LookupError::CoolingDown => {
            tracing::warn!(reason = "lookup_cooling_down", "a webhook is undecided");
            try_again()
        }
        LookupError::BudgetUsedUp => {
            let signal = Signal::LookupBudgetUsedUp.as_str();
            tracing::warn!(
                signal,
                reason = "lookup_budget_used_up",
                "a webhook is undecided"
            );
            try_again()
        }
    };
    if cause.code().status() == StatusCode::SERVICE_UNAVAILABLE {
        cause
    } else {
        try_again()
    }
}

fn try_again() -> Problem {
    Problem::try_again("The key of this webhook cannot be had right now. Send it again.")
}
