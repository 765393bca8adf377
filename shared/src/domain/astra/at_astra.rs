//! What became of one account at Astra.

use serde::{Deserialize, Serialize};

use crate::domain::{Account, AstraAccountId, AstraUserId};

/// What became of an account at Astra, since it was first handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtAstra {
    /// Astra's user whose account it is.
    pub astra_user_id: AstraUserId,
    /// Astra's account, once that is known.
    pub astra_account_id: Option<AstraAccountId>,
    /// Which of the account's processor tokens Astra was given last.
    pub generation: u32,
    /// How far that is.
    pub hand_over: HandOver,
    /// Accounts at Astra that a newer one took the place of, still to be taken off.
    #[serde(default)]
    pub superseded: Vec<AstraAccountId>,
    /// Accounts that Astra would not give up; they are tried again with the Item's removal.
    #[serde(default)]
    pub stuck: Vec<AstraAccountId>,
}

/// How far a hand-over is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum HandOver {
    /// The token is on its way, or was when somebody crashed.
    Sending {
        /// The user's accounts at Astra just before. Whatever is new afterwards is ours.
        known: Vec<AstraAccountId>,
    },
    /// Astra has it.
    Done,
    /// Astra will not have it.
    Refused {
        /// Astra's reason.
        reason: String,
    },
    /// Several new accounts came up while no answer did: a person has to look.
    Unclear,
    /// It is being taken off Astra, because its Item is to be removed.
    Leaving,
}

/// What a front end is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AstraStatus {
    /// On its way to Astra.
    Waiting,
    /// Astra can move money for it.
    Linked,
    /// Astra will not have it.
    Refused,
    /// A person has to look.
    Unclear,
    /// On its way off Astra.
    Leaving,
}

impl AtAstra {
    /// What a front end is told.
    pub fn status(&self) -> AstraStatus {
        match self.hand_over {
            HandOver::Sending { .. } => AstraStatus::Waiting,
            HandOver::Done => AstraStatus::Linked,
            HandOver::Refused { .. } => AstraStatus::Refused,
            HandOver::Unclear => AstraStatus::Unclear,
            HandOver::Leaving => AstraStatus::Leaving,
        }
    }

    /// Astra's reason for a refusal.
    pub fn reason(&self) -> Option<&str> {
        match &self.hand_over {
            HandOver::Refused { reason } => Some(reason),
            _ => None,
        }
    }

    /// Whether a token is on its way, or was when somebody crashed.
    pub fn is_sent(&self) -> bool {
        matches!(self.hand_over, HandOver::Sending { .. })
    }

    /// Whether anything at Astra is this account's.
    pub fn has_accounts(&self) -> bool {
        !self.all_accounts().is_empty()
    }

    /// Everything at Astra that is this account's.
    pub fn all_accounts(&self) -> Vec<AstraAccountId> {
        let current = self.astra_account_id.iter();
        let others = self.superseded.iter().chain(&self.stuck);
        current.chain(others).cloned().collect()
    }

    /// Whether the processor token that Astra has, or refused, is this one.
    fn is_of(&self, astra_user_id: &AstraUserId, generation: u32) -> bool {
        self.astra_user_id == *astra_user_id && self.generation >= generation
    }
}

impl Account {
    /// Whether Astra was told of the account's present token, whatever came of it.
    pub fn is_told_to(&self, astra_user_id: &AstraUserId) -> bool {
        let at_astra = self.at_astra.as_ref();
        at_astra.is_some_and(|at_astra| at_astra.is_of(astra_user_id, self.generation))
    }

    /// The present token is on its way. An account of another user of Astra's is out of our
    /// reach.
    pub fn send_to_astra(&mut self, astra_user_id: &AstraUserId, known: Vec<AstraAccountId>) {
        let before = self.at_astra.take();
        let before = before.filter(|before| before.astra_user_id == *astra_user_id);
        let (astra_account_id, superseded, stuck) = match before {
            Some(before) => (before.astra_account_id, before.superseded, before.stuck),
            None => Default::default(),
        };
        self.at_astra = Some(AtAstra {
            astra_user_id: astra_user_id.clone(),
            astra_account_id,
            generation: self.generation,
            hand_over: HandOver::Sending { known },
            superseded,
            stuck,
        });
    }

    /// Astra has it as this account, which takes the place of an earlier one.
    pub fn arrive_at_astra(&mut self, astra_account_id: &AstraAccountId) {
        if let Some(at_astra) = &mut self.at_astra {
            let earlier = at_astra.astra_account_id.replace(astra_account_id.clone());
            let earlier = earlier.filter(|earlier| earlier != astra_account_id);
            at_astra.superseded.extend(earlier);
            at_astra.hand_over = HandOver::Done;
        }
    }

    /// How far its hand-over is now.
    pub fn set_hand_over(&mut self, hand_over: HandOver) {
        if let Some(at_astra) = &mut self.at_astra {
            at_astra.hand_over = hand_over;
        }
    }

    /// One of its accounts at Astra is gone. Nothing is left to say of an account that has
    /// none any more, but for one that is on its way.
    pub fn leave_astra(&mut self, gone: &AstraAccountId) {
        let Some(at_astra) = &mut self.at_astra else {
            return;
        };
        at_astra.superseded.retain(|id| id != gone);
        at_astra.stuck.retain(|id| id != gone);
        at_astra.astra_account_id = at_astra.astra_account_id.take().filter(|id| id != gone);
        let settled = matches!(at_astra.hand_over, HandOver::Done);
        if settled && !at_astra.has_accounts() {
            self.at_astra = None;
        }
    }

    /// Nothing is on its way any more. What is at Astra stays there, but for what is gone.
    pub fn settle_at_astra(&mut self, gone: &[AstraAccountId]) {
        self.set_hand_over(HandOver::Done);
        for id in gone {
            self.leave_astra(id);
        }
        self.at_astra = self.at_astra.take().filter(AtAstra::has_accounts);
    }

    /// Astra never got the token that was on its way, and may be told of it another time.
    pub fn unsend_to_astra(&mut self) {
        if let Some(at_astra) = &mut self.at_astra {
            at_astra.generation = at_astra.generation.saturating_sub(1);
        }
        self.settle_at_astra(&[]);
    }

    /// Astra would not give up one of its accounts.
    pub fn stick_at_astra(&mut self, kept: &AstraAccountId, reason: &str) {
        let Some(at_astra) = &mut self.at_astra else {
            return;
        };
        at_astra.superseded.retain(|id| id != kept);
        at_astra.stuck.retain(|id| id != kept);
        at_astra.stuck.push(kept.clone());
        if at_astra.astra_account_id.as_ref() == Some(kept) {
            at_astra.astra_account_id = None;
            at_astra.hand_over = HandOver::Refused {
                reason: reason.to_owned(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Sealed;
    use crate::test_util;

    fn id(id: &str) -> AstraAccountId {
        AstraAccountId::new(id)
    }

    fn account() -> Account {
        let mut account = Account::new(test_util::account("a", "checking", None));
        account.give_token(Sealed::from_bytes(vec![1]));
        account
    }

    fn user() -> AstraUserId {
        AstraUserId::new("ada")
    }

    fn arrived() -> Account {
        let mut account = account();
        account.send_to_astra(&user(), Vec::new());
        account.arrive_at_astra(&id("one"));
        account
    }

    #[test]
    fn astra_is_told_of_each_token_once() {
        let mut account = account();
        assert!(!account.is_told_to(&user()));
        account.send_to_astra(&user(), Vec::new());
        account.set_hand_over(HandOver::Refused {
            reason: "no".to_owned(),
        });
        assert!(account.is_told_to(&user()));
        assert!(!account.is_told_to(&AstraUserId::new("bob")));
        account.give_token(Sealed::from_bytes(vec![2]));
        assert!(!account.is_told_to(&user()));
    }

    #[test]
    fn a_newer_account_takes_the_place_of_an_older_one() {
        let mut account = arrived();
        account.send_to_astra(&user(), vec![id("one")]);
        account.arrive_at_astra(&id("two"));
        let at_astra = account.at_astra.clone().unwrap();
        assert_eq!(at_astra.astra_account_id, Some(id("two")));
        assert_eq!(at_astra.superseded, [id("one")]);
        assert_eq!(at_astra.all_accounts(), [id("two"), id("one")]);
        account.leave_astra(&id("one"));
        assert_eq!(account.at_astra.unwrap().all_accounts(), [id("two")]);
    }

    #[test]
    fn a_token_that_never_arrived_is_told_of_another_time() {
        let mut account = arrived();
        account.give_token(Sealed::from_bytes(vec![2]));
        account.send_to_astra(&user(), vec![id("one")]);
        account.unsend_to_astra();
        assert!(!account.is_told_to(&user()));
        let at_astra = account.at_astra.unwrap();
        assert_eq!(
            (at_astra.status(), at_astra.all_accounts()),
            (AstraStatus::Linked, vec![id("one")])
        );
    }

    #[test]
    fn the_same_account_again_supersedes_nothing() {
        let mut account = arrived();
        account.send_to_astra(&user(), vec![id("one")]);
        account.arrive_at_astra(&id("one"));
        assert_eq!(account.at_astra.unwrap().all_accounts(), [id("one")]);
    }

    #[test]
    fn an_account_of_another_user_of_astras_is_left_there() {
        let mut account = arrived();
        account.send_to_astra(&AstraUserId::new("bob"), Vec::new());
        assert_eq!(account.at_astra.unwrap().all_accounts(), []);
    }

    #[test]
    fn nothing_is_said_of_an_account_that_left() {
        let mut account = arrived();
        account.leave_astra(&id("one"));
        assert_eq!(account.at_astra, None);
    }

    #[test]
    fn an_account_that_is_on_its_way_out_stays_so_until_its_item_goes() {
        let mut account = arrived();
        account.set_hand_over(HandOver::Leaving);
        account.leave_astra(&id("one"));
        assert_eq!(account.at_astra.unwrap().status(), AstraStatus::Leaving);
    }

    #[test]
    fn what_astra_would_not_give_up_is_remembered_with_its_reason() {
        let mut account = arrived();
        account.stick_at_astra(&id("one"), "active routines");
        let at_astra = account.at_astra.unwrap();
        assert_eq!(
            (at_astra.astra_account_id.as_ref(), at_astra.reason()),
            (None, Some("active routines"))
        );
        assert_eq!(at_astra.all_accounts(), [id("one")]);
    }
}
