//! From a token and a body to a webhook that Plaid signed.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use subtle::ConstantTimeEq;

use crate::{KeyId, Rejection, UnverifiedToken, VerificationKey};

/// Plaid asks to refuse what is older.
pub const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);
/// How far Plaid's clock may be ahead of ours.
pub const MAX_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// A token that fits its body and its time, and whose signature was not checked yet.
#[derive(Debug, Clone)]
pub struct UnverifiedWebhook<'a> {
    token: UnverifiedToken<'a>,
    now: Timestamp,
}

/// A webhook that Plaid signed, for this body, at most five minutes ago. Nothing but a
/// verification makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedWebhook {
    issued_at: Timestamp,
    key_id: KeyId,
}

impl SignedWebhook {
    /// When Plaid signed it.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// With which key.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }
}

impl<'a> UnverifiedToken<'a> {
    /// The cheap checks, for which no key is needed. `body` MUST be the bytes as they were
    /// received.
    ///
    /// # Errors
    /// `FromTheFuture` or `BodyHashMismatch`.
    pub fn with_body(
        self,
        body: &[u8],
        now: Timestamp,
    ) -> Result<UnverifiedWebhook<'a>, Rejection> {
        self.check_future(now)?;
        self.check_body(body)?;
        Ok(UnverifiedWebhook { token: self, now })
    }

    pub(crate) fn check_future(&self, now: Timestamp) -> Result<(), Rejection> {
        if self.issued_at().duration_since(now) > MAX_SKEW {
            return Err(Rejection::FromTheFuture);
        }
        Ok(())
    }

    pub(crate) fn check_body(&self, body: &[u8]) -> Result<(), Rejection> {
        let hash = body_hash(body);
        if bool::from(hash.as_bytes().ct_eq(self.body_hash().as_bytes())) {
            return Ok(());
        }
        Err(Rejection::BodyHashMismatch)
    }

    pub(crate) fn check_signature(&self, point: &[u8]) -> Result<(), Rejection> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(self.signed_text.as_bytes(), &self.signature)
            .map_err(|_| Rejection::SignatureMismatch)
    }

    pub(crate) fn check_age(&self, now: Timestamp) -> Result<(), Rejection> {
        let issued_at = self.issued_at();
        if now.duration_since(issued_at) > MAX_AGE {
            return Err(Rejection::TooOld { issued_at });
        }
        Ok(())
    }
}

impl UnverifiedWebhook<'_> {
    /// The key that it claims to be signed with.
    pub fn key_id(&self) -> &KeyId {
        self.token.key_id()
    }

    /// Checks the signature with the key that `key_id` names, and then the age.
    ///
    /// # Errors
    /// `UnusableKey`, `ExpiredKey`, `SignatureMismatch` or `TooOld`.
    pub fn verify(&self, key: &VerificationKey) -> Result<SignedWebhook, Rejection> {
        let point = key.point(self.key_id())?;
        key.check_expiry(self.token.issued_at())?;
        self.token.check_signature(&point)?;
        self.token.check_age(self.now)?;
        Ok(SignedWebhook {
            issued_at: self.token.issued_at(),
            key_id: self.key_id().clone(),
        })
    }
}

/// The SHA-256 of a body in lower-case hexadecimal, as Plaid signs it.
pub fn body_hash(body: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in digest(&SHA256, body).as_ref() {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
