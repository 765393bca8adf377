//! Plaid's endpoints. Each is a function of the state and a checked request.

mod accounts;
mod institutions;
mod items;
mod keys;
mod link_tokens;
mod processors;
pub(crate) mod sandbox;
mod tokens;

use jiff::Timestamp;
use sandbox_kit::Clock;
use serde_json::Value;

use crate::wire::check::Field;
use crate::wire::error::PlaidError;
use crate::wire::fields;
use crate::wire::request::Request;
use crate::world::World;

/// What an endpoint works on.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) clock: &'a Clock,
    pub(crate) now: Timestamp,
    /// The host that the caller used.
    pub(crate) host: &'a str,
}

/// The body of a good answer, but for its `request_id`, or an error.
pub(crate) type Answer = Result<Value, PlaidError>;

/// An endpoint of Plaid's.
pub(crate) struct Endpoint {
    path: &'static str,
    pub(crate) fields: &'static [Field],
    pub(crate) run: fn(&mut Call<'_>, Request<'_>) -> Answer,
}

const fn endpoint(
    path: &'static str,
    fields: &'static [Field],
    run: fn(&mut Call<'_>, Request<'_>) -> Answer,
) -> Endpoint {
    Endpoint { path, fields, run }
}

static ENDPOINTS: &[Endpoint] = &[
    endpoint(
        "/link/token/create",
        fields::LINK_TOKEN_CREATE,
        link_tokens::create,
    ),
    endpoint("/link/token/get", fields::LINK_TOKEN, link_tokens::get),
    endpoint(
        "/item/public_token/exchange",
        fields::PUBLIC_TOKEN,
        tokens::exchange,
    ),
    endpoint(
        "/item/access_token/invalidate",
        fields::ACCESS_TOKEN,
        tokens::invalidate,
    ),
    endpoint("/item/get", fields::ACCESS_TOKEN, items::get),
    endpoint("/item/remove", fields::ITEM_REMOVE, items::remove),
    endpoint(
        "/item/webhook/update",
        fields::ITEM_WEBHOOK_UPDATE,
        items::update_webhook,
    ),
    endpoint(
        "/accounts/get",
        fields::ACCESS_TOKEN_AND_ACCOUNTS,
        accounts::get,
    ),
    endpoint(
        "/auth/get",
        fields::ACCESS_TOKEN_AND_ACCOUNTS,
        accounts::auth,
    ),
    endpoint(
        "/processor/token/create",
        fields::PROCESSOR_TOKEN_CREATE,
        processors::create,
    ),
    endpoint(
        "/processor/token/permissions/set",
        fields::PROCESSOR_PERMISSIONS_SET,
        processors::set_permissions,
    ),
    endpoint(
        "/processor/token/permissions/get",
        fields::PROCESSOR_TOKEN,
        processors::get_permissions,
    ),
    endpoint(
        "/processor/token/webhook/update",
        fields::PROCESSOR_WEBHOOK_UPDATE,
        processors::update_webhook,
    ),
    endpoint(
        "/processor/auth/get",
        fields::PROCESSOR_TOKEN,
        processors::auth,
    ),
    endpoint("/webhook_verification_key/get", fields::KEY_ID, keys::get),
    endpoint(
        "/institutions/get_by_id",
        fields::INSTITUTION_GET,
        institutions::get_by_id,
    ),
    endpoint(
        "/sandbox/public_token/create",
        fields::SANDBOX_PUBLIC_TOKEN_CREATE,
        sandbox::create_public_token,
    ),
    endpoint(
        "/sandbox/processor_token/create",
        fields::SANDBOX_PROCESSOR_TOKEN_CREATE,
        sandbox::create_processor_token,
    ),
    endpoint(
        "/sandbox/item/fire_webhook",
        fields::FIRE_WEBHOOK,
        sandbox::fire_webhook,
    ),
    endpoint(
        "/sandbox/item/reset_login",
        fields::ACCESS_TOKEN,
        sandbox::reset_login,
    ),
    endpoint(
        "/sandbox/item/set_verification_status",
        fields::SET_VERIFICATION_STATUS,
        sandbox::set_verification_status,
    ),
];

/// The endpoint of this path.
pub(crate) fn find(path: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|endpoint| endpoint.path == path)
}

/// Whether a fault may be armed for this path.
pub(crate) fn exists(path: &str) -> bool {
    path == "*" || find(path).is_some()
}
