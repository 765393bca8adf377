//! Whether two Items are of the same accounts (plaid.com/docs/link/duplicate-items).

use super::{Account, Hints, Institution, Item, ItemStatus};

/// Institutions where a second Item can invalidate the first, so that the older one goes:
/// Chase, PNC, Navy Federal and Schwab.
const LAST_ONE_WINS: [&str; 4] = ["ins_56", "ins_13", "ins_15", "ins_11"];

/// What an account is recognised by; its id is another one in each Item. Where a bank
/// gives neither name nor mask, its accounts of one user look alike, as Plaid advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Traits<'a> {
    name: Option<&'a str>,
    mask: Option<&'a str>,
}

fn traits(account: &Account) -> Traits<'_> {
    Traits {
        name: account.plaid.name.as_deref(),
        mask: account.plaid.mask.as_deref(),
    }
}

impl Item {
    /// Whether the browser's word about a new Item speaks of an account of this one.
    pub fn is_hinted_at_by(&self, hints: &Hints) -> bool {
        let hinted = hints.accounts.iter().map(|account| Traits {
            name: account.name.as_deref(),
            mask: account.mask.as_deref(),
        });
        self.shares(hints.institution.as_ref(), hinted)
    }

    /// Whether the other Item has an account of this one.
    pub fn shares_an_account_with(&self, other: &Self) -> bool {
        let theirs = other.accounts.iter().filter(|a| !a.revoked).map(traits);
        self.shares(other.institution.as_ref(), theirs)
    }

    fn shares<'a>(
        &self,
        institution: Option<&Institution>,
        mut accounts: impl Iterator<Item = Traits<'a>>,
    ) -> bool {
        let id = |institution: Option<&Institution>| institution.map(|i| i.institution_id.clone());
        if id(institution).is_none() || id(institution) != id(self.institution.as_ref()) {
            return false;
        }
        accounts.any(|theirs| {
            let known = self.accounts.iter().filter(|a| !a.revoked).map(traits);
            known.into_iter().any(|ours| ours == theirs)
        })
    }

    /// Whether this Item gives way to a newer one of the same accounts: because it does
    /// not work any more, or because its bank invalidates it anyway.
    pub fn gives_way(&self) -> bool {
        let last_one_wins = self
            .institution
            .as_ref()
            .is_some_and(|i| LAST_ONE_WINS.contains(&i.institution_id.as_str()));
        self.is_broken() || last_one_wins
    }

    /// Whether the user would have to act before it works again.
    pub fn is_broken(&self) -> bool {
        matches!(
            self.status(),
            ItemStatus::LoginRequired | ItemStatus::NeedsUser | ItemStatus::Revoked
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AccountHint, AccountId, Health, InstitutionId};
    use crate::test_util::{account, linked_item};

    fn platypus() -> Item {
        linked_item("user", "old", vec![account("a", "checking", None)])
    }

    fn hints(institution: &str, name: Option<&str>, mask: Option<&str>) -> Hints {
        Hints {
            institution: Some(Institution {
                institution_id: InstitutionId::new(institution),
                name: None,
            }),
            accounts: vec![AccountHint {
                account_id: AccountId::new("another id"),
                name: name.map(str::to_owned),
                mask: mask.map(str::to_owned),
                verification_status: None,
            }],
            link_session_id: None,
        }
    }

    #[test]
    fn institution_name_and_mask_recognise_an_account() {
        let item = platypus();
        let (name, mask) = (Some("Plaid checking"), Some("0000"));
        assert!(item.is_hinted_at_by(&hints("ins_109508", name, mask)));
        assert!(!item.is_hinted_at_by(&hints("ins_109509", name, mask)));
        assert!(!item.is_hinted_at_by(&hints("ins_109508", Some("Other"), mask)));
        assert!(!item.is_hinted_at_by(&hints("ins_109508", name, Some("1111"))));
    }

    #[test]
    fn without_an_institution_or_an_account_nothing_is_recognised() {
        let mut item = platypus();
        item.institution = None;
        assert!(!item.shares_an_account_with(&item.clone()));
        let mut empty = platypus();
        empty.accounts.clear();
        assert!(!platypus().shares_an_account_with(&empty));
        assert!(!platypus().is_hinted_at_by(&Hints::default()));
    }

    #[test]
    fn accounts_without_traits_look_alike_at_the_same_bank() {
        let mut item = platypus();
        item.accounts[0].plaid.name = None;
        item.accounts[0].plaid.mask = None;
        assert!(item.is_hinted_at_by(&hints("ins_109508", None, None)));
        assert!(!item.is_hinted_at_by(&hints("ins_109509", None, None)));
    }

    #[test]
    fn an_account_that_was_taken_back_is_no_longer_shared() {
        let (item, mut other) = (platypus(), platypus());
        assert!(item.shares_an_account_with(&other));
        other.accounts[0].revoked = true;
        assert!(!item.shares_an_account_with(&other));
    }

    #[test]
    fn broken_items_and_those_of_four_banks_give_way() {
        let mut item = platypus();
        assert!(!item.gives_way());
        item.health = Health::LoginRequired;
        assert!(item.gives_way());
        let mut item = platypus();
        item.institution = Some(Institution {
            institution_id: InstitutionId::new("ins_56"),
            name: None,
        });
        assert!(item.gives_way());
    }
}
