//! What happens when somebody logs in at a bank of the Sandbox.
//! <https://plaid.com/docs/sandbox/test-credentials/>

use serde::{Deserialize, Serialize};

use super::institutions::{AuthMethod, Health, Institution, institution};
use super::templates::{CHECKING, CHECKING_AND_SAVING, CREDIT_CARD, EVERYTHING, Template};
use crate::wire::error::PlaidError;
use crate::world::item::Account;

/// The user for whom everything works.
pub(crate) const GOOD_USER: &str = "user_good";
/// Their password.
pub(crate) const GOOD_PASSWORD: &str = "pass_good";
/// A user of this simulator: Same-Day micro-deposits, which know no institution.
pub(crate) const SAME_DAY_USER: &str = "microdeposits_same_day";

/// What a bank asks for after the password.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecondFactor {
    /// A code that is sent to a device.
    Device,
    /// `rounds` times `questions` questions.
    Questions { rounds: u32, questions: u32 },
    /// Questions with a list of answers.
    Selections,
}

/// The second factor that this password asks for, which then counts as the right one.
pub(crate) fn second_factor(password: &str) -> Option<SecondFactor> {
    match password {
        "mfa_device" => return Some(SecondFactor::Device),
        "mfa_selections" => return Some(SecondFactor::Selections),
        _ => {}
    }
    let (rounds, questions) = password.strip_prefix("mfa_questions_")?.split_once('_')?;
    let number = |text: &str| text.parse().ok().filter(|number| (1..=9).contains(number));
    Some(SecondFactor::Questions {
        rounds: number(rounds)?,
        questions: number(questions)?,
    })
}

/// What a login shows.
#[derive(Debug)]
pub(crate) struct Login {
    /// `None` for Same-Day micro-deposits.
    pub(crate) institution: Option<&'static Institution>,
    pub(crate) auth_method: String,
    pub(crate) accounts: Vec<Account>,
}

/// Logs in with these credentials.
///
/// # Errors
///
/// The error that Plaid would report: unknown or broken institution, refused
/// credentials, or the code that an `error_<CODE>` password asks for.
pub(crate) fn log_in(
    institution_id: &str,
    username: &str,
    password: &str,
) -> Result<Login, PlaidError> {
    let institution =
        institution(institution_id).ok_or_else(|| PlaidError::of("INVALID_INSTITUTION"))?;
    match institution.health {
        Health::Down => return Err(PlaidError::of("INSTITUTION_DOWN")),
        Health::Unsupported => return Err(PlaidError::of("INSTITUTION_NO_LONGER_SUPPORTED")),
        Health::Healthy | Health::Degraded => {}
    }
    if let Some(code) = password.strip_prefix("error_") {
        return Err(PlaidError::of(code));
    }
    // The dynamic user is documented to work with any password.
    if password != GOOD_PASSWORD && username != "user_transactions_dynamic" {
        return Err(PlaidError::of("INVALID_CREDENTIALS"));
    }
    let (templates, auth_method, status) = owned(institution, username)?;
    let accounts = templates
        .iter()
        .map(|template| template.open(institution, username, status))
        .collect();
    let institution = (username != SAME_DAY_USER).then_some(institution);
    Ok(Login {
        institution,
        auth_method: auth_method.to_owned(),
        accounts,
    })
}

type Owned = (&'static [Template], &'static str, Option<&'static str>);

/// The accounts, how Auth proves them, and how far their verification is.
fn owned(institution: &Institution, username: &str) -> Result<Owned, PlaidError> {
    const INSTANT: &str = "INSTANT_AUTH";
    Ok(match (username, institution.auth) {
        (SAME_DAY_USER, _) => (
            &[CHECKING],
            "SAME_DAY_MICRODEPOSITS",
            Some("pending_manual_verification"),
        ),
        ("microdeposits_good", AuthMethod::AutomatedMicrodeposits) => (
            &[CHECKING],
            "AUTOMATED_MICRODEPOSITS",
            Some("pending_automatic_verification"),
        ),
        // The code is typed into Link, so the Item is born verified.
        (GOOD_USER | "user_single", AuthMethod::InstantMicrodeposits) => (
            &[CHECKING],
            "INSTANT_MICRODEPOSITS",
            Some("manually_verified"),
        ),
        ("user_single", _) => (&[CHECKING], INSTANT, None),
        ("user_no_auth", _) => (&[CREDIT_CARD], INSTANT, None),
        ("user_no_accounts", _) => return Err(PlaidError::of("NO_ACCOUNTS")),
        (GOOD_USER | "user_transactions_dynamic", _) if institution.oauth => {
            (CHECKING_AND_SAVING, INSTANT, None)
        }
        (GOOD_USER | "user_transactions_dynamic", _) => (EVERYTHING, INSTANT, None),
        _ => return Err(PlaidError::of("INVALID_CREDENTIALS")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(institution: &str, username: &str, password: &str) -> String {
        log_in(institution, username, password)
            .unwrap_err()
            .error_code
    }

    #[test]
    fn credentials_decide_the_error() {
        assert_eq!(
            code("ins_0", GOOD_USER, GOOD_PASSWORD),
            "INVALID_INSTITUTION"
        );
        assert_eq!(
            code("ins_132361", GOOD_USER, GOOD_PASSWORD),
            "INSTITUTION_DOWN"
        );
        assert_eq!(
            code("ins_109508", "user_bad", GOOD_PASSWORD),
            "INVALID_CREDENTIALS"
        );
        assert_eq!(
            code("ins_109508", GOOD_USER, "wrong"),
            "INVALID_CREDENTIALS"
        );
        assert_eq!(
            code("ins_109508", GOOD_USER, "error_ITEM_LOCKED"),
            "ITEM_LOCKED"
        );
    }

    #[test]
    fn persistent_account_id_is_the_same_at_each_login_of_a_tan_bank_only() {
        let persistent = |institution| {
            let login = log_in(institution, GOOD_USER, GOOD_PASSWORD).unwrap();
            login
                .accounts
                .first()
                .unwrap()
                .persistent_account_id
                .clone()
        };
        assert!(persistent("ins_56").is_some());
        assert_eq!(persistent("ins_56"), persistent("ins_56"));
        assert_ne!(persistent("ins_56"), persistent("ins_13"));
        assert_eq!(persistent("ins_109508"), None);
    }

    #[test]
    fn same_day_item_has_one_account_and_no_institution() {
        let login = log_in("ins_109508", SAME_DAY_USER, GOOD_PASSWORD).unwrap();
        assert!(login.institution.is_none());
        assert_eq!(login.accounts.len(), 1);
    }
}
