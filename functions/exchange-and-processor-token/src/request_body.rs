//! What a front end sends after Link's `onSuccess`. The public token decides; everything
//! that Link's metadata adds is a hint, read leniently, and never a reason to refuse.

use serde::Deserialize;
use serde_json::Value;
use shared::domain::{
    AccountHint, AccountId, Hints, Institution, InstitutionId, LinkSessionId, PlaidEnvironment,
    PublicToken, UserId, VerificationStatus,
};
use shared::http::{Code, Problem};
use shared::use_cases::exchange::ExchangeRequest;

/// Plaid's account ids have 37 characters.
const MAX_ACCOUNT_ID: usize = 128;
/// More accounts than anybody selects.
const MAX_HINTED_ACCOUNTS: usize = 100;
/// Names and masks longer than this are not kept.
const MAX_HINT: usize = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestBody {
    public_token: String,
    account_id: Option<String>,
    /// `metadata.institution` of any SDK.
    #[serde(default)]
    institution: Value,
    /// `metadata.accounts` of any SDK.
    #[serde(default)]
    accounts: Value,
    /// `metadata.link_session_id`; `linkSessionId` in Android's and React Native's spelling,
    /// `linkSessionID` in that of iOS.
    #[serde(default, alias = "linkSessionId", alias = "linkSessionID")]
    link_session_id: Value,
    allow_duplicate: Option<bool>,
}

impl RequestBody {
    /// The request, if token and account id can be what they should be.
    pub(crate) fn into_request(
        self,
        user_id: UserId,
        environment: PlaidEnvironment,
    ) -> Result<ExchangeRequest, Problem> {
        let public_token =
            PublicToken::parse(&self.public_token, environment).map_err(|error| {
                Problem::field(Code::InvalidField, "public_token", format!("{error}."))
            })?;
        let account_id = self
            .account_id
            .as_deref()
            .map(read_account_id)
            .transpose()?;
        let hints = Hints {
            institution: read_institution(&self.institution),
            accounts: read_accounts(&self.accounts),
            link_session_id: hint(&self.link_session_id).map(LinkSessionId::new),
        };
        Ok(ExchangeRequest {
            user_id,
            public_token,
            account_id,
            hints,
            allow_duplicate: self.allow_duplicate.unwrap_or_default(),
        })
    }
}

pub(crate) fn read_account_id(text: &str) -> Result<AccountId, Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.is_empty() || text.len() > MAX_ACCOUNT_ID || !text.chars().all(plain) {
        let rule = "must be the id of an account, as in Link's metadata.";
        return Err(Problem::field(Code::InvalidField, "account_id", rule));
    }
    Ok(AccountId::new(text))
}

fn read_institution(value: &Value) -> Option<Institution> {
    let institution_id = first(value, &["institution_id", "institutionId", "id"])?;
    Some(Institution {
        institution_id: InstitutionId::new(institution_id),
        name: first(value, &["name"]).map(str::to_owned),
    })
}

fn read_accounts(value: &Value) -> Vec<AccountHint> {
    let accounts = value.as_array().map(Vec::as_slice).unwrap_or_default();
    accounts
        .iter()
        .take(MAX_HINTED_ACCOUNTS)
        .filter_map(read_account)
        .collect()
}

fn read_account(value: &Value) -> Option<AccountHint> {
    let status = first(value, &["verification_status", "verificationStatus"]);
    Some(AccountHint {
        account_id: AccountId::new(first(value, &["id", "account_id", "accountId"])?),
        name: first(value, &["name"]).map(str::to_owned),
        mask: first(value, &["mask"]).map(str::to_owned),
        verification_status: status.map(VerificationStatus::from),
    })
}

/// The first of these members that is usable text.
fn first<'a>(value: &'a Value, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| hint(value.get(name)?))
}

/// Gson writes a constant of Android's SDK as an object around its text.
fn hint(value: &Value) -> Option<&str> {
    value
        .as_str()
        .or_else(|| value.get("json")?.as_str())
        .filter(|text| !text.is_empty() && text.len() <= MAX_HINT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<ExchangeRequest, Problem> {
        let body: RequestBody = serde_json::from_str(body).unwrap();
        body.into_request(UserId::new("user"), PlaidEnvironment::Sandbox)
    }

    #[test]
    fn metadata_of_the_web_sdk_is_understood() {
        let request = read(
            r#"{"public_token": "public-sandbox-1", "account_id": "A",
                "institution": {"name": "First Platypus", "institution_id": "ins_109508"},
                "accounts": [{"id": "A", "name": "Checking", "mask": "0000", "type": "depository",
                    "subtype": "checking", "verification_status": null, "class_type": null}],
                "link_session_id": "s"}"#,
        )
        .unwrap();
        assert_eq!(
            request.hints.institution.unwrap().institution_id.as_str(),
            "ins_109508"
        );
        assert_eq!(request.hints.accounts[0].mask.as_deref(), Some("0000"));
        assert_eq!(request.hints.accounts[0].verification_status, None);
    }

    #[test]
    fn metadata_of_the_native_sdks_is_understood() {
        let pending = "pending_automatic_verification";
        let (text, gson) = (
            format!(r#""{pending}""#),
            format!(r#"{{"json":"{pending}"}}"#),
        );
        for (name, status) in [
            ("linkSessionId", &text),
            ("linkSessionID", &text),
            ("linkSessionId", &gson),
        ] {
            let body = format!(
                r#"{{"public_token": "public-sandbox-1", "{name}": "s",
                    "institution": {{"name": "First Platypus", "id": "ins_109508"}},
                    "accounts": [{{"id": "A", "name": "Checking",
                        "verificationStatus": {status}}}]}}"#
            );
            let hints = read(&body).unwrap().hints;
            assert_eq!(hints.link_session_id.unwrap().as_str(), "s");
            assert!(hints.institution.is_some());
            let status = hints.accounts[0].verification_status.clone().unwrap();
            assert_eq!(status, VerificationStatus::PendingAutomaticVerification);
        }
    }

    #[test]
    fn strange_hints_are_left_aside_and_refuse_nothing() {
        for hints in [
            r#""institution": null, "accounts": null, "link_session_id": null"#,
            r#""institution": "x", "accounts": {"id": 1}, "link_session_id": 5"#,
            r#""institution": [], "accounts": [null, 1, {}, {"id": null}, {"id": ""}]"#,
        ] {
            let body = format!(r#"{{"public_token": "public-sandbox-1", {hints}}}"#);
            assert_eq!(read(&body).unwrap().hints, Hints::default(), "{hints}");
        }
    }

    #[test]
    fn a_wrong_token_or_account_id_names_its_field() {
        let long = format!(
            r#"{{"public_token": "public-sandbox-1", "account_id": "{}"}}"#,
            "a".repeat(129)
        );
        for body in [
            r#"{"public_token": "access-sandbox-1"}"#,
            r#"{"public_token": "public-production-1"}"#,
            r#"{"public_token": "public-sandbox-1", "account_id": ""}"#,
            r#"{"public_token": "public-sandbox-1", "account_id": "a b"}"#,
            &long,
        ] {
            assert_eq!(read(body).unwrap_err().code(), Code::InvalidField, "{body}");
        }
    }
}
