//! The exchange of one public token, as a record that survives crashes and retries.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    AccountId, Institution, ItemId, LinkSessionId, PublicToken, Sealed, UserId, Verification,
    VerificationStatus, token_hash,
};

/// Names one exchange: the hash of its public token. A client needs no other key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExchangeKey(String);

impl ExchangeKey {
    /// The key of the exchange of this token.
    pub fn of(public_token: &PublicToken) -> Self {
        Self(token_hash(public_token.expose()).to_string())
    }

    /// A key that was stored.
    pub fn stored(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The hash in hexadecimal.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names one invocation that works on an exchange. Every write after the claim is
/// conditional on it, so that an invocation which outlived its lease changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerToken(String);

impl OwnerToken {
    /// A new, unguessable owner.
    pub fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// An owner that was stored.
    pub fn stored(owner: impl Into<String>) -> Self {
        Self(owner.into())
    }

    /// The owner as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How far an exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExchangeStep {
    /// Somebody works on it; Plaid may or may not have made the Item.
    Claimed,
    /// The Item is recorded with its sealed access token.
    Exchanged,
    /// The answer is recorded.
    Finished,
    /// The Item could not be recorded and is being removed at Plaid.
    Compensating,
    /// The Item is gone at Plaid.
    Removed,
    /// Plaid made an Item, and its access token never reached us.
    Lost,
    /// Plaid refused the token at the first attempt; nothing was made.
    Refused,
}

impl ExchangeStep {
    /// Whether the step may follow this one. Nothing else is ever written.
    pub fn may_become(self, next: Self) -> bool {
        use ExchangeStep::{Claimed, Compensating, Exchanged, Finished, Lost, Refused, Removed};
        match self {
            Claimed => matches!(next, Exchanged | Compensating | Lost | Refused),
            Exchanged => matches!(next, Finished | Removed),
            Compensating => matches!(next, Removed | Lost),
            Finished => next == Removed,
            Removed | Lost | Refused => false,
        }
    }

    /// Whether nobody has anything left to do.
    pub fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Finished | Self::Removed | Self::Lost | Self::Refused
        )
    }
}

/// What the browser said about an account. Never a reason to refuse anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountHint {
    /// The account's id.
    pub account_id: AccountId,
    /// The account's name.
    pub name: Option<String>,
    /// The account's mask.
    pub mask: Option<String>,
    /// Its verification, where the SDK tells.
    pub verification_status: Option<VerificationStatus>,
}

/// What the browser said about the session, from Link's `onSuccess` metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// The bank.
    pub institution: Option<Institution>,
    /// The accounts that the user selected.
    pub accounts: Vec<AccountHint>,
    /// Plaid's id of the run through Link.
    pub link_session_id: Option<LinkSessionId>,
}

impl Hints {
    /// The account that a processor token can be asked for before Plaid has confirmed it:
    /// the chosen one, or the only one, if nothing speaks against it.
    pub fn likely_account(&self, chosen: Option<&AccountId>) -> Option<AccountId> {
        let account = match (chosen, self.accounts.as_slice()) {
            (None, [only]) => only,
            (None, _) => return None,
            (Some(id), accounts) => accounts.iter().find(|account| account.account_id == *id)?,
        };
        let settled =
            Verification::of(account.verification_status.as_ref()) == Verification::Settled;
        settled.then(|| account.account_id.clone())
    }
}

/// The record of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The hash of the public token.
    pub key: ExchangeKey,
    /// Whose exchange it is.
    pub user_id: UserId,
    /// Who works on it.
    pub owner: OwnerToken,
    /// Until when nobody else may.
    pub lease_until: Timestamp,
    /// How far it is.
    pub step: ExchangeStep,
    /// How often work on it was begun; 1 for the first.
    pub attempt: u32,
    /// The token itself, for whoever takes over.
    pub public_token: Option<Sealed>,
    /// The account that the user chose, where one was named.
    pub account_id: Option<AccountId>,
    /// Whether a second Item of the same accounts is wanted.
    pub allow_duplicate: bool,
    /// The Item that is already there, where the new one was removed for it.
    pub duplicate_of: Option<ItemId>,
    /// The Item that came out of it.
    pub item_id: Option<ItemId>,
    /// Its access token, while it is being removed again without having been recorded.
    pub access_token: Option<Sealed>,
    /// The answer, for replays.
    pub answer: Option<Sealed>,
    /// Until when the answer is replayed as it was.
    pub answer_until: Option<Timestamp>,
    /// When the exchange was begun.
    pub created_at: Timestamp,
}

/// An Item that came out of an exchange that somebody else had taken over meanwhile. It
/// is removed at Plaid unless the exchange ended with this very Item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The exchange.
    pub key: ExchangeKey,
    /// The Item.
    pub item_id: ItemId,
    /// Its access token.
    pub access_token: Sealed,
    /// When somebody must look at it.
    pub due_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::ExchangeStep::{self, *};
    use super::*;

    #[test]
    fn only_designed_steps_follow_one_another() {
        let all = [
            Claimed,
            Exchanged,
            Finished,
            Compensating,
            Removed,
            Lost,
            Refused,
        ];
        let legal = |from: ExchangeStep| all.into_iter().filter(|to| from.may_become(*to)).count();
        assert_eq!(all.map(legal), [4, 2, 1, 2, 0, 0, 0]);
        assert!(Claimed.may_become(Exchanged) && !Exchanged.may_become(Claimed));
        assert!(
            !Compensating.may_become(Exchanged),
            "a removed Item is never recorded"
        );
    }

    fn hint(id: &str, status: Option<&str>) -> AccountHint {
        AccountHint {
            account_id: AccountId::new(id),
            name: None,
            mask: None,
            verification_status: status.map(VerificationStatus::from),
        }
    }

    #[test]
    fn a_likely_account_is_the_chosen_one_or_the_only_one() {
        let both = Hints {
            accounts: vec![hint("a", None), hint("b", None)],
            ..Hints::default()
        };
        assert_eq!(both.likely_account(None), None);
        let chosen = AccountId::new("b");
        assert_eq!(both.likely_account(Some(&chosen)), Some(chosen));
        assert_eq!(both.likely_account(Some(&AccountId::new("c"))), None);
        let only = Hints {
            accounts: vec![hint("a", None)],
            ..Hints::default()
        };
        assert_eq!(only.likely_account(None), Some(AccountId::new("a")));
    }

    #[test]
    fn a_pending_account_is_never_likely() {
        let status = Some("pending_automatic_verification");
        let hints = Hints {
            accounts: vec![hint("a", status)],
            ..Hints::default()
        };
        assert_eq!(hints.likely_account(None), None);
    }
}
