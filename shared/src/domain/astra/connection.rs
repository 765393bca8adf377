//! A user's permission that we act for them at Astra.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{AstraUserId, Deadline, Sealed, UserId};

/// A user's connection to Astra, with its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AstraConnection {
    /// Our user.
    pub user_id: UserId,
    /// Astra's.
    pub astra_user_id: AstraUserId,
    /// Acts for the user. Astra knows one at a time: the newest.
    pub access_token: Sealed,
    /// Gets the next pair of tokens; Astra need not give one.
    pub refresh_token: Option<Sealed>,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// When it should be renewed, at the latest.
    pub refresh_at: Timestamp,
    /// Where the user came back to; Astra wants to hear it with every renewal.
    pub redirect_uri: String,
    /// Whether it works.
    pub state: ConnectionState,
    /// Counts our writes; each one is conditional on the version that was read.
    pub version: u64,
    /// When the user gave the permission, the last time.
    pub connected_at: Timestamp,
    /// When we changed it last.
    pub updated_at: Timestamp,
}

/// What a front end is told of a connection, and events tell of its change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It works.
    Connected,
    /// Astra takes its tokens no longer: the user must go to Astra's page again.
    ReauthorizationRequired,
    /// The user took it back. Such a connection is not kept.
    Disconnected,
}

/// The share of an access token's life after which it is renewed: what is left are days in
/// which Astra, or we, may be away.
const RENEWED_AFTER: f64 = 0.7;
/// A token that ends within this time may end on its way.
const TOO_SHORT: Duration = Duration::from_mins(1);

/// Tokens that Astra gave just now, sealed for their connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedTokens {
    /// The access token.
    pub access: Sealed,
    /// The refresh token, where Astra gave a new one.
    pub refresh: Option<Sealed>,
    /// How long the access token lives.
    pub expires_in: Duration,
}

impl AstraConnection {
    /// The first connection of a user, or the one after `before`.
    pub fn new(
        before: Option<&Self>,
        user_id: &UserId,
        astra_user_id: AstraUserId,
        redirect_uri: &str,
        tokens: SealedTokens,
        now: Timestamp,
    ) -> Self {
        Self {
            user_id: user_id.clone(),
            astra_user_id,
            expires_at: tokens.expires_at(now),
            refresh_at: tokens.refresh_at(now),
            access_token: tokens.access,
            refresh_token: tokens.refresh,
            redirect_uri: redirect_uri.to_owned(),
            state: ConnectionState::Connected,
            version: before.map_or(0, |before| before.version),
            connected_at: now,
            updated_at: now,
        }
        .next_version(now)
    }

    /// Takes over tokens of a renewal.
    #[must_use]
    pub fn renewed(&self, tokens: SealedTokens, now: Timestamp) -> Self {
        Self {
            expires_at: tokens.expires_at(now),
            refresh_at: tokens.refresh_at(now),
            access_token: tokens.access,
            refresh_token: tokens.refresh.or_else(|| self.refresh_token.clone()),
            ..self.clone()
        }
        .next_version(now)
    }

    /// The connection whose tokens Astra takes no longer.
    #[must_use]
    pub fn refused(&self, now: Timestamp) -> Self {
        Self {
            state: ConnectionState::ReauthorizationRequired,
            ..self.clone()
        }
        .next_version(now)
    }

    fn next_version(mut self, now: Timestamp) -> Self {
        self.version = self.version.saturating_add(1);
        self.updated_at = now;
        self
    }

    /// Whether its access token should be renewed before it is used.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now >= self.refresh_at
    }

    /// Whether its access token is of no use any more.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        Deadline::at(self.expires_at).remaining(now) < TOO_SHORT
    }

    /// When somebody must look after it; never, once only its user can mend it.
    pub fn due_at(&self) -> Option<Timestamp> {
        (self.state == ConnectionState::Connected).then_some(self.refresh_at)
    }
}

impl SealedTokens {
    fn expires_at(&self, now: Timestamp) -> Timestamp {
        Deadline::after(now, self.expires_in).moment()
    }

    fn refresh_at(&self, now: Timestamp) -> Timestamp {
        Deadline::after(now, self.expires_in.mul_f64(RENEWED_AFTER)).moment()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_DAYS: Duration = Duration::from_hours(240);

    fn tokens(refresh: Option<u8>) -> SealedTokens {
        SealedTokens {
            access: Sealed::from_bytes(vec![1]),
            refresh: refresh.map(|byte| Sealed::from_bytes(vec![byte])),
            expires_in: TEN_DAYS,
        }
    }

    fn connection(before: Option<&AstraConnection>) -> AstraConnection {
        let (user_id, astra_user_id) = (UserId::new("u"), AstraUserId::new("ada"));
        let now = Timestamp::UNIX_EPOCH;
        AstraConnection::new(
            before,
            &user_id,
            astra_user_id,
            "https://a.example/",
            tokens(Some(2)),
            now,
        )
    }

    fn at(days: i64) -> Timestamp {
        Timestamp::from_second(days * 86_400).unwrap()
    }

    #[test]
    fn a_token_of_ten_days_is_renewed_after_seven() {
        let connection = connection(None);
        assert!(!connection.is_stale(at(6)) && connection.is_stale(at(7)));
        assert!(!connection.has_expired(at(9)) && connection.has_expired(at(10)));
        assert_eq!(connection.due_at(), Some(at(7)));
    }

    #[test]
    fn a_renewal_without_a_refresh_token_keeps_the_one_before() {
        let before = connection(None);
        let after = before.renewed(tokens(None), at(7));
        assert_eq!(after.refresh_token, before.refresh_token);
        assert_eq!((after.expires_at, after.version), (at(17), 2));
    }

    #[test]
    fn only_its_user_can_mend_a_connection_that_astra_refuses() {
        let refused = connection(None).refused(at(7));
        assert_eq!(refused.state, ConnectionState::ReauthorizationRequired);
        assert_eq!(refused.due_at(), None);
        let again = connection(Some(&refused));
        assert_eq!(
            (again.state, again.version),
            (ConnectionState::Connected, 3)
        );
    }
}
