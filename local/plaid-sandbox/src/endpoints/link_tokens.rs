//! Link tokens.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Answer, Call};
use crate::wire::error::PlaidError;
use crate::wire::request::Request;
use crate::wire::vocabulary::LANGUAGES;
use crate::world::ids;
use crate::world::link::{LinkSession, LinkToken};
use crate::world::settings::Settings;

const NEW_ITEM_LIFE: i64 = 4 * 3600;
const UPDATE_LIFE: i64 = 30 * 60;
const DAY: i64 = 24 * 3600;
/// The longest life of a Hosted Link URL.
const LONGEST_URL_LIFE: i64 = 21 * DAY;

/// The lists of products, none of which may share a product with another.
const PRODUCT_LISTS: [&str; 4] = [
    "products",
    "required_if_supported_products",
    "optional_products",
    "additional_consented_products",
];

pub(super) fn create(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let item_id = match request.maybe("access_token") {
        Some(token) => Some(call.world.item_of(token)?.item_id.clone()),
        None => None,
    };
    check_user(request)?;
    check_products(request, item_id.is_some())?;
    check_update(request, item_id.is_some())?;
    check_language_and_countries(request)?;
    check_redirect(request, &call.world.settings())?;
    let life = SignedDuration::from_secs(life(request, item_id.is_some())?);
    let expires_at = call.now.saturating_add(life).unwrap_or(call.now);
    let link_token = ids::token("link");
    let hosted = request.has("hosted_link");
    let row = LinkToken {
        created_at: call.now,
        expires_at,
        request: remembered(request),
        item_id,
        hosted,
        hosted_id: hosted.then(ids::uuid),
        session_ids: Vec::new(),
    };
    let mut answer = json!({"expiration": call.clock.stamp(expires_at), "link_token": link_token});
    if let (Some(id), Some(answer)) = (&row.hosted_id, answer.as_object_mut()) {
        let url = format!("http://{}/hosted-link/{id}", call.host);
        answer.insert("hosted_link_url".to_owned(), json!(url));
    }
    call.world.link_tokens.insert(link_token, row);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>, request: Request<'_>) -> Answer {
    let link_token = request.text("link_token");
    let found = call.world.link_token(link_token)?;
    let sessions: Vec<Value> = found
        .session_ids
        .iter()
        .filter_map(|id| call.world.link_sessions.get(id))
        .map(|session: &LinkSession| session.view(found.hosted, call.clock))
        .collect();
    Ok(json!({
        "created_at": call.clock.stamp(found.created_at),
        "expiration": call.clock.stamp(found.expires_at),
        "link_sessions": sessions,
        "link_token": link_token,
        "metadata": found.metadata(),
    }))
}

fn invalid(message: &str) -> PlaidError {
    PlaidError::of("INVALID_FIELD").saying(message)
}

fn check_user(request: Request<'_>) -> Result<(), PlaidError> {
    if request.has("user") || request.has("user_id") {
        return Ok(());
    }
    Err(PlaidError::of("MISSING_FIELDS").saying("required but not sent: user or user_id"))
}

fn check_products(request: Request<'_>, update: bool) -> Result<(), PlaidError> {
    let products = request.texts("products");
    if update && !products.is_empty() {
        return Err(invalid("products must be left out in update mode"));
    }
    if !update && products.is_empty() {
        return Err(invalid("products must name at least one product"));
    }
    let mut seen = Vec::new();
    for product in PRODUCT_LISTS.iter().flat_map(|list| request.texts(list)) {
        if product == "balance" {
            return Err(PlaidError::of("INVALID_PRODUCT")
                .saying("balance comes with every Item and cannot be asked for"));
        }
        if seen.contains(&product) {
            return Err(invalid(&format!(
                "{product} is in more than one list of products"
            )));
        }
        seen.push(product);
    }
    Ok(())
}

/// Fields that only make sense for an existing Item.
fn check_update(request: Request<'_>, update: bool) -> Result<(), PlaidError> {
    let wanted = request.object("update");
    let needs_item =
        wanted.flag("account_selection_enabled") || wanted.flag("reauthorization_enabled");
    if needs_item && !update {
        return Err(invalid("update needs the access_token of the Item"));
    }
    Ok(())
}

fn check_language_and_countries(request: Request<'_>) -> Result<(), PlaidError> {
    if !LANGUAGES.contains(&request.text("language")) {
        return Err(invalid("language is not one that Link speaks"));
    }
    let auth = request.object("auth");
    let microdeposits = [
        "automated_microdeposits_enabled",
        "instant_microdeposits_enabled",
        "same_day_microdeposits_enabled",
    ];
    let only_us = request.texts("country_codes") == ["US"];
    if !only_us && microdeposits.iter().any(|flow| auth.flag(flow)) {
        return Err(invalid(
            "micro-deposits need country_codes to be exactly US",
        ));
    }
    Ok(())
}

fn check_redirect(request: Request<'_>, settings: &Settings) -> Result<(), PlaidError> {
    let Some(text) = request.maybe("redirect_uri").filter(|uri| !uri.is_empty()) else {
        return Ok(());
    };
    if request
        .maybe("android_package_name")
        .is_some_and(|name| !name.is_empty())
    {
        return Err(invalid(
            "redirect_uri must be blank when android_package_name is set",
        ));
    }
    let uri = url::Url::parse(text).map_err(|_| invalid("redirect_uri must be a URL"))?;
    let local = matches!(uri.host_str(), Some("localhost" | "127.0.0.1"));
    if uri.scheme() != "https" && !(uri.scheme() == "http" && local) {
        return Err(invalid("redirect_uri must be https, or http on localhost"));
    }
    if uri.query().is_some() || uri.fragment().is_some() {
        return Err(invalid(
            "redirect_uri must have neither a query nor a fragment",
        ));
    }
    match &settings.allowed_redirect_uris {
        Some(allowed) if !allowed.iter().any(|allowed| allowed == text) => {
            Err(invalid("redirect_uri is not on the list of allowed ones"))
        }
        _ => Ok(()),
    }
}

/// The life of the link token, in seconds.
fn life(request: Request<'_>, update: bool) -> Result<i64, PlaidError> {
    if !request.has("hosted_link") {
        return Ok(if update { UPDATE_LIFE } else { NEW_ITEM_LIFE });
    }
    let hosted = request.object("hosted_link");
    match (
        hosted.integer("url_lifetime_seconds"),
        hosted.maybe("delivery_method"),
    ) {
        (Some(life), _) if (1..=LONGEST_URL_LIFE).contains(&life) => Ok(life),
        (Some(_), _) => Err(invalid("hosted_link.url_lifetime_seconds is 1 to 1814400")),
        (None, Some("sms")) => Ok(DAY),
        (None, Some("email")) => Ok(7 * DAY),
        (None, _) => Ok(UPDATE_LIFE),
    }
}

/// What is kept of the request: no token, nothing personal.
fn remembered(request: Request<'_>) -> Value {
    let names = [
        "account_filters",
        "auth",
        "client_name",
        "country_codes",
        "hosted_link",
        "institution_data",
        "language",
        "redirect_uri",
        "update",
        "webhook",
    ];
    let kept = names.iter().chain(&PRODUCT_LISTS);
    kept.filter_map(|name| Some(((*name).to_owned(), request.raw(name)?.clone())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
