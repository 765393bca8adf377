//! The bodies of webhooks.
//! <https://plaid.com/docs/api/webhooks/>

use jiff::SignedDuration;
use sandbox_kit::Clock;
use serde_json::{Map, Value, json};

use crate::wire::error::PlaidError;
use crate::world::ids;
use crate::world::item::Item;

/// How long before the event Plaid tells of a coming disconnect or expiry.
const NOTICE: SignedDuration = SignedDuration::from_hours(7 * 24);

fn of_item(item: &Item, webhook_type: &str, webhook_code: &str, more: Value) -> Value {
    let mut body = Map::new();
    body.insert("environment".to_owned(), json!("sandbox"));
    body.insert("item_id".to_owned(), json!(item.item_id));
    body.insert("webhook_code".to_owned(), json!(webhook_code));
    body.insert("webhook_type".to_owned(), json!(webhook_type));
    if let Value::Object(more) = more {
        body.extend(more);
    }
    Value::Object(body)
}

pub(crate) fn item_error(item: &Item) -> Value {
    let error = item
        .error
        .clone()
        .unwrap_or_else(|| PlaidError::of("ITEM_LOGIN_REQUIRED"));
    of_item(item, "ITEM", "ERROR", json!({"error": error.in_webhook()}))
}

pub(crate) fn login_repaired(item: &Item) -> Value {
    of_item(item, "ITEM", "LOGIN_REPAIRED", Value::Null)
}

pub(crate) fn new_accounts_available(item: &Item) -> Value {
    of_item(
        item,
        "ITEM",
        "NEW_ACCOUNTS_AVAILABLE",
        json!({"error": null}),
    )
}

fn pending_disconnect(item: &Item, clock: &Clock) -> Value {
    let at = clock
        .now()
        .saturating_add(NOTICE)
        .unwrap_or_else(|_| clock.now());
    let more = json!({
        "disconnect_time": clock.stamp(at),
        "reason": "INSTITUTION_TOKEN_EXPIRATION",
    });
    of_item(item, "ITEM", "PENDING_DISCONNECT", more)
}

fn pending_expiration(item: &Item, clock: &Clock) -> Value {
    let at = item
        .consent_expires_at
        .or_else(|| clock.now().checked_add(NOTICE).ok())
        .unwrap_or_else(|| clock.now());
    let more = json!({"consent_expiration_time": clock.stamp(at)});
    of_item(item, "ITEM", "PENDING_EXPIRATION", more)
}

pub(crate) fn permission_revoked(item: &Item) -> Value {
    let error = PlaidError::of("USER_PERMISSION_REVOKED").in_webhook();
    of_item(
        item,
        "ITEM",
        "USER_PERMISSION_REVOKED",
        json!({"error": error}),
    )
}

pub(crate) fn account_revoked(item: &Item, account_id: &str) -> Value {
    of_item(
        item,
        "ITEM",
        "USER_ACCOUNT_REVOKED",
        json!({"account_id": account_id}),
    )
}

pub(crate) fn webhook_acknowledged(item: &Item, url: &str) -> Value {
    let more = json!({"error": null, "new_webhook_url": url});
    of_item(item, "ITEM", "WEBHOOK_UPDATE_ACKNOWLEDGED", more)
}

pub(crate) fn automatically_verified(item: &Item, account_id: &str) -> Value {
    of_item(
        item,
        "AUTH",
        "AUTOMATICALLY_VERIFIED",
        json!({"account_id": account_id}),
    )
}

pub(crate) fn verification_expired(item: &Item, account_id: &str) -> Value {
    of_item(
        item,
        "AUTH",
        "VERIFICATION_EXPIRED",
        json!({"account_id": account_id}),
    )
}

pub(crate) fn sms_verification(item: &Item, account_id: &str, status: &str) -> Value {
    let more = json!({"account_id": account_id, "status": status});
    of_item(item, "AUTH", "SMS_MICRODEPOSITS_VERIFICATION", more)
}

/// Numbers changed at these accounts.
pub(crate) fn auth_default_update(item: &Item, account_ids: &[String]) -> Value {
    let updated: Map<String, Value> = account_ids
        .iter()
        .map(|id| (id.clone(), json!(["ACCOUNT_NUMBER", "ROUTING_NUMBER"])))
        .collect();
    let more = json!({
        "account_ids_with_new_auth": [],
        "account_ids_with_updated_auth": updated,
        "error": null,
    });
    of_item(item, "AUTH", "DEFAULT_UPDATE", more)
}

/// To the processor, not to the Item's webhook.
pub(crate) fn processor_acknowledged(account_id: &str, url: &str) -> Value {
    json!({
        "account_id": account_id,
        "environment": "sandbox",
        "error": null,
        "new_webhook_url": url,
        "webhook_code": "WEBHOOK_UPDATE_ACKNOWLEDGED",
        "webhook_type": "PROCESSOR_TOKEN",
    })
}

pub(crate) fn session_finished(
    link_session_id: &str,
    link_token: &str,
    status: &str,
    public_tokens: &[String],
) -> Value {
    let mut body = json!({
        "environment": "sandbox",
        "link_session_id": link_session_id,
        "link_token": link_token,
        "public_tokens": public_tokens,
        "status": status,
        "webhook_code": "SESSION_FINISHED",
        "webhook_type": "LINK",
    });
    if let (Some(body), Some(first)) = (body.as_object_mut(), public_tokens.first()) {
        body.insert("public_token".to_owned(), json!(first));
    }
    body
}

pub(crate) fn item_add_result(
    link_session_id: &str,
    link_token: &str,
    public_token: &str,
) -> Value {
    json!({
        "environment": "sandbox",
        "link_session_id": link_session_id,
        "link_token": link_token,
        "public_token": public_token,
        "webhook_code": "ITEM_ADD_RESULT",
        "webhook_type": "LINK",
    })
}

/// A webhook of this type and code about an Item, with made-up details.
pub(crate) fn sample(item: &Item, webhook_type: &str, code: &str, clock: &Clock) -> Value {
    let first = item.accounts.iter().find(|account| account.is_debitable());
    let account_id = first
        .or(item.accounts.first())
        .map_or("", |account| account.account_id.as_str());
    match (webhook_type, code) {
        ("ITEM", "ERROR") => item_error(item),
        ("ITEM", "LOGIN_REPAIRED") => login_repaired(item),
        ("ITEM", "NEW_ACCOUNTS_AVAILABLE") => new_accounts_available(item),
        ("ITEM", "PENDING_DISCONNECT") => pending_disconnect(item, clock),
        ("ITEM", "PENDING_EXPIRATION") => pending_expiration(item, clock),
        ("ITEM", "USER_PERMISSION_REVOKED") => permission_revoked(item),
        ("ITEM", "USER_ACCOUNT_REVOKED") => account_revoked(item, account_id),
        ("ITEM", "WEBHOOK_UPDATE_ACKNOWLEDGED") => {
            webhook_acknowledged(item, item.webhook.as_deref().unwrap_or_default())
        }
        ("AUTH", "AUTOMATICALLY_VERIFIED") => automatically_verified(item, account_id),
        ("AUTH", "VERIFICATION_EXPIRED") => verification_expired(item, account_id),
        ("AUTH", "SMS_MICRODEPOSITS_VERIFICATION") => {
            sms_verification(item, account_id, "MANUALLY_VERIFIED")
        }
        ("AUTH", "DEFAULT_UPDATE") => auth_default_update(item, &[account_id.to_owned()]),
        ("AUTH", "PRODUCT_PERMISSIONS_REQUIRED") => of_item(item, "AUTH", code, Value::Null),
        ("PROCESSOR_TOKEN", "WEBHOOK_UPDATE_ACKNOWLEDGED") => {
            processor_acknowledged(account_id, item.webhook.as_deref().unwrap_or_default())
        }
        _ => of_item(item, webhook_type, code, json!({"error": null})),
    }
}

/// A webhook of this type and code that is about no Item.
pub(crate) fn sample_without_item(webhook_type: &str, code: &str, clock: &Clock) -> Value {
    let (session, link_token) = (ids::uuid(), ids::token("link"));
    match (webhook_type, code) {
        ("LINK", "SESSION_FINISHED") => {
            session_finished(&session, &link_token, "SUCCESS", &[ids::token("public")])
        }
        ("LINK", "ITEM_ADD_RESULT") => {
            item_add_result(&session, &link_token, &ids::token("public"))
        }
        ("LINK", "EVENTS") => json!({
            "environment": "sandbox",
            "events": [{
                "event_id": ids::uuid(),
                "event_metadata": {"request_id": ids::request_id()},
                "event_name": "HANDOFF",
                "timestamp": clock.stamp(clock.now()),
            }],
            "link_session_id": session,
            "link_token": link_token,
            "webhook_code": "EVENTS",
            "webhook_type": "LINK",
        }),
        _ => json!({
            "environment": "sandbox",
            "webhook_code": code,
            "webhook_type": webhook_type,
        }),
    }
}
