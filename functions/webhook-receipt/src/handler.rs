//! From the event to the use case and back.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::http::{invoke, json_response, raw_body};
use shared::ports::{Clock, Inbox, VerificationKeys};

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
