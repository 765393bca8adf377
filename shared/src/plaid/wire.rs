//! Plaid's JSON. This is the only place that writes or reads tokens as text. Reading is
//! lenient: unknown fields are ignored, and null, absent and empty mean the same for
//! optional text.

use jiff::Timestamp;
use plaid_webhook::{KeyId, VerificationKey};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::domain::redaction::redact_tokens;
use crate::domain::{
    AccessToken, AccountId, AccountType, Health, HostedLink, Institution, InstitutionId, ItemId,
    LinkPurpose, LinkToken, LinkTokenRequest, Microdeposits, PlaidAccount, PlaidError,
    PlaidFailure, PlaidRequestId, Processor, ProcessorToken, PublicToken, VerificationStatus,
};
use crate::ports::{CreatedLinkToken, ExchangedItem, ItemSnapshot};

/// `/link/token/create`.
#[derive(Serialize)]
pub(super) struct LinkTokenCreate<'a> {
    client_name: &'a str,
    language: &'a str,
    country_codes: &'a [String],
    user: LinkUser<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    android_package_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_customization_name: Option<&'a str>,
    #[serde(flatten)]
    purpose: PurposePart<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hosted_link: Option<HostedPart<'a>>,
}

#[derive(Serialize)]
struct LinkUser<'a> {
    client_user_id: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum PurposePart<'a> {
    NewItem {
        products: [&'static str; 1],
        webhook: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        auth: Option<AuthPart>,
    },
    Update {
        access_token: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        webhook: Option<&'a str>,
        update: UpdatePart,
    },
}

#[derive(Serialize)]
struct AuthPart {
    automated_microdeposits_enabled: bool,
    same_day_microdeposits_enabled: bool,
    instant_microdeposits_enabled: bool,
}

#[derive(Serialize)]
struct UpdatePart {
    account_selection_enabled: bool,
}

#[derive(Serialize)]
struct HostedPart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_redirect_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url_lifetime_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_mobile_app: Option<bool>,
}

impl<'a> From<&'a LinkTokenRequest> for LinkTokenCreate<'a> {
    fn from(request: &'a LinkTokenRequest) -> Self {
        Self {
            client_name: &request.client_name,
            language: &request.language,
            country_codes: &request.country_codes,
            user: LinkUser {
                client_user_id: &request.client_user_id,
            },
            redirect_uri: request.redirect_uri.as_deref(),
            android_package_name: request.android_package_name.as_deref(),
            link_customization_name: request.link_customization.as_deref(),
            purpose: (&request.purpose).into(),
            hosted_link: request.hosted.as_ref().map(HostedPart::from),
        }
    }
}

impl<'a> From<&'a LinkPurpose> for PurposePart<'a> {
    fn from(purpose: &'a LinkPurpose) -> Self {
        match purpose {
            // Astra needs the account and routing numbers; balance comes by itself and
            // is no valid value here.
            LinkPurpose::NewItem {
                webhook,
                microdeposits,
            } => Self::NewItem {
                products: ["auth"],
                webhook,
                auth: microdeposits
                    .any()
                    .then_some(AuthPart::from(*microdeposits)),
            },
            LinkPurpose::Update {
                access_token,
                webhook,
                account_selection_enabled,
            } => Self::Update {
                access_token: access_token.expose(),
                webhook: webhook.as_deref(),
                update: UpdatePart {
                    account_selection_enabled: *account_selection_enabled,
                },
            },
        }
    }
}

impl From<Microdeposits> for AuthPart {
    fn from(flows: Microdeposits) -> Self {
        Self {
            automated_microdeposits_enabled: flows.automated,
            same_day_microdeposits_enabled: flows.same_day,
            instant_microdeposits_enabled: flows.instant,
        }
    }
}

impl<'a> From<&'a HostedLink> for HostedPart<'a> {
    fn from(hosted: &'a HostedLink) -> Self {
        Self {
            completion_redirect_uri: hosted.completion_redirect_uri.as_deref(),
            url_lifetime_seconds: hosted.url_lifetime_seconds,
            is_mobile_app: hosted.is_mobile_app,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct LinkTokenCreated {
    link_token: String,
    expiration: Timestamp,
    #[serde(default, deserialize_with = "blank_as_none")]
    hosted_link_url: Option<String>,
    request_id: PlaidRequestId,
}

impl From<LinkTokenCreated> for CreatedLinkToken {
    fn from(answer: LinkTokenCreated) -> Self {
        Self {
            link_token: LinkToken::new(answer.link_token),
            expiration: answer.expiration,
            hosted_link_url: answer.hosted_link_url,
            request_id: answer.request_id,
        }
    }
}

/// `/item/public_token/exchange`.
#[derive(Serialize)]
pub(super) struct PublicTokenExchange<'a> {
    public_token: &'a str,
}

impl<'a> From<&'a PublicToken> for PublicTokenExchange<'a> {
    fn from(public_token: &'a PublicToken) -> Self {
        Self {
            public_token: public_token.expose(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PublicTokenExchanged {
    access_token: String,
    item_id: ItemId,
    request_id: PlaidRequestId,
}

impl From<PublicTokenExchanged> for ExchangedItem {
    fn from(answer: PublicTokenExchanged) -> Self {
        Self {
            item_id: answer.item_id,
            access_token: AccessToken::new(answer.access_token),
            request_id: answer.request_id,
        }
    }
}

/// `/accounts/get`, `/item/get` and `/item/remove`.
#[derive(Serialize)]
pub(super) struct OfItem<'a> {
    access_token: &'a str,
}

impl<'a> From<&'a AccessToken> for OfItem<'a> {
    fn from(access_token: &'a AccessToken) -> Self {
        Self {
            access_token: access_token.expose(),
        }
    }
}

/// `/item/webhook/update`.
#[derive(Serialize)]
pub(super) struct WebhookUpdate<'a> {
    access_token: &'a str,
    webhook: &'a str,
}

impl<'a> WebhookUpdate<'a> {
    pub(super) fn new(access_token: &'a AccessToken, webhook: &'a str) -> Self {
        Self {
            access_token: access_token.expose(),
            webhook,
        }
    }
}

/// The answer of `/accounts/get`, and of `/item/get`, which has no accounts.
#[derive(Deserialize)]
pub(super) struct ItemAnswer {
    #[serde(default)]
    accounts: Vec<AccountPart>,
    item: ItemPart,
    request_id: PlaidRequestId,
}

#[derive(Deserialize)]
struct ItemPart {
    #[serde(default, deserialize_with = "blank_as_none")]
    institution_id: Option<String>,
    #[serde(default, deserialize_with = "blank_as_none")]
    institution_name: Option<String>,
    #[serde(default)]
    error: Option<ErrorBody>,
    #[serde(default, deserialize_with = "blank_as_none")]
    consent_expiration_time: Option<String>,
    #[serde(default, deserialize_with = "blank_as_none")]
    webhook: Option<String>,
}

#[derive(Deserialize)]
struct AccountPart {
    account_id: AccountId,
    #[serde(default, deserialize_with = "blank_as_none")]
    name: Option<String>,
    #[serde(default, deserialize_with = "blank_as_none")]
    mask: Option<String>,
    r#type: AccountType,
    #[serde(default, deserialize_with = "blank_as_none")]
    subtype: Option<String>,
    #[serde(default, deserialize_with = "blank_as_none")]
    verification_status: Option<String>,
}

impl From<ItemAnswer> for ItemSnapshot {
    fn from(answer: ItemAnswer) -> Self {
        let item = answer.item;
        let institution = item.institution_id.map(|id| Institution {
            institution_id: InstitutionId::new(id),
            name: item.institution_name,
        });
        Self {
            institution,
            health: item.error.map_or(Health::Good, |error| health(&error)),
            consent_expires_at: item
                .consent_expiration_time
                .and_then(|text| text.parse().ok()),
            webhook: item.webhook,
            accounts: answer
                .accounts
                .into_iter()
                .map(PlaidAccount::from)
                .collect(),
            request_id: answer.request_id,
        }
    }
}

impl From<AccountPart> for PlaidAccount {
    fn from(account: AccountPart) -> Self {
        Self {
            account_id: account.account_id,
            name: account.name,
            mask: account.mask,
            account_type: account.r#type,
            subtype: account.subtype,
            verification_status: account
                .verification_status
                .map(|status| VerificationStatus::from(status.as_str())),
        }
    }
}

fn health(error: &ErrorBody) -> Health {
    match error.error_code.to_ascii_uppercase().as_str() {
        "ITEM_LOGIN_REQUIRED" => Health::LoginRequired,
        "USER_PERMISSION_REVOKED" => Health::Revoked,
        _ => Health::NeedsUser(error.error_code.clone()),
    }
}

/// `/processor/token/create`.
#[derive(Serialize)]
pub(super) struct ProcessorTokenCreate<'a> {
    access_token: &'a str,
    account_id: &'a AccountId,
    processor: &'a str,
}

impl<'a> ProcessorTokenCreate<'a> {
    pub(super) fn new(
        access_token: &'a AccessToken,
        account_id: &'a AccountId,
        processor: &'a Processor,
    ) -> Self {
        Self {
            access_token: access_token.expose(),
            account_id,
            processor: processor.as_str(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct ProcessorTokenCreated {
    processor_token: String,
}

impl From<ProcessorTokenCreated> for ProcessorToken {
    fn from(answer: ProcessorTokenCreated) -> Self {
        Self::new(answer.processor_token)
    }
}

/// An answer of which only the arrival matters.
#[derive(Deserialize)]
pub(super) struct Done {}

/// `/webhook_verification_key/get`.
#[derive(Serialize)]
pub(super) struct KeyGet<'a> {
    key_id: &'a str,
}

impl<'a> From<&'a KeyId> for KeyGet<'a> {
    fn from(key_id: &'a KeyId) -> Self {
        Self {
            key_id: key_id.as_str(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct KeyGot {
    pub(super) key: VerificationKey,
}

/// Plaid's error object.
#[derive(Deserialize)]
struct ErrorBody {
    error_type: String,
    error_code: String,
    #[serde(default, deserialize_with = "blank_as_none")]
    error_message: Option<String>,
    #[serde(default, deserialize_with = "blank_as_none")]
    display_message: Option<String>,
    #[serde(default, deserialize_with = "blank_as_none")]
    request_id: Option<String>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// What an answer other than 200 says.
pub(super) fn refusal(answer: &[u8], http_status: u16) -> PlaidFailure {
    let Ok(body) = serde_json::from_slice::<ErrorBody>(answer) else {
        return PlaidFailure::Unintelligible { http_status };
    };
    let error = PlaidError {
        error_type: body.error_type,
        error_code: body.error_code,
        error_message: body.error_message.map(|text| redact_tokens(&text)),
        display_message: body.display_message.map(|text| redact_tokens(&text)),
        request_id: body.request_id.map(PlaidRequestId::new),
        http_status,
        other: body.other,
    };
    PlaidFailure::Refused {
        error: Box::new(error),
        after_lost_answer: false,
    }
}

pub(super) fn blank_as_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_leniently() {
        let answer = r#"{
            "accounts": [{
                "account_id": "A", "name": null, "mask": "", "type": "a_new_type",
                "subtype": null, "verification_status": "", "balances": {"current": 1},
                "field_of_next_year": [1]
            }],
            "item": {"item_id": "I", "institution_id": "", "error": null},
            "request_id": "r", "field_of_next_year": {}
        }"#;
        let answer: ItemAnswer = serde_json::from_str(answer).unwrap();
        let snapshot = ItemSnapshot::from(answer);
        assert_eq!(
            (snapshot.institution, snapshot.health),
            (None, Health::Good)
        );
        let account = &snapshot.accounts[0];
        assert_eq!(account.account_type.as_str(), "a_new_type");
        assert_eq!((&account.name, &account.mask), (&None, &None));
        assert_eq!(account.verification_status, None);
    }

    #[test]
    fn an_items_error_becomes_its_health() {
        let read = |code: &str| {
            let answer = format!(
                r#"{{"item": {{"error": {{"error_type": "ITEM_ERROR", "error_code": "{code}"}}}}, "request_id": "r"}}"#
            );
            ItemSnapshot::from(serde_json::from_str::<ItemAnswer>(&answer).unwrap()).health
        };
        assert_eq!(read("item_login_required"), Health::LoginRequired);
        assert_eq!(read("USER_PERMISSION_REVOKED"), Health::Revoked);
        assert_eq!(read("NEXT_YEAR"), Health::NeedsUser("NEXT_YEAR".to_owned()));
    }

    #[test]
    fn plaids_error_object_is_kept_whole_but_for_tokens() {
        let body = br#"{"error_type": "INVALID_INPUT", "error_code": "INVALID_PUBLIC_TOKEN",
            "error_message": "public-sandbox-canary is wrong", "display_message": null,
            "request_id": "r1", "suggested_action": "link again"}"#;
        let failure = refusal(body, 400);
        let error = failure.plaid_error().unwrap();
        assert!(error.is("INVALID_PUBLIC_TOKEN"));
        assert_eq!(error.request_id, Some(PlaidRequestId::new("r1")));
        assert_eq!(error.other["suggested_action"], "link again");
        assert!(!format!("{error:?}").contains("canary"));
    }

    #[test]
    fn an_answer_in_other_terms_is_unintelligible() {
        for body in [&b"<html>"[..], b"", b"{}", b"[]"] {
            let failure = refusal(body, 502);
            assert!(matches!(
                failure,
                PlaidFailure::Unintelligible { http_status: 502 }
            ));
        }
    }
}
