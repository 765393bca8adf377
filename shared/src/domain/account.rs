//! Accounts, and which of them a processor may be given.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::open_enum::open_enum;
use super::{AccountId, AtAstra, Command, Sealed};

open_enum! {
    /// Plaid's kind of account.
    AccountType {
        /// Checking, savings and the like.
        Depository = "depository",
        /// Credit cards.
        Credit = "credit",
        /// Loans and mortgages.
        Loan = "loan",
        /// Investment accounts.
        Investment = "investment",
    }
}

open_enum! {
    /// How far Plaid is with proving that the user owns the account.
    VerificationStatus {
        /// Micro-deposits were verified by Plaid itself.
        AutomaticallyVerified = "automatically_verified",
        /// Plaid waits for its own micro-deposit to arrive.
        PendingAutomaticVerification = "pending_automatic_verification",
        /// The user has yet to enter the code of the deposit.
        PendingManualVerification = "pending_manual_verification",
        /// The deposit was not sent yet.
        Unsent = "unsent",
        /// The user entered the right code.
        ManuallyVerified = "manually_verified",
        /// Nobody verified in time; the Item is locked.
        VerificationExpired = "verification_expired",
        /// Three wrong codes; the Item is locked.
        VerificationFailed = "verification_failed",
        /// Found in Plaid's database.
        DatabaseMatched = "database_matched",
        /// Plaid's database speaks for the account.
        DatabaseInsightsPass = "database_insights_pass",
        /// Plaid's database speaks for it, with doubts.
        DatabaseInsightsPassWithCaution = "database_insights_pass_with_caution",
        /// Plaid's database speaks against it.
        DatabaseInsightsFail = "database_insights_fail",
    }
}

/// What a verification status means for making a processor token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// Done, or never needed.
    Settled,
    /// Plaid will finish it by itself.
    PendingAutomatic,
    /// The user must come back with the deposit's code.
    PendingManual,
    /// It failed for good.
    Failed,
}

impl Verification {
    /// The meaning of a status; absent means that the account needed no verification
    /// (plaid.com/docs/auth/coverage). A status that we do not know counts as pending:
    /// waiting is safe, a token for an unproven account is not.
    pub fn of(status: Option<&VerificationStatus>) -> Self {
        use VerificationStatus as Status;
        match status {
            None
            | Some(
                Status::AutomaticallyVerified
                | Status::ManuallyVerified
                | Status::DatabaseMatched
                | Status::DatabaseInsightsPass,
            ) => Self::Settled,
            Some(Status::PendingManualVerification) => Self::PendingManual,
            Some(
                Status::VerificationExpired
                | Status::VerificationFailed
                | Status::DatabaseInsightsPassWithCaution
                | Status::DatabaseInsightsFail,
            ) => Self::Failed,
            Some(Status::PendingAutomaticVerification | Status::Unsent | Status::Other(_)) => {
                Self::PendingAutomatic
            }
        }
    }
}

/// An account as Plaid describes it (`/accounts/get`). Balances are left out on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaidAccount {
    /// Plaid's id; a new Item has new ids for the same accounts.
    pub account_id: AccountId,
    /// The name that the institution or the user gave it.
    pub name: Option<String>,
    /// Usually the last digits of the number; not every institution has one.
    pub mask: Option<String>,
    /// Plaid's kind of account.
    pub account_type: AccountType,
    /// Plaid's finer kind, such as `checking`.
    pub subtype: Option<String>,
    /// Absent where no verification is needed.
    pub verification_status: Option<VerificationStatus>,
}

/// Whether an account can be given to a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Yes, now.
    Eligible,
    /// Its kind is right; how far its verification is.
    Unverified(Verification),
    /// Its kind never moves money by ACH.
    NotEligible,
}

/// What a front end is told about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// The processor has a token for it.
    Ready,
    /// A token could be made; nobody chose the account yet.
    Available,
    /// Its ownership is not proven yet.
    PendingVerification,
    /// Its ownership could not be proven.
    VerificationFailed,
    /// The user or the bank took the permission back.
    Revoked,
    /// A kind of account that the processor cannot use.
    NotEligible,
}

/// An account of an Item as we keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What Plaid said of it last.
    pub plaid: PlaidAccount,
    /// The processor's token, once made.
    pub processor_token: Option<Sealed>,
    /// How many processor tokens were made for it so far.
    pub generation: u32,
    /// Whether its processor token is to be replaced as soon as Plaid can.
    pub renew: bool,
    /// The commands to replace it that were heeded lately.
    pub commands: Vec<Heeded>,
    /// Set when the permission for this account was taken back.
    pub revoked: bool,
    /// What became of it at Astra, if it was ever handed over.
    pub at_astra: Option<AtAstra>,
}

/// A command that was heeded, so that its repetition is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heeded {
    /// The command's name.
    pub name: String,
    /// When Plaid signed it.
    pub issued_at: Timestamp,
}

/// Plaid repeats a delivery for a day; the same words later are another command.
const REPEATED_WITHIN: SignedDuration = SignedDuration::from_hours(26);

impl PlaidAccount {
    /// Whether a processor may be given this account: depository, and checking, savings
    /// or cash management (the accounts that Plaid's Auth covers), and verified.
    pub fn standing(&self) -> Standing {
        if !self.moves_money() {
            return Standing::NotEligible;
        }
        match Verification::of(self.verification_status.as_ref()) {
            Verification::Settled => Standing::Eligible,
            unsettled => Standing::Unverified(unsettled),
        }
    }

    fn moves_money(&self) -> bool {
        let subtype = self.subtype.as_deref().unwrap_or_default();
        self.account_type == AccountType::Depository
            && ["checking", "savings", "cash management"]
                .iter()
                .any(|eligible| subtype.eq_ignore_ascii_case(eligible))
    }
}

impl Account {
    /// An account nobody has chosen yet.
    pub fn new(plaid: PlaidAccount) -> Self {
        Self {
            plaid,
            processor_token: None,
            generation: 0,
            renew: false,
            commands: Vec::new(),
            revoked: false,
            at_astra: None,
        }
    }

    /// Keeps a processor token that was just made, in place of an earlier one.
    pub fn give_token(&mut self, processor_token: Sealed) {
        self.processor_token = Some(processor_token);
        self.generation = self.generation.saturating_add(1);
        self.renew = false;
    }

    /// Heeds a command to replace the token, unless it was heeded before. Where there is no
    /// token, there is nothing to replace.
    pub fn heed(&mut self, command: &Command) {
        let near = |heeded: &Heeded| {
            let apart = heeded.issued_at.duration_since(command.issued_at).abs();
            apart <= REPEATED_WITHIN
        };
        let repeated = |heeded: &Heeded| heeded.name == command.name.as_str() && near(heeded);
        if self.processor_token.is_none() || self.commands.iter().any(repeated) {
            return;
        }
        self.commands.retain(near);
        self.commands.push(Heeded {
            name: command.name.to_string(),
            issued_at: command.issued_at,
        });
        self.renew = true;
    }

    /// What a front end is told.
    pub fn status(&self) -> AccountStatus {
        if self.revoked {
            return AccountStatus::Revoked;
        }
        if self.processor_token.is_some() {
            return AccountStatus::Ready;
        }
        match self.plaid.standing() {
            Standing::Eligible => AccountStatus::Available,
            Standing::Unverified(Verification::Failed) => AccountStatus::VerificationFailed,
            Standing::Unverified(_) => AccountStatus::PendingVerification,
            Standing::NotEligible => AccountStatus::NotEligible,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Sha256;

    fn account(account_type: &str, subtype: Option<&str>, status: Option<&str>) -> PlaidAccount {
        PlaidAccount {
            account_id: AccountId::new("a"),
            name: None,
            mask: None,
            account_type: account_type.into(),
            subtype: subtype.map(str::to_owned),
            verification_status: status.map(VerificationStatus::from),
        }
    }

    #[test]
    fn only_checking_savings_and_cash_management_are_eligible() {
        for subtype in ["checking", "savings", "cash management", "Checking"] {
            let standing = account("depository", Some(subtype), None).standing();
            assert_eq!(standing, Standing::Eligible, "{subtype}");
        }
        for (account_type, subtype) in [
            ("depository", Some("cd")),
            ("depository", None),
            ("credit", Some("checking")),
            ("new", None),
        ] {
            let standing = account(account_type, subtype, None).standing();
            assert_eq!(
                standing,
                Standing::NotEligible,
                "{account_type} {subtype:?}"
            );
        }
    }

    #[test]
    fn a_verification_status_decides_what_the_account_waits_for() {
        let expected = [
            ("automatically_verified", AccountStatus::Available),
            ("MANUALLY_VERIFIED", AccountStatus::Available),
            ("database_matched", AccountStatus::Available),
            ("database_insights_pass", AccountStatus::Available),
            (
                "pending_automatic_verification",
                AccountStatus::PendingVerification,
            ),
            (
                "pending_manual_verification",
                AccountStatus::PendingVerification,
            ),
            ("a_status_of_next_year", AccountStatus::PendingVerification),
            ("verification_expired", AccountStatus::VerificationFailed),
            ("verification_failed", AccountStatus::VerificationFailed),
            ("database_insights_fail", AccountStatus::VerificationFailed),
        ];
        for (status, meaning) in expected {
            let account = Account::new(account("depository", Some("checking"), Some(status)));
            assert_eq!(account.status(), meaning, "{status}");
        }
    }

    #[test]
    fn an_unknown_status_is_kept_as_plaid_spelled_it() {
        let status = VerificationStatus::from("Next_Year");
        assert_eq!(serde_json::to_string(&status).unwrap(), r#""Next_Year""#);
    }

    #[test]
    fn a_command_is_heeded_once_although_plaid_repeats_it() {
        let command = |second| Command {
            account_id: AccountId::new("a"),
            name: Sha256::of(b"body"),
            issued_at: Timestamp::from_second(second).unwrap(),
        };
        let mut account = Account::new(account("depository", Some("checking"), None));
        account.heed(&command(0));
        assert!(!account.renew, "there is nothing to replace");
        account.give_token(Sealed::from_bytes(vec![1]));
        account.heed(&command(0));
        assert!(account.renew);
        account.give_token(Sealed::from_bytes(vec![2]));
        account.heed(&command(12 * 3600));
        assert!(!account.renew, "it is the same command");
        account.heed(&command(30 * 24 * 3600));
        assert!(account.renew, "a month later it is another one");
    }

    #[test]
    fn a_revoked_account_is_revoked_even_with_a_token() {
        let mut account = Account::new(account("depository", Some("checking"), None));
        account.processor_token = Some(Sealed::from_bytes(vec![1]));
        assert_eq!(account.status(), AccountStatus::Ready);
        account.revoked = true;
        assert_eq!(account.status(), AccountStatus::Revoked);
    }
}
