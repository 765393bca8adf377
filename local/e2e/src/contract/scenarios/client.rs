//! Our client, through all its calls and the errors that they meet.

use std::fmt::Debug;
use std::time::Duration;

use plaid_webhook::KeyId;
use serde_json::json;
use shared::domain::{
    AccessToken, AccountId, Deadline, HostedLink, LinkPurpose, LinkTokenRequest, Microdeposits,
    PlaidFailure, PublicToken,
};
use shared::ports::{
    Accounts as _, Clock as _, ItemRemoval as _, Items as _, LinkTokens as _, ProcessorTokens as _,
    PublicTokens as _, VerificationKeys as _,
};
use shared::system_clock::SystemClock;

use super::{BANK, MICRODEPOSIT_BANK, MICRODEPOSIT_USER, NOBODYS, USER, client_faults};
use crate::contract::stage::text;
use crate::contract::{Failure, OurClient, Stage};

/// The paths of all calls that our client makes.
pub const PATHS: &[&str] = &[
    "/accounts/get",
    "/item/get",
    "/item/public_token/exchange",
    "/item/remove",
    "/link/token/create",
    "/processor/token/create",
    "/webhook_verification_key/get",
];

/// Plays everything that our client can do.
///
/// # Errors
/// Something did not go as the scenario has it.
pub async fn play(stage: &Stage) -> Result<(), Failure> {
    let client = stage.client()?;
    link_tokens(&client, stage).await?;
    life_of_an_item(&client, stage).await?;
    verification_keys(&client, stage).await?;
    refused_link_tokens(&client, stage).await?;
    refused_exchanges(&client, stage).await?;
    refused_accounts(&client, stage).await?;
    refused_processor_tokens(&client, stage).await?;
    wrong_keys(stage).await?;
    client_faults::play(&client, stage).await
}

pub(super) fn deadline() -> Deadline {
    Deadline::after(SystemClock.now(), Duration::from_secs(20))
}

pub(super) fn link_token_request() -> LinkTokenRequest {
    LinkTokenRequest {
        client_name: "Example".to_owned(),
        country_codes: vec!["US".to_owned()],
        link_customization: None,
        client_user_id: "5feceb66ffc86f38".to_owned(),
        language: "en".to_owned(),
        redirect_uri: None,
        android_package_name: None,
        purpose: LinkPurpose::NewItem {
            webhook: "https://api.example.com/v1/webhooks/plaid".to_owned(),
            microdeposits: Microdeposits::default(),
        },
        hosted: None,
    }
}

/// Lets through only a refusal with this code.
fn refused<T: Debug>(result: Result<T, PlaidFailure>, code: &str) -> Result<(), Failure> {
    match result {
        Err(PlaidFailure::Refused { error, .. }) if error.is(code) => Ok(()),
        other => Err(format!("not refused with {code}: {other:?}").into()),
    }
}

/// Everything that a deployment or a front end may choose.
async fn link_tokens(client: &OurClient, stage: &Stage) -> Result<(), Failure> {
    let bare = link_token_request();
    let purpose = LinkPurpose::NewItem {
        webhook: stage.webhook_url().to_owned(),
        microdeposits: Microdeposits {
            automated: true,
            same_day: true,
            instant: true,
        },
    };
    let redirect_uri = Some("https://app.example.com/oauth-return".to_owned());
    let android_package_name = Some("com.example.app".to_owned());
    let link_customization = Some("single_account".to_owned());
    let web = LinkTokenRequest {
        purpose,
        redirect_uri,
        link_customization,
        ..bare.clone()
    };
    let android = LinkTokenRequest {
        redirect_uri: None,
        android_package_name,
        ..web.clone()
    };
    let hosted = LinkTokenRequest {
        hosted: Some(HostedLink {
            completion_redirect_uri: Some("https://app.example.com/done".to_owned()),
            url_lifetime_seconds: Some(3600),
            is_mobile_app: Some(true),
        }),
        ..bare.clone()
    };
    for request in [bare, web, android, hosted] {
        client.create_link_token(&request, deadline()).await?;
    }
    Ok(())
}

/// Update mode, with and without a new choice of accounts, in the application and on a page of
/// Plaid's own.
async fn update_mode(client: &OurClient, access_token: &AccessToken) -> Result<(), Failure> {
    for (account_selection_enabled, hosted) in [(false, false), (true, false), (false, true)] {
        let request = LinkTokenRequest {
            purpose: LinkPurpose::Update {
                access_token: access_token.clone(),
                webhook: hosted.then(|| "https://api.example.com/v1/webhooks/plaid".to_owned()),
                account_selection_enabled,
            },
            hosted: hosted.then(HostedLink::default),
            ..link_token_request()
        };
        client.create_link_token(&request, deadline()).await?;
    }
    Ok(())
}

async fn life_of_an_item(client: &OurClient, stage: &Stage) -> Result<(), Failure> {
    let public_token = PublicToken::new(stage.public_token(BANK, USER).await?);
    let item = client.exchange(&public_token, deadline()).await?;
    let token = &item.access_token;
    let snapshot = client.accounts(token, deadline()).await?;
    client.item(token, deadline()).await?;
    update_mode(client, token).await?;
    let checking = snapshot
        .accounts
        .iter()
        .find(|account| account.subtype.as_deref() == Some("checking"));
    let account_id = &checking
        .ok_or("the Item has no checking account")?
        .account_id;
    client
        .create_processor_token(token, account_id, &"astra".parse()?, deadline())
        .await?;
    stage
        .control(
            "POST",
            &format!("/items/{}", item.item_id.as_str()),
            &broken(),
        )
        .await?;
    client.item(token, deadline()).await?;
    refused(
        client.accounts(token, deadline()).await,
        "ITEM_LOGIN_REQUIRED",
    )?;
    client.remove_item(token, deadline()).await?;
    // Plaid refuses this one; for our client it is as good.
    client.remove_item(token, deadline()).await?;
    refused(client.item(token, deadline()).await, "ITEM_NOT_FOUND")?;
    refused(client.accounts(token, deadline()).await, "ITEM_NOT_FOUND")
}

fn broken() -> serde_json::Value {
    json!({"error": {"error_code": "ITEM_LOGIN_REQUIRED"}, "fire_webhook": true})
}

pub(super) fn key_id(text: &str) -> Result<KeyId, Failure> {
    KeyId::parse(text).ok_or_else(|| format!("no key id: {text}").into())
}

async fn verification_keys(client: &OurClient, stage: &Stage) -> Result<(), Failure> {
    let no_wait = json!({});
    let rotate = || stage.control("POST", "/webhooks/rotate-key", &no_wait);
    let old = key_id(&text(&rotate().await?, "/kid")?)?;
    let new = key_id(&text(&rotate().await?, "/kid")?)?;
    for (key_id, expired) in [(old, true), (new, false)] {
        let key = client.verification_key(&key_id, deadline()).await?;
        let key = key.ok_or("the simulator does not know its own key")?;
        if key.expired_at.is_some() != expired {
            return Err("the wrong key has expired".into());
        }
    }
    match client
        .verification_key(&key_id("no-such-key")?, deadline())
        .await?
    {
        None => Ok(()),
        Some(_) => Err("there is a key that nobody made".into()),
    }
}

async fn refused_link_tokens(client: &OurClient, stage: &Stage) -> Result<(), Failure> {
    let allowed = json!({"allowed_redirect_uris": ["https://app.example.com/oauth-return"]});
    stage.control("POST", "/settings", &allowed).await?;
    let elsewhere = LinkTokenRequest {
        redirect_uri: Some("https://elsewhere.example.com/".to_owned()),
        ..link_token_request()
    };
    refused(
        client.create_link_token(&elsewhere, deadline()).await,
        "INVALID_FIELD",
    )?;
    stage
        .control("POST", "/settings", &json!({"allowed_redirect_uris": null}))
        .await?;
    Ok(())
}

async fn refused_exchanges(client: &OurClient, stage: &Stage) -> Result<(), Failure> {
    let used = PublicToken::new(stage.public_token(BANK, USER).await?);
    client.exchange(&used, deadline()).await?;
    let expired = PublicToken::new(stage.public_token(BANK, USER).await?);
    stage.pass_time(0, 31).await?;
    let unknown = PublicToken::new(format!("public{NOBODYS}"));
    let production = PublicToken::new("public-production-00000000-0000-4000-8000-000000000000");
    for token in [used, expired, unknown, production] {
        refused(
            client.exchange(&token, deadline()).await,
            "INVALID_PUBLIC_TOKEN",
        )?;
    }
    let again = PublicToken::new(stage.public_token(BANK, USER).await?);
    stage
        .control(
            "POST",
            "/settings",
            &json!({"second_exchange": "same_item"}),
        )
        .await?;
    let first = client.exchange(&again, deadline()).await?;
    let second = client.exchange(&again, deadline()).await?;
    stage
        .control("POST", "/settings", &json!({"second_exchange": "refuse"}))
        .await?;
    if first.item_id == second.item_id {
        return Ok(());
    }
    Err("a second exchange made a second Item".into())
}

async fn refused_accounts(client: &OurClient, stage: &Stage) -> Result<(), Failure> {
    let unknown = AccessToken::new(format!("access{NOBODYS}"));
    refused(
        client.accounts(&unknown, deadline()).await,
        "INVALID_ACCESS_TOKEN",
    )?;
    refused(
        client.item(&unknown, deadline()).await,
        "INVALID_ACCESS_TOKEN",
    )?;
    refused(
        client.remove_item(&unknown, deadline()).await,
        "INVALID_ACCESS_TOKEN",
    )?;
    let item = stage.link(BANK, USER).await?;
    let path = format!("/items/{}", item.item_id);
    stage
        .control(
            "POST",
            &path,
            &json!({"revoke": true, "fire_webhook": true}),
        )
        .await?;
    let token = AccessToken::new(item.access_token);
    client.item(&token, deadline()).await?;
    refused(
        client.accounts(&token, deadline()).await,
        "USER_PERMISSION_REVOKED",
    )
}

async fn refused_processor_tokens(client: &OurClient, stage: &Stage) -> Result<(), Failure> {
    let item = stage.link(BANK, USER).await?;
    let card = AccountId::new(stage.account(&item, "credit card").await?);
    let pending = stage.link(MICRODEPOSIT_BANK, MICRODEPOSIT_USER).await?;
    let waiting = AccountId::new(stage.account(&pending, "checking").await?);
    let nobodys = AccountId::new("nobodys");
    let astra = "astra".parse()?;
    for (item, account_id, code) in [
        (&item, &card, "ITEM_NOT_SUPPORTED"),
        (&item, &nobodys, "INVALID_ACCOUNT_ID"),
        (&item, &waiting, "INVALID_ACCOUNT_ID"),
        (&pending, &waiting, "PRODUCT_NOT_READY"),
    ] {
        let token = AccessToken::new(item.access_token.clone());
        let result = client
            .create_processor_token(&token, account_id, &astra, deadline())
            .await;
        refused(result, code)?;
    }
    stage
        .control(
            "POST",
            "/settings",
            &json!({"enabled_processors": ["dwolla"]}),
        )
        .await?;
    let token = AccessToken::new(pending.access_token.clone());
    let result = client
        .create_processor_token(&token, &waiting, &astra, deadline())
        .await;
    stage
        .control("POST", "/settings", &json!({"enabled_processors": null}))
        .await?;
    refused(result, "INVALID_PRODUCT")
}

async fn wrong_keys(stage: &Stage) -> Result<(), Failure> {
    let client = stage.client_with("not-the-secret")?;
    let result = client
        .create_link_token(&link_token_request(), deadline())
        .await;
    refused(result, "INVALID_API_KEYS")?;
    let token = PublicToken::new(stage.public_token(BANK, USER).await?);
    refused(
        client.exchange(&token, deadline()).await,
        "INVALID_API_KEYS",
    )
}
