//! Who calls. Identity comes from the authorizer's claims alone: never from a body, a
//! header or a path that a caller can write.

use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use super::{Code, Problem};
use crate::domain::UserId;

/// A longer subject is no user id, and would not fit a key.
const MAX_SUBJECT_BYTES: usize = 256;

/// The user whom API Gateway's JWT authorizer verified.
///
/// # Errors
/// `unauthenticated` when no authorizer spoke, or its `sub` is unusable.
pub fn caller(request: &Request) -> Result<UserId, Problem> {
    subject(request)
        .filter(|sub| !sub.is_empty() && sub.len() <= MAX_SUBJECT_BYTES)
        .map(UserId::new)
        .ok_or_else(|| Problem::new(Code::Unauthenticated, "The JWT names no subject (sub)."))
}

fn subject(request: &Request) -> Option<String> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context
            .authorizer
            .as_ref()?
            .jwt
            .as_ref()?
            .claims
            .get("sub")
            .cloned(),
        #[allow(unreachable_patterns)]
        _ => None,
    }
}
