//! The endpoints that only the Sandbox has.

use jiff::SignedDuration;
use serde_json::json;

use super::{Answer, Call, processors, tokens};
use crate::bank::login::{GOOD_PASSWORD, GOOD_USER, Login, log_in};
use crate::webhooks::body;
use crate::wire::check::is_url;
use crate::wire::error::PlaidError;
use crate::wire::request::Request;
use crate::world::ids;
use crate::world::item::{Item, ItemState};
use crate::world::tokens::PublicToken;

/// How long a public token lives.
const PUBLIC_TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(30);

/// What the Items of a login are made with.
pub(crate) struct NewItem<'a> {
    pub(crate) username: &'a str,
    pub(crate) products: Vec<String>,
    pub(crate) webhook: Option<String>,
    pub(crate) link_session_id: Option<String>,
}

pub(super) fn create_public_token(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let products = request.texts("initial_products");
    check_products(&products)?;
    let options = request.object("options");
    let username = options.maybe("override_username").unwrap_or(GOOD_USER);
    let password = options.maybe("override_password").unwrap_or(GOOD_PASSWORD);
    let login = log_in(request.text("institution_id"), username, password)?;
    let new = NewItem {
        username,
        products,
        webhook: options.maybe("webhook").map(str::to_owned),
        link_session_id: None,
    };
    Ok(json!({"public_token": link(call, login, new)}))
}

/// Refuses products that cannot be asked for at the start.
pub(crate) fn check_products(products: &[String]) -> Result<(), PlaidError> {
    let unsupported = Item::unsupported(products);
    // `balance` comes with every Item and is not to be asked for.
    if let Some(product) = unsupported.first().copied().or(products
        .iter()
        .map(String::as_str)
        .find(|p| *p == "balance"))
    {
        return Err(
            PlaidError::of("INVALID_PRODUCT").saying(format!("{product} cannot be asked for here"))
        );
    }
    Ok(())
}

/// Makes a pending Item and its public token, as Link does when it ends well.
pub(crate) fn link(call: &mut Call<'_>, login: Login, new: NewItem<'_>) -> String {
    let item_id = ids::plaid_id();
    let consent = login
        .institution
        .and_then(|institution| institution.consent_days);
    let item = Item {
        item_id: item_id.clone(),
        state: ItemState::Pending,
        institution_id: login
            .institution
            .map(|institution| institution.id.to_owned()),
        username: new.username.to_owned(),
        access_token: None,
        webhook: new.webhook,
        products: new.products,
        auth_method: Some(login.auth_method),
        error: None,
        accounts: login.accounts,
        consent_expires_at: consent.and_then(|days| {
            call.now
                .checked_add(SignedDuration::from_hours(24 * days))
                .ok()
        }),
        created_at: call.now,
        logged_in_at: call.now,
        last_webhook: None,
        deposit_code_misses: 0,
    };
    call.world.items.insert(item_id.clone(), item);
    let token = ids::token("public");
    let row = PublicToken {
        item_id,
        expires_at: call
            .now
            .saturating_add(PUBLIC_TOKEN_LIFE)
            .unwrap_or(call.now),
        exchanged: false,
        link_session_id: new.link_session_id,
    };
    call.world.public_tokens.insert(token.clone(), row);
    token
}

/// A live Item and a processor token for its first account that can be debited.
pub(super) fn create_processor_token(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let options = request.object("options");
    let username = options.maybe("override_username").unwrap_or(GOOD_USER);
    let password = options.maybe("override_password").unwrap_or(GOOD_PASSWORD);
    let login = log_in(request.text("institution_id"), username, password)?;
    let account_id = login
        .accounts
        .iter()
        .find(|account| account.is_debitable())
        .map(|account| account.account_id.clone())
        .ok_or_else(|| PlaidError::of("NO_AUTH_ACCOUNTS"))?;
    let new = NewItem {
        username,
        products: vec!["auth".to_owned()],
        webhook: None,
        link_session_id: None,
    };
    let public_token = link(call, login, new);
    let item_id = match call.world.public_tokens.get_mut(&public_token) {
        Some(token) => {
            token.exchanged = true;
            token.item_id.clone()
        }
        None => return Err(PlaidError::of("INTERNAL_SERVER_ERROR")),
    };
    tokens::go_live(call.world, &item_id, &ids::token("access"));
    // The call names no processor, and the token works for any.
    let token = processors::issue(call, &item_id, &account_id, "sandbox");
    Ok(json!({"processor_token": token}))
}

/// Fires a webhook. What it says need not be true.
pub(super) fn fire_webhook(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let item = call.world.item_of(request.text("access_token"))?;
    let code = request.text("webhook_code");
    let webhook_type = request
        .maybe("webhook_type")
        .unwrap_or_else(|| default_type(item, code));
    let products = needed_products(webhook_type, code).ok_or_else(|| {
        PlaidError::of("INVALID_FIELD").saying(format!("{webhook_type} has no webhook {code}"))
    })?;
    if !products.is_empty() && !products.iter().any(|product| item.has_product(product)) {
        return Err(PlaidError::of("SANDBOX_PRODUCT_NOT_ENABLED"));
    }
    if !item.webhook.as_deref().is_some_and(is_url) {
        return Err(PlaidError::of("SANDBOX_WEBHOOK_INVALID"));
    }
    let item_id = item.item_id.clone();
    let clock = call.clock;
    call.world.notify(&item_id, clock, |item| {
        body::sample(item, webhook_type, code, clock)
    });
    Ok(json!({"webhook_fired": true}))
}

/// The type of a code that was sent without one.
fn default_type(item: &Item, code: &str) -> &'static str {
    match code {
        "DEFAULT_UPDATE" if item.has_product("transactions") => "TRANSACTIONS",
        "DEFAULT_UPDATE" | "SMS_MICRODEPOSITS_VERIFICATION" => "AUTH",
        "RECURRING_TRANSACTIONS_UPDATE" | "SYNC_UPDATES_AVAILABLE" => "TRANSACTIONS",
        "PRODUCT_READY" => "ASSETS",
        _ => "ITEM",
    }
}

/// One of these products must be on the Item; none is needed for an empty list,
/// and `None` means that there is no such webhook.
fn needed_products(webhook_type: &str, code: &str) -> Option<&'static [&'static str]> {
    Some(match (webhook_type, code) {
        (
            "ITEM",
            "NEW_ACCOUNTS_AVAILABLE"
            | "AUTHORIZATION_GRANTED"
            | "USER_PERMISSION_REVOKED"
            | "USER_ACCOUNT_REVOKED"
            | "PENDING_DISCONNECT"
            | "LOGIN_REPAIRED"
            | "ERROR",
        ) => &[],
        ("AUTH", "DEFAULT_UPDATE" | "SMS_MICRODEPOSITS_VERIFICATION") => &["auth"],
        (
            "TRANSACTIONS",
            "DEFAULT_UPDATE" | "SYNC_UPDATES_AVAILABLE" | "RECURRING_TRANSACTIONS_UPDATE",
        ) => &["transactions"],
        ("HOLDINGS" | "INVESTMENTS_TRANSACTIONS", "DEFAULT_UPDATE") => &["investments"],
        ("LIABILITIES", "DEFAULT_UPDATE") => &["liabilities"],
        ("ASSETS", "PRODUCT_READY" | "ERROR") => &["assets"],
        _ => return None,
    })
}

pub(super) fn reset_login(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let item_id = call
        .world
        .item_of(request.text("access_token"))?
        .item_id
        .clone();
    call.world.require_login(&item_id, call.clock);
    Ok(json!({"reset_login": true}))
}

/// Ends an automated micro-deposit, one way or the other.
pub(super) fn set_verification_status(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let item = call.world.item_of(request.text("access_token"))?;
    let (item_id, account_id) = (item.item_id.clone(), request.text("account_id"));
    let account = item
        .account(account_id)
        .ok_or_else(|| PlaidError::of("INVALID_ACCOUNT_ID"))?;
    if account.verification_status.as_deref() != Some("pending_automatic_verification") {
        return Err(PlaidError::of("INVALID_FIELD")
            .saying("the account waits for no automated micro-deposit"));
    }
    let status = request.text("verification_status");
    if let Some(account) = call
        .world
        .items
        .get_mut(&item_id)
        .and_then(|item| item.account_mut(account_id))
    {
        account.verification_status = Some(status.to_owned());
    }
    call.world.notify(&item_id, call.clock, |item| {
        if status == "automatically_verified" {
            body::automatically_verified(item, account_id)
        } else {
            body::verification_expired(item, account_id)
        }
    });
    Ok(json!({}))
}
