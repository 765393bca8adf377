//! Plaid's verification keys.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::Rejection;

const MAX_KEY_ID: usize = 64;
const COORDINATE_LENGTH: usize = 32;

/// The id of a key (`kid`): 1 to 64 letters, digits, hyphens and underscores. Plaid's are
/// UUIDs; nothing else is worth a lookup.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// The id, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let fits = !text.is_empty() && text.len() <= MAX_KEY_ID && text.chars().all(plain);
        fits.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A public key as Plaid gives it out: the `key` of `/webhook_verification_key/get`, which
/// deserialises into this. Whether it is of the right kind is checked when it is used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VerificationKey {
    /// Its id, which must be the token's.
    #[serde(rename = "kid")]
    pub key_id: String,
    /// `alg`, which must be `ES256`.
    #[serde(rename = "alg")]
    pub algorithm: String,
    /// `kty`, which must be `EC`.
    #[serde(rename = "kty")]
    pub key_type: String,
    /// `crv`, which must be `P-256`.
    #[serde(rename = "crv")]
    pub curve: String,
    /// `use`, which must be `sig` where there is one.
    #[serde(rename = "use", default)]
    pub public_key_use: Option<String>,
    /// The x coordinate in base64url.
    pub x: String,
    /// The y coordinate in base64url.
    pub y: String,
    /// From when on nothing that is signed with it is believed; seconds since 1970.
    #[serde(default, deserialize_with = "unix_seconds")]
    pub expired_at: Option<Timestamp>,
}

impl VerificationKey {
    /// The uncompressed point, 4, x, y, if this is a key for such signatures with this id.
    pub(crate) fn point(&self, key_id: &KeyId) -> Result<Vec<u8>, Rejection> {
        let of_the_kind = self.key_id == key_id.as_str()
            && self.algorithm == "ES256"
            && self.key_type == "EC"
            && self.curve == "P-256"
            && self.public_key_use.as_deref().is_none_or(|u| u == "sig");
        if !of_the_kind {
            return Err(Rejection::UnusableKey);
        }
        let mut point = vec![4];
        for coordinate in [&self.x, &self.y] {
            let bytes = URL_SAFE_NO_PAD
                .decode(coordinate)
                .ok()
                .filter(|bytes| bytes.len() == COORDINATE_LENGTH)
                .ok_or(Rejection::UnusableKey)?;
            point.extend_from_slice(&bytes);
        }
        Ok(point)
    }

    pub(crate) fn check_expiry(&self, issued_at: Timestamp) -> Result<(), Rejection> {
        match self.expired_at {
            Some(expired_at) if expired_at <= issued_at => Err(Rejection::ExpiredKey),
            _ => Ok(()),
        }
    }
}

/// A moment out of range is the first or last one there is: a key that has an end must not
/// come to have none.
fn unix_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let seconds = Option::<i64>::deserialize(deserializer)?;
    Ok(seconds.map(|seconds| {
        let nearest = if seconds < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        Timestamp::from_second(seconds).unwrap_or(nearest)
    }))
}
