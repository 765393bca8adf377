//! From the event to the use case and back.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::http::{Code, Problem, invoke, json_response, raw_body};
use shared::plaid::KeyLookupError;
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
            let signature = request
                .headers()
                .get(SIGNATURE_HEADER)
                .and_then(|v| v.to_str().ok());
            use_case::receive(deps, signature, body, invocation.deadline).await?;
            Ok(json_response(StatusCode::OK, "{}".to_owned()))
        },
    )
    .await
}

impl From<ReceiveError> for Problem {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Refused(reason) => {
                // The reason is for us; a stranger learns only that it failed.
                tracing::warn!(%reason, "refused a webhook");
                let detail = "This is not a webhook that Plaid signed just now.";
                Self::new(Code::WebhookNotVerified, detail)
            }
            ReceiveError::Undecided(KeyLookupError::Plaid(failure)) => failure.into(),
            ReceiveError::Undecided(KeyLookupError::BudgetUsedUp) => {
                Self::try_again("Too many unknown keys were named. Send the webhook again.")
            }
            ReceiveError::NotKept(error) => error.into(),
        }
    }
}
