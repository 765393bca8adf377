//! Which account gets the processor token.

use super::{Account, AccountId, Standing};

/// Why the account that was asked for gets none, now or ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountRefusal {
    /// It is not one of the Item's accounts.
    Unknown,
    /// It is of a kind that no processor can use.
    NotEligible,
    /// That the user owns it could not be proven.
    NotVerified,
}

/// What follows from Plaid's accounts and the user's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// This account gets a token now.
    Make(AccountId),
    /// This account gets one once it is verified.
    Later(AccountId),
    /// Nobody chose, and it is not obvious.
    Open,
    /// The choice cannot be followed.
    Refused(AccountRefusal),
}

/// Decides by Plaid's word: the chosen account where there is one, else the only one
/// that is of use.
pub fn choose(accounts: &[Account], chosen: Option<&AccountId>) -> Choice {
    match chosen {
        Some(account_id) => follow(accounts, account_id),
        None => obvious(accounts),
    }
}

fn follow(accounts: &[Account], account_id: &AccountId) -> Choice {
    let mut shared = accounts.iter().filter(|a| !a.revoked);
    let Some(account) = shared.find(|a| a.plaid.account_id == *account_id) else {
        return Choice::Refused(AccountRefusal::Unknown);
    };
    match account.plaid.standing() {
        Standing::Eligible => Choice::Make(account_id.clone()),
        Standing::Unverified(_) => Choice::Later(account_id.clone()),
        Standing::NotEligible => Choice::Refused(AccountRefusal::NotEligible),
    }
}

fn obvious(accounts: &[Account]) -> Choice {
    let mut usable = accounts
        .iter()
        .filter(|a| !a.revoked && a.plaid.standing() != Standing::NotEligible);
    match (usable.next(), usable.next()) {
        (Some(only), None) => follow(accounts, &only.plaid.account_id),
        _ => Choice::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util;

    fn account(id: &str, subtype: &str, status: Option<&str>) -> Account {
        Account::new(test_util::account(id, subtype, status))
    }

    fn id(text: &str) -> AccountId {
        AccountId::new(text)
    }

    #[test]
    fn the_only_usable_account_is_chosen_without_asking() {
        let accounts = [account("a", "cd", None), account("b", "savings", None)];
        assert_eq!(choose(&accounts, None), Choice::Make(id("b")));
    }

    #[test]
    fn with_several_usable_accounts_somebody_must_choose() {
        let accounts = [
            account("a", "checking", None),
            account("b", "savings", None),
        ];
        assert_eq!(choose(&accounts, None), Choice::Open);
        assert_eq!(choose(&accounts, Some(&id("a"))), Choice::Make(id("a")));
    }

    #[test]
    fn a_verified_account_is_not_obvious_beside_one_that_waits() {
        let waits = Some("pending_manual_verification");
        let accounts = [
            account("a", "checking", None),
            account("b", "checking", waits),
        ];
        assert_eq!(choose(&accounts, None), Choice::Open);
        assert_eq!(choose(&accounts, Some(&id("b"))), Choice::Later(id("b")));
    }

    #[test]
    fn a_choice_that_cannot_be_followed_says_why() {
        let accounts = [account("a", "checking", None), account("b", "cd", None)];
        let refused = |chosen: &str| choose(&accounts, Some(&id(chosen)));
        assert_eq!(refused("c"), Choice::Refused(AccountRefusal::Unknown));
        assert_eq!(refused("b"), Choice::Refused(AccountRefusal::NotEligible));
        assert_eq!(choose(&[], None), Choice::Open);
    }

    #[test]
    fn an_account_that_was_taken_back_is_no_choice() {
        let mut accounts = [
            account("a", "checking", None),
            account("b", "savings", None),
        ];
        accounts[0].revoked = true;
        assert_eq!(choose(&accounts, None), Choice::Make(id("b")));
        let refused = Choice::Refused(AccountRefusal::Unknown);
        assert_eq!(choose(&accounts, Some(&id("a"))), refused);
    }
}
