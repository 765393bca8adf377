//! Institutions.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::bank::institutions::{AuthMethod, Health, Institution, PRODUCTS, institution};
use crate::wire::error::PlaidError;
use crate::wire::request::Request;

pub(super) fn get_by_id(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let found = institution(request.text("institution_id"))
        .filter(|_| {
            request
                .texts("country_codes")
                .iter()
                .any(|country| country == "US")
        })
        .ok_or_else(|| PlaidError::of("INVALID_INSTITUTION"))?;
    let options = request.object("options");
    let mut view = json!({
        "connection_availability": connection_availability(found),
        "country_codes": ["US"],
        "dtc_numbers": [],
        "institution_id": found.id,
        "name": found.name,
        "oauth": found.oauth,
        "products": PRODUCTS,
        "routing_numbers": found.routing_numbers,
    });
    let mut add = |flag: &str, name: &str, value: Value| {
        if let (true, Some(view)) = (options.flag(flag), view.as_object_mut()) {
            view.insert(name.to_owned(), value);
        }
    };
    add("include_optional_metadata", "url", json!(found.url));
    add(
        "include_optional_metadata",
        "primary_color",
        json!("#1f4e5f"),
    );
    add("include_optional_metadata", "logo", Value::Null);
    add("include_status", "status", status(found, call));
    add(
        "include_auth_metadata",
        "auth_metadata",
        auth_metadata(found),
    );
    add(
        "include_payment_initiation_metadata",
        "payment_initiation_metadata",
        Value::Null,
    );
    Ok(json!({"institution": view}))
}

/// Whether new Items can be made. Newer descriptions demand the field, 1.778.0 among them.
fn connection_availability(found: &Institution) -> &'static str {
    match found.health {
        Health::Unsupported => "NOT_SUPPORTED",
        Health::Healthy | Health::Degraded | Health::Down => "SUPPORTED",
    }
}

fn auth_metadata(found: &Institution) -> Value {
    json!({
        "supported_methods": {
            "automated_micro_deposits": found.auth == AuthMethod::AutomatedMicrodeposits,
            "instant_auth": found.auth == AuthMethod::Instant,
            "instant_match": found.auth == AuthMethod::Instant,
            "instant_micro_deposits": found.auth == AuthMethod::InstantMicrodeposits,
        },
    })
}

/// The Sandbox reports no health, but for the institutions that are there to be unhealthy.
fn status(found: &Institution, call: &Call<'_>) -> Value {
    let (status, success) = match found.health {
        Health::Healthy | Health::Unsupported => return Value::Null,
        Health::Degraded => ("DEGRADED", 0.5),
        Health::Down => ("DOWN", 0.0),
    };
    let product = json!({
        "breakdown": {
            "error_institution": 1.0 - success,
            "error_plaid": 0.0,
            "success": success,
        },
        "last_status_change": call.clock.stamp(call.now),
        "status": status,
    });
    json!({"auth": product, "item_logins": product})
}
