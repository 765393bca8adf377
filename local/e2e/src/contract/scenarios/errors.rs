//! Requests of the right shape that are refused for what they say.

use serde_json::{Value, json};

use super::{BANK, NOBODYS, USER};
use crate::contract::stage::text;
use crate::contract::{Description, Failure, Linked, Stage};

/// Plays the errors of every path.
///
/// # Errors
/// A request was not refused as it should.
pub async fn play(stage: &Stage, description: &Description) -> Result<(), Failure> {
    for path in description.paths() {
        around_the_body(stage, path).await?;
    }
    let item = stage.link(BANK, USER).await?;
    tokens(stage, &item).await?;
    link_tokens(stage).await?;
    logins(stage).await?;
    accounts(stage, &item).await?;
    webhooks(stage, &item).await?;
    processor_tokens(stage, &item).await?;
    ended_items(stage).await
}

/// Keys, headers and bodies: the same at every path.
async fn around_the_body(stage: &Stage, path: &str) -> Result<(), Failure> {
    for (name, value) in [
        ("PLAID-SECRET", "not-the-secret"),
        ("Plaid-Version", "2017-03-08"),
        ("Content-Type", "text/plain"),
    ] {
        let mut request = stage.request(path).body("{}").build()?;
        request.headers_mut().insert(name, value.parse()?);
        refuse(path, &stage.http().execute(request).await?)?;
    }
    for body in ["", "no json", "[]", "{}", "{\"client_id\": 5}"] {
        refuse(path, &stage.request(path).body(body).send().await?)?;
    }
    // Neither headers nor a body.
    let url = stage.request(path).build()?.url().clone();
    refuse(path, &stage.http().post(url).send().await?)
}

fn refuse(path: &str, answer: &reqwest::Response) -> Result<(), Failure> {
    if answer.status().is_client_error() {
        return Ok(());
    }
    Err(format!("{path} is not refused: {}", answer.status()).into())
}

/// Tokens that are nobody's, at every path that takes one.
async fn tokens(stage: &Stage, item: &Linked) -> Result<(), Failure> {
    let access = json!({"access_token": format!("access{NOBODYS}")});
    for path in [
        "/item/get",
        "/item/remove",
        "/item/webhook/update",
        "/accounts/get",
        "/auth/get",
        "/item/access_token/invalidate",
        "/sandbox/item/reset_login",
    ] {
        stage.bad(path, &access, "INVALID_ACCESS_TOKEN").await?;
    }
    let processor = json!({"processor_token": format!("processor{NOBODYS}")});
    for path in ["/processor/token/permissions/get", "/processor/auth/get"] {
        stage
            .bad(path, &processor, "INVALID_PROCESSOR_TOKEN")
            .await?;
    }
    let link = json!({"link_token": format!("link{NOBODYS}")});
    stage
        .bad("/link/token/get", &link, "INVALID_LINK_TOKEN")
        .await?;
    let public = json!({"public_token": item.access_token});
    stage
        .bad(
            "/item/public_token/exchange",
            &public,
            "INVALID_PUBLIC_TOKEN",
        )
        .await?;
    let key = json!({"key_id": "no-such-key"});
    let code = "INVALID_WEBHOOK_VERIFICATION_KEY_ID";
    stage.bad("/webhook_verification_key/get", &key, code).await
}

async fn link_tokens(stage: &Stage) -> Result<(), Failure> {
    for (field, value, code) in [
        ("products", json!(["balance"]), "INVALID_PRODUCT"),
        ("products", json!([]), "INVALID_FIELD"),
        ("optional_products", json!(["auth"]), "INVALID_FIELD"),
        ("language", json!("tlh"), "INVALID_FIELD"),
        (
            "redirect_uri",
            json!("http://app.example.com/"),
            "INVALID_FIELD",
        ),
        (
            "hosted_link",
            json!({"url_lifetime_seconds": 1_814_401}),
            "INVALID_FIELD",
        ),
        (
            "access_token",
            json!(format!("access{NOBODYS}")),
            "INVALID_ACCESS_TOKEN",
        ),
    ] {
        let mut body = json!({
            "client_name": "Example", "language": "en", "country_codes": ["US"],
            "user": {"client_user_id": "u1"}, "products": ["auth"],
        });
        if let Some(body) = body.as_object_mut() {
            body.insert(field.to_owned(), value);
        }
        stage.bad("/link/token/create", &body, code).await?;
    }
    Ok(())
}

/// Logins that fail, with every code that a password can ask for.
async fn logins(stage: &Stage) -> Result<(), Failure> {
    let codes = [
        "INVALID_CREDENTIALS",
        "INVALID_MFA",
        "ITEM_LOCKED",
        "ITEM_NOT_SUPPORTED",
        "MFA_NOT_SUPPORTED",
        "USER_SETUP_REQUIRED",
        "INSTITUTION_DOWN",
        "INSTITUTION_NOT_RESPONDING",
        "INTERNAL_SERVER_ERROR",
        "NEXT_YEARS_CODE",
    ];
    for code in codes {
        let options = json!({"override_password": format!("error_{code}")});
        for path in [
            "/sandbox/public_token/create",
            "/sandbox/processor_token/create",
        ] {
            let mut body = json!({"institution_id": BANK, "options": options});
            if let Some(body) = body.as_object_mut().filter(|_| path.contains("public")) {
                body.insert("initial_products".to_owned(), json!(["auth"]));
            }
            stage.bad(path, &body, code).await?;
        }
    }
    let body = json!({"institution_id": "ins_0", "country_codes": ["US"]});
    stage
        .bad("/institutions/get_by_id", &body, "INVALID_INSTITUTION")
        .await?;
    let body = json!({"institution_id": BANK, "initial_products": ["balance"]});
    stage
        .bad("/sandbox/public_token/create", &body, "INVALID_PRODUCT")
        .await
}

async fn accounts(stage: &Stage, item: &Linked) -> Result<(), Failure> {
    let token = &item.access_token;
    let nobodys = json!({"access_token": token, "options": {"account_ids": ["nobodys"]}});
    for path in ["/accounts/get", "/auth/get"] {
        stage.bad(path, &nobodys, "INVALID_ACCOUNT_ID").await?;
    }
    let body = json!({"access_token": token, "account_id": "nobodys", "processor": "astra"});
    stage
        .bad("/processor/token/create", &body, "INVALID_ACCOUNT_ID")
        .await?;
    let verify = |account_id: &str| {
        json!({
            "access_token": token, "account_id": account_id,
            "verification_status": "automatically_verified",
        })
    };
    let path = "/sandbox/item/set_verification_status";
    stage
        .bad(path, &verify("nobodys"), "INVALID_ACCOUNT_ID")
        .await?;
    let checking = stage.account(item, "checking").await?;
    stage.bad(path, &verify(&checking), "INVALID_FIELD").await
}

async fn webhooks(stage: &Stage, item: &Linked) -> Result<(), Failure> {
    let fire = |webhook_type: &str, code: &str| {
        let token = &item.access_token;
        json!({"access_token": token, "webhook_type": webhook_type, "webhook_code": code})
    };
    let path = "/sandbox/item/fire_webhook";
    let wrong_product = fire("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE");
    stage
        .bad(path, &wrong_product, "SANDBOX_PRODUCT_NOT_ENABLED")
        .await?;
    stage
        .bad(path, &fire("AUTH", "PRODUCT_READY"), "INVALID_FIELD")
        .await?;
    let nowhere = json!({"access_token": item.access_token, "webhook": null});
    stage.good("/item/webhook/update", &nowhere).await?;
    stage
        .bad(path, &fire("ITEM", "ERROR"), "SANDBOX_WEBHOOK_INVALID")
        .await
}

/// A processor token that may not do what is asked of it.
async fn processor_tokens(stage: &Stage, item: &Linked) -> Result<(), Failure> {
    let token = stage.processor_token(item).await?;
    let body = json!({"processor_token": token, "products": ["identity"]});
    stage
        .good("/processor/token/permissions/set", &body)
        .await?;
    stage
        .bad(
            "/processor/auth/get",
            &json!({"processor_token": token}),
            "INVALID_PRODUCT",
        )
        .await
}

/// Items that are over: removed, or with a token that was replaced.
async fn ended_items(stage: &Stage) -> Result<(), Failure> {
    let item = stage.link(BANK, USER).await?;
    let old: Value = json!({"access_token": item.access_token});
    let answer = stage.good("/item/access_token/invalidate", &old).await?;
    stage.bad("/item/get", &old, "INVALID_ACCESS_TOKEN").await?;
    let new = json!({"access_token": answer.get("new_access_token")});
    let processor_token = json!({"processor_token": stage.processor_token(&Linked {
        item_id: item.item_id,
        access_token: text(&answer, "/new_access_token")?,
    }).await?});
    stage.good("/item/remove", &new).await?;
    stage.bad("/item/get", &new, "ITEM_NOT_FOUND").await?;
    stage.bad("/item/remove", &new, "ITEM_NOT_FOUND").await?;
    stage
        .bad("/processor/auth/get", &processor_token, "ITEM_NOT_FOUND")
        .await
}
