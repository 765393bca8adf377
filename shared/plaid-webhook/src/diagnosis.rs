//! Which check a webhook fails, for people who want to know why.

use jiff::Timestamp;

use crate::{Check, Rejection, UnverifiedToken, VerificationKey};

/// How one check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed(Rejection),
    /// It cannot be told, because something before it failed.
    Untold,
}

/// Every check of one webhook, in order. Unlike a verification it goes on after the first
/// failure as far as it can, because several things may be wrong.
#[derive(Debug, Clone)]
pub struct Diagnosis<'a> {
    /// The token, if it can be read.
    pub token: Option<UnverifiedToken<'a>>,
    /// How each check ended.
    pub outcomes: Vec<(Check, Outcome)>,
}

impl<'a> Diagnosis<'a> {
    /// Examines a webhook; `key` is `None` when Plaid has no such key.
    pub fn of(
        header: Option<&'a str>,
        body: &[u8],
        key: Option<&VerificationKey>,
        now: Timestamp,
    ) -> Self {
        let read = UnverifiedToken::read(header);
        let outcome = |check| match &read {
            Ok(token) => examine(token, check, body, key, now),
            Err(rejection) => unread(*rejection, check),
        };
        let outcomes = Check::ALL.map(|check| (check, outcome(check))).to_vec();
        Self {
            token: read.ok(),
            outcomes,
        }
    }

    /// Why a verification would refuse the webhook; `None` if it would not.
    pub fn rejection(&self) -> Option<Rejection> {
        self.outcomes.iter().find_map(|(_, outcome)| match outcome {
            Outcome::Failed(rejection) => Some(*rejection),
            Outcome::Passed | Outcome::Untold => None,
        })
    }
}

/// Reading stops at the first failure.
fn unread(rejection: Rejection, check: Check) -> Outcome {
    match check.cmp(&rejection.check()) {
        std::cmp::Ordering::Less => Outcome::Passed,
        std::cmp::Ordering::Equal => Outcome::Failed(rejection),
        std::cmp::Ordering::Greater => Outcome::Untold,
    }
}

fn examine(
    token: &UnverifiedToken<'_>,
    check: Check,
    body: &[u8],
    key: Option<&VerificationKey>,
    now: Timestamp,
) -> Outcome {
    let found = match check {
        Check::Header
        | Check::Token
        | Check::Algorithm
        | Check::Extensions
        | Check::KeyId
        | Check::Claims
        | Check::SignatureLength => Ok(()),
        Check::Future => token.check_future(now),
        Check::Body => token.check_body(body),
        Check::Key => key.map(|_| ()).ok_or(Rejection::UnknownKey),
        Check::Age => token.check_age(now),
        Check::KeyKind | Check::KeyExpiry | Check::Signature => {
            let Some(key) = key else {
                return Outcome::Untold;
            };
            match (check, key.point(token.key_id())) {
                (Check::KeyExpiry, _) => key.check_expiry(token.issued_at()),
                (Check::Signature, Ok(point)) => token.check_signature(&point),
                (Check::Signature, Err(_)) => return Outcome::Untold,
                (_, point) => point.map(|_| ()),
            }
        }
    };
    found.map_or_else(Outcome::Failed, |()| Outcome::Passed)
}
