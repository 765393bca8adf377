//! Every path with a request as full as we would ever send it, and then with the same
//! request made wrong in every place.

use serde_json::{Value, json};

use super::{BANK, MICRODEPOSIT_BANK, MICRODEPOSIT_USER, USER};
use crate::contract::stage::text;
use crate::contract::{Description, Failure, Stage, mutations};

/// Plays every path of the description.
///
/// # Errors
/// The simulator refuses a good request.
pub async fn play(stage: &Stage, description: &Description) -> Result<(), Failure> {
    for (path, body) in good(stage).await? {
        let validator = description.request(path).ok_or("Plaid has no such path")?;
        // Before the good one, which may end the Item.
        for wrong in mutations(&body) {
            if !validator.is_valid(&wrong) {
                stage.call(path, &wrong).await?;
            }
        }
        stage.good(path, &body).await?;
    }
    Ok(())
}

/// A good request for each path; those that end their Item have one of their own.
async fn good(stage: &Stage) -> Result<Vec<(&'static str, Value)>, Failure> {
    let mut good = link_tokens(stage).await?;
    good.extend(items(stage).await?);
    good.extend(processors(stage).await?);
    good.extend(sandbox(stage).await?);
    let key = stage
        .control("POST", "/webhooks/rotate-key", &json!({}))
        .await?;
    good.push((
        "/webhook_verification_key/get",
        json!({"key_id": text(&key, "/kid")?}),
    ));
    let options = json!({
        "include_optional_metadata": true,
        "include_status": true,
        "include_auth_metadata": true,
        "include_payment_initiation_metadata": true,
    });
    let body = json!({"institution_id": BANK, "country_codes": ["US"], "options": options});
    good.push(("/institutions/get_by_id", body));
    Ok(good)
}

async fn link_tokens(stage: &Stage) -> Result<Vec<(&'static str, Value)>, Failure> {
    let item = stage.link(BANK, USER).await?;
    let common = json!({
        "client_name": "Example",
        "language": "en",
        "country_codes": ["US"],
        "user": {"client_user_id": "u1"},
    });
    let new_item = json!({
        "user": {
            "client_user_id": "u1",
            "legal_name": "A B",
            "name": {"given_name": "A", "family_name": "B"},
            "phone_number": "+14155550123",
            "email_address": "a@example.com",
            "date_of_birth": "1990-01-31",
            "address": {"street": "1 Main St", "city": "Oakland", "country": "US"},
        },
        "products": ["auth"],
        "optional_products": ["identity"],
        "webhook": stage.webhook_url(),
        "redirect_uri": "https://app.example.com/oauth-return",
        "link_customization_name": "default",
        "account_filters": {"depository": {"account_subtypes": ["checking", "savings"]}},
        "auth": {"automated_microdeposits_enabled": true, "reroute_to_credentials": "OPTIONAL"},
        "institution_data": {"routing_number": "021000021"},
        "hosted_link": {"url_lifetime_seconds": 600, "is_mobile_app": false},
    });
    let update = json!({
        "access_token": item.access_token,
        "update": {"account_selection_enabled": true},
        "android_package_name": "com.example.app",
    });
    let (new_item, update) = (over(&common, &new_item), over(&common, &update));
    let created = stage.good("/link/token/create", &new_item).await?;
    Ok(vec![
        ("/link/token/create", new_item),
        ("/link/token/create", update),
        (
            "/link/token/get",
            json!({"link_token": text(&created, "/link_token")?}),
        ),
    ])
}

/// `more` put over `common`.
fn over(common: &Value, more: &Value) -> Value {
    let both = [common, more]
        .into_iter()
        .filter_map(Value::as_object)
        .flatten();
    both.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

async fn items(stage: &Stage) -> Result<Vec<(&'static str, Value)>, Failure> {
    let item = stage.link(BANK, USER).await?;
    let token = &item.access_token;
    let checking = stage.account(&item, "checking").await?;
    let of_account = json!({"access_token": token, "options": {"account_ids": [checking]}});
    let url = stage.webhook_url();
    let removed = stage.link(BANK, USER).await?.access_token;
    let replaced = stage.link(BANK, USER).await?.access_token;
    let reason = json!({"access_token": removed, "reason_code": "OTHER", "reason_note": "a test"});
    Ok(vec![
        (
            "/item/public_token/exchange",
            json!({"public_token": stage.public_token(BANK, USER).await?}),
        ),
        ("/item/get", json!({"access_token": token})),
        ("/accounts/get", of_account.clone()),
        ("/accounts/get", json!({"access_token": token})),
        ("/auth/get", of_account),
        (
            "/item/webhook/update",
            json!({"access_token": token, "webhook": url}),
        ),
        (
            "/item/webhook/update",
            json!({"access_token": token, "webhook": null}),
        ),
        (
            "/item/access_token/invalidate",
            json!({"access_token": replaced}),
        ),
        ("/item/remove", reason),
    ])
}

async fn processors(stage: &Stage) -> Result<Vec<(&'static str, Value)>, Failure> {
    let item = stage.link(BANK, USER).await?;
    let savings = stage.account(&item, "savings").await?;
    let token = stage.processor_token(&item).await?;
    let create =
        json!({"access_token": item.access_token, "account_id": savings, "processor": "astra"});
    let of_token = json!({"processor_token": token});
    let url = stage.webhook_url();
    let set = |products: Value| json!({"processor_token": token, "products": products});
    Ok(vec![
        ("/processor/token/create", create),
        (
            "/processor/token/permissions/set",
            set(json!(["auth", "balance"])),
        ),
        ("/processor/token/permissions/get", of_token.clone()),
        ("/processor/token/permissions/set", set(json!([]))),
        ("/processor/token/permissions/get", of_token.clone()),
        (
            "/processor/token/webhook/update",
            json!({"processor_token": token, "webhook": url}),
        ),
        (
            "/processor/token/webhook/update",
            json!({"processor_token": token, "webhook": null}),
        ),
        ("/processor/auth/get", of_token),
    ])
}

async fn sandbox(stage: &Stage) -> Result<Vec<(&'static str, Value)>, Failure> {
    let user = json!({"override_username": USER, "override_password": "pass_good"});
    let more = json!({
        "webhook": stage.webhook_url(),
        "transactions": {"start_date": "2026-01-01", "end_date": "2026-01-31"},
    });
    let public_token = json!({
        "institution_id": BANK,
        "initial_products": ["auth", "transactions"],
        "options": over(&user, &more),
    });
    let item = stage.link(BANK, USER).await?;
    let token = &item.access_token;
    let fire = json!({
        "access_token": token, "webhook_type": "AUTH", "webhook_code": "DEFAULT_UPDATE",
    });
    let pending = stage.link(MICRODEPOSIT_BANK, MICRODEPOSIT_USER).await?;
    let verify = json!({
        "access_token": pending.access_token,
        "account_id": stage.account(&pending, "checking").await?,
        "verification_status": "automatically_verified",
    });
    Ok(vec![
        ("/sandbox/public_token/create", public_token),
        (
            "/sandbox/processor_token/create",
            json!({"institution_id": BANK, "options": user}),
        ),
        ("/sandbox/item/fire_webhook", fire),
        ("/sandbox/item/set_verification_status", verify),
        ("/sandbox/item/reset_login", json!({"access_token": token})),
    ])
}
