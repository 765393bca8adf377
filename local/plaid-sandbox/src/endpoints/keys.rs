//! The keys that webhooks are verified with.

use serde_json::json;

use super::{Answer, Call};
use crate::wire::error::PlaidError;
use crate::wire::request::Request;

pub(super) fn get(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let key = call
        .world
        .keys
        .get(request.text("key_id"))
        .ok_or_else(|| PlaidError::of("INVALID_WEBHOOK_VERIFICATION_KEY_ID"))?;
    Ok(json!({"key": key.jwk(call.clock)}))
}
