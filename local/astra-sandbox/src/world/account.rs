//! Accounts made of processor tokens.

use jiff::Timestamp;
use sandbox_kit::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::secret::uuid;
use super::settings::{AccountRepeat, AccountsShape};
use crate::error::AstraError;

/// An account at Astra.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Account {
    pub(crate) user_id: String,
    /// Accounts are counted, so that lists can be in the order of their making.
    pub(crate) number: u64,
    pub(crate) institution_id: Option<String>,
    pub(crate) bank: BankAccount,
    /// Of the processor token that it was made of last.
    pub(crate) processor_token_sha256: String,
    pub(crate) connection_status: String,
    /// While there are some, it cannot be deleted.
    pub(crate) active_routines: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
}

/// What Plaid says of an account to a partner.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct BankAccount {
    pub(crate) name: Option<String>,
    pub(crate) official_name: Option<String>,
    pub(crate) mask: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) subtype: Option<String>,
    pub(crate) available: Option<f64>,
    pub(crate) current: Option<f64>,
    /// The digest of its routing and account numbers.
    pub(crate) numbers_sha256: String,
}

/// A processor token that Plaid knows, on its way to an account.
#[derive(Debug)]
pub(crate) struct HandOver {
    pub(crate) processor_token_sha256: String,
    pub(crate) institution_id: Option<String>,
    pub(crate) bank: BankAccount,
}

/// What became of a hand-over.
#[derive(Debug, PartialEq)]
pub(crate) enum HandedOver {
    New(String),
    Same(String),
}

/// What a page of a list is asked for with.
#[derive(Debug, PartialEq)]
pub(crate) struct PageAsked {
    pub(crate) limit: usize,
    /// The account after which the page begins.
    pub(crate) cursor: Option<String>,
}

impl Account {
    fn view(&self, id: &str) -> Value {
        json!({
            "id": id,
            "name": self.bank.name,
            "official_name": self.bank.official_name,
            "mask": self.bank.mask,
            "type": self.bank.kind,
            "subtype": self.bank.subtype,
            "institution_id": self.institution_id,
            "available_balance": self.bank.available,
            "current_balance": self.bank.current,
            "currency_code": "USD",
            "connection_status": self.connection_status,
        })
    }
}

/// Accounts as in lists.
fn views(accounts: &[(&String, &Account)]) -> Vec<Value> {
    let accounts = accounts.iter();
    accounts.map(|(id, account)| account.view(id)).collect()
}

impl World {
    /// Makes an account for a user, unless the same one is there already.
    ///
    /// # Errors
    ///
    /// `Account Already Exists`.
    pub(crate) fn hand_over(
        &mut self,
        user_id: &str,
        sent: HandOver,
        now: Timestamp,
    ) -> Result<HandedOver, AstraError> {
        let numbers = &sent.bank.numbers_sha256;
        let twin = self.live_accounts(user_id).find(|(_, account)| {
            account.bank.numbers_sha256 == *numbers
                || account.processor_token_sha256 == sent.processor_token_sha256
        });
        let twin = twin.map(|(id, _)| id.clone());
        match (self.settings.account_repeat, twin) {
            (AccountRepeat::Refuse, Some(_)) => Err(AstraError::of(400, "Account Already Exists")),
            (AccountRepeat::SameAccount, Some(id)) => {
                if let Some(account) = self.accounts.get_mut(&id) {
                    account.processor_token_sha256 = sent.processor_token_sha256;
                    account.bank = sent.bank;
                }
                Ok(HandedOver::Same(id))
            }
            (AccountRepeat::SecondAccount, _) | (_, None) => {
                Ok(HandedOver::New(self.open_account(user_id, sent, now)))
            }
        }
    }

    fn open_account(&mut self, user_id: &str, sent: HandOver, now: Timestamp) -> String {
        let id = uuid();
        let account = Account {
            user_id: user_id.to_owned(),
            number: self.next_number(),
            institution_id: sent.institution_id,
            bank: sent.bank,
            processor_token_sha256: sent.processor_token_sha256,
            connection_status: "connected".to_owned(),
            active_routines: 0,
            created_at: now,
            deleted_at: None,
        };
        self.accounts.insert(id.clone(), account);
        id
    }

    /// The live accounts of a user, in no order.
    fn live_accounts(&self, user_id: &str) -> impl Iterator<Item = (&String, &Account)> {
        self.accounts
            .iter()
            .filter(move |(_, account)| account.user_id == user_id && account.deleted_at.is_none())
    }

    /// The live accounts of a user, the newest first.
    fn newest_first(&self, user_id: &str) -> Vec<(&String, &Account)> {
        let mut accounts: Vec<_> = self.live_accounts(user_id).collect();
        accounts.sort_by_key(|(_, account)| std::cmp::Reverse(account.number));
        accounts
    }

    pub(super) fn account_ids(&self, user_id: &str) -> Vec<&String> {
        let accounts = self.newest_first(user_id).into_iter();
        accounts.map(|(id, _)| id).collect()
    }

    /// A page of a user's accounts.
    ///
    /// # Errors
    ///
    /// 400: the cursor is none of this list.
    pub(crate) fn list(&self, user_id: &str, asked: &PageAsked) -> Result<Value, AstraError> {
        let accounts = self.newest_first(user_id);
        if self.settings.accounts_shape == AccountsShape::Array {
            return Ok(json!(views(&accounts)));
        }
        let first = match &asked.cursor {
            None => 0,
            Some(cursor) => accounts
                .iter()
                .position(|(id, _)| *id == cursor)
                .map(|at| at + 1)
                .ok_or_else(|| AstraError::of(400, "the cursor is not valid"))?,
        };
        let rest = accounts.get(first..).unwrap_or_default();
        let page = rest.get(..asked.limit).unwrap_or(rest);
        let more = page.len() < rest.len();
        let cursor = page.last().filter(|_| more).map(|(id, _)| *id);
        Ok(json!({"accounts": views(page), "cursor": cursor, "more": more}))
    }

    /// An account of a user.
    ///
    /// # Errors
    ///
    /// 404, or for a deleted one what the settings say.
    pub(crate) fn account(&self, user_id: &str, id: &str) -> Result<Value, AstraError> {
        self.own(user_id, id).map(|account| account.view(id))
    }

    /// Deletes an account of a user.
    ///
    /// # Errors
    ///
    /// As [`Self::account`]; 400 while a routine is active.
    pub(crate) fn delete_account(
        &mut self,
        user_id: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<(), AstraError> {
        if self.own(user_id, id)?.active_routines > 0 {
            return Err(AstraError::of(400, "the account has active routines"));
        }
        if let Some(account) = self.accounts.get_mut(id) {
            account.deleted_at = Some(now);
        }
        Ok(())
    }

    fn own(&self, user_id: &str, id: &str) -> Result<&Account, AstraError> {
        let account = self
            .accounts
            .get(id)
            .filter(|account| account.user_id == user_id)
            .ok_or_else(|| AstraError::of(404, "there is no such account"))?;
        if account.deleted_at.is_some() {
            let status = self.settings.deleted_account_status;
            return Err(AstraError::of(status, "the account has been deleted"));
        }
        Ok(account)
    }

    /// An account as the controls show it, a deleted one too.
    pub(crate) fn account_view(&self, id: &str, clock: &Clock) -> Option<Value> {
        let account = self.accounts.get(id)?;
        let mut view = account.view(id);
        let more = json!({
            "user_id": account.user_id,
            "processor_token_sha256": account.processor_token_sha256,
            "active_routines": account.active_routines,
            "created_at": clock.shown(account.created_at).to_string(),
            "deleted_at": account.deleted_at.map(|at| clock.shown(at).to_string()),
        });
        if let (Some(view), Value::Object(more)) = (view.as_object_mut(), more) {
            view.extend(more);
        }
        Some(view)
    }

    /// All live accounts as the controls show them, the oldest first.
    pub(crate) fn all_accounts(&self, clock: &Clock) -> Vec<Value> {
        let mut live: Vec<_> = self
            .accounts
            .iter()
            .filter(|(_, account)| account.deleted_at.is_none())
            .collect();
        live.sort_by_key(|(_, account)| account.number);
        live.into_iter()
            .filter_map(|(id, _)| self.account_view(id, clock))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn sent(token: &str, numbers: &str) -> HandOver {
        HandOver {
            processor_token_sha256: token.to_owned(),
            institution_id: Some("ins_109508".to_owned()),
            bank: BankAccount {
                name: Some("Plaid Checking".to_owned()),
                official_name: None,
                mask: Some("0000".to_owned()),
                kind: Some("depository".to_owned()),
                subtype: Some("checking".to_owned()),
                available: Some(100.0),
                current: Some(110.0),
                numbers_sha256: numbers.to_owned(),
            },
        }
    }

    fn new(handed_over: Result<HandedOver, AstraError>) -> String {
        match handed_over {
            Ok(HandedOver::New(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    fn ids(world: &World, user: &str, limit: usize, cursor: Option<&str>) -> Vec<String> {
        let cursor = cursor.map(str::to_owned);
        let page = world.list(user, &PageAsked { limit, cursor }).unwrap();
        let accounts = page["accounts"].as_array().unwrap().iter();
        accounts
            .map(|account| account["id"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn the_same_numbers_or_token_of_the_same_user_are_the_same_account() {
        let mut world = World::default();
        let first = new(world.hand_over("ada", sent("t1", "n1"), NOW));
        for twin in [sent("t2", "n1"), sent("t1", "n2")] {
            let refused = world.hand_over("ada", twin, NOW).unwrap_err();
            assert_eq!(refused, AstraError::of(400, "Account Already Exists"));
        }
        new(world.hand_over("bob", sent("t3", "n1"), NOW));
        new(world.hand_over("ada", sent("t4", "n4"), NOW));
        world.delete_account("ada", &first, NOW).unwrap();
        new(world.hand_over("ada", sent("t1", "n1"), NOW));
    }

    #[test]
    fn a_repeat_may_also_be_the_same_account_or_a_second_one() {
        let mut world = World::default();
        let first = new(world.hand_over("ada", sent("t1", "n1"), NOW));
        world.settings.account_repeat = AccountRepeat::SameAccount;
        let same = world.hand_over("ada", sent("t1", "n1"), NOW).unwrap();
        assert_eq!(same, HandedOver::Same(first.clone()));
        world.settings.account_repeat = AccountRepeat::SecondAccount;
        let second = new(world.hand_over("ada", sent("t1", "n1"), NOW));
        assert_eq!(ids(&world, "ada", 25, None), [second, first]);
    }

    #[test]
    fn pages_go_from_the_newest_account_to_the_oldest() {
        let mut world = World::default();
        let numbers = ["1", "2", "3", "4", "5"];
        let made = numbers.map(|number| new(world.hand_over("ada", sent(number, number), NOW)));
        let [one, two, three, four, five] = made;
        assert_eq!(ids(&world, "ada", 2, None), [five, four.clone()]);
        assert_eq!(ids(&world, "ada", 2, Some(&four)), [three, two.clone()]);
        assert_eq!(ids(&world, "ada", 2, Some(&two)), [one.as_str()]);
        let last = PageAsked {
            limit: 2,
            cursor: Some(two),
        };
        let last = world.list("ada", &last).unwrap();
        assert_eq!(
            (&last["more"], &last["cursor"]),
            (&json!(false), &json!(null))
        );
        let foreign = PageAsked {
            limit: 2,
            cursor: Some(one),
        };
        assert_eq!(world.list("bob", &foreign).unwrap_err().status, 400);
    }

    #[test]
    fn an_account_is_its_users_alone_and_stays_while_a_routine_is_active() {
        let mut world = World::default();
        let id = new(world.hand_over("ada", sent("t1", "n1"), NOW));
        assert_eq!(world.account("bob", &id).unwrap_err().status, 404);
        assert!(world.delete_account("bob", &id, NOW).is_err());
        world.accounts.get_mut(&id).unwrap().active_routines = 1;
        let refused = world.delete_account("ada", &id, NOW).unwrap_err();
        assert_eq!(
            refused,
            AstraError::of(400, "the account has active routines")
        );
        world.accounts.get_mut(&id).unwrap().active_routines = 0;
        world.delete_account("ada", &id, NOW).unwrap();
        assert_eq!(world.account("ada", &id).unwrap_err().status, 404);
        world.settings.deleted_account_status = 410;
        assert_eq!(world.account("ada", &id).unwrap_err().status, 410);
        assert!(ids(&world, "ada", 25, None).is_empty());
    }
}
