//! Every user at every bank of the simulator's, and every state of an account or Item.

use serde_json::{Value, json};

use super::{BANK, USER};
use crate::contract::stage::text;
use crate::contract::{Failure, Linked, Stage};

/// The institutions of the simulator (its README lists them), and one that is not there.
const BANKS: &[&str] = &[
    "ins_109508",
    "ins_127287",
    "ins_109512",
    "ins_135858",
    "ins_13",
    "ins_56",
    "ins_127990",
    "ins_132363",
    "ins_132361",
    "ins_133402",
    "ins_0",
];
/// The users of the simulator, and one that is not there.
const USERS: &[&str] = &[
    "user_good",
    "user_single",
    "user_no_auth",
    "user_no_accounts",
    "user_transactions_dynamic",
    "microdeposits_good",
    "microdeposits_same_day",
    "user_unknown",
];
/// All that can be said of an account's verification.
const VERIFICATIONS: &[&str] = &[
    "automatically_verified",
    "pending_automatic_verification",
    "pending_manual_verification",
    "unsent",
    "manually_verified",
    "verification_expired",
    "verification_failed",
    "database_matched",
    "database_insights_pass",
    "database_insights_pass_with_caution",
    "database_insights_fail",
];
/// Errors that an Item may have.
const ERRORS: &[&str] = &[
    "ITEM_LOGIN_REQUIRED",
    "ITEM_LOCKED",
    "INSTITUTION_DOWN",
    "USER_SETUP_REQUIRED",
    "USER_PERMISSION_REVOKED",
    "ACCESS_NOT_GRANTED",
    "NEXT_YEARS_CODE",
];

/// Plays all of it.
///
/// # Errors
/// The simulator is not what its README says.
pub async fn play(stage: &Stage) -> Result<(), Failure> {
    let mut linked = 0;
    for bank in BANKS {
        look_up(stage, bank).await?;
        for user in USERS {
            linked += usize::from(link_and_look(stage, bank, user).await?);
        }
    }
    // Seven banks of the ten work for most users: less, and nothing was looked at.
    if linked < 30 {
        return Err(format!("only {linked} users could link a bank").into());
    }
    verifications(stage).await?;
    errors(stage).await
}

async fn look_up(stage: &Stage, bank: &str) -> Result<(), Failure> {
    let options = json!({
        "include_optional_metadata": true, "include_status": true,
        "include_auth_metadata": true, "include_payment_initiation_metadata": true,
    });
    for options in [json!({}), options] {
        let body = json!({"institution_id": bank, "country_codes": ["US"], "options": options});
        stage.call("/institutions/get_by_id", &body).await?;
    }
    Ok(())
}

/// Whether the user could link the bank.
async fn link_and_look(stage: &Stage, bank: &str, user: &str) -> Result<bool, Failure> {
    let options = json!({"override_username": user});
    let body = json!({"institution_id": bank, "options": options});
    stage.call("/sandbox/processor_token/create", &body).await?;
    let body = json!({"institution_id": bank, "initial_products": ["auth"], "options": options});
    let answer = stage.call("/sandbox/public_token/create", &body).await?;
    let Ok(public_token) = text(&answer.body, "/public_token") else {
        return Ok(false);
    };
    let body = json!({"public_token": public_token});
    let answer = stage.good("/item/public_token/exchange", &body).await?;
    let item = Linked {
        item_id: text(&answer, "/item_id")?,
        access_token: text(&answer, "/access_token")?,
    };
    look_at(stage, &item).await?;
    Ok(true)
}

/// Everything that can be asked about an Item, and each of its accounts handed to Astra.
async fn look_at(stage: &Stage, item: &Linked) -> Result<(), Failure> {
    let of_item = json!({"access_token": item.access_token});
    for path in ["/item/get", "/accounts/get", "/auth/get"] {
        stage.call(path, &of_item).await?;
    }
    let known = stage
        .control("GET", &format!("/items/{}", item.item_id), &Value::Null)
        .await?;
    let accounts = known
        .get("accounts")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    for account in accounts {
        let body = json!({
            "access_token": item.access_token,
            "account_id": text(&account, "/account_id")?,
            "processor": "astra",
        });
        let answer = stage.call("/processor/token/create", &body).await?;
        if let Ok(token) = text(&answer.body, "/processor_token") {
            stage
                .call("/processor/auth/get", &json!({"processor_token": token}))
                .await?;
        }
    }
    Ok(())
}

async fn verifications(stage: &Stage) -> Result<(), Failure> {
    let item = stage.link(BANK, USER).await?;
    let account = format!(
        "/items/{}/accounts/{}",
        item.item_id,
        stage.account(&item, "checking").await?
    );
    for status in VERIFICATIONS {
        stage
            .control("POST", &account, &json!({"verification_status": status}))
            .await?;
        look_at(stage, &item).await?;
    }
    let added = json!({"name": "Other", "type": "other", "subtype": "other"});
    stage
        .control("POST", &format!("/items/{}/accounts", item.item_id), &added)
        .await?;
    look_at(stage, &item).await
}

async fn errors(stage: &Stage) -> Result<(), Failure> {
    for code in ERRORS {
        let item = stage.link(BANK, USER).await?;
        let change = json!({
            "error": {"error_code": code}, "consent_expiration_time": "2027-01-31T10:00:00Z",
        });
        stage
            .control("POST", &format!("/items/{}", item.item_id), &change)
            .await?;
        look_at(stage, &item).await?;
    }
    Ok(())
}
