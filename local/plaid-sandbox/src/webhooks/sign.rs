//! Signing keys and the `Plaid-Verification` header.
//! <https://plaid.com/docs/api/webhooks/webhook-verification/>

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use sandbox_kit::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Forgery, Tamper};
use crate::world::World;
use crate::world::ids;

/// A key to sign webhooks with. It protects nothing but tests.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pkcs8: String,
    x: String,
    y: String,
    pub(crate) created_at: Timestamp,
    pub(crate) expired_at: Option<Timestamp>,
}

/// A key could not be made or used: the system has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("the signing key cannot be made or used")]
pub(crate) struct KeyError;

impl SigningKey {
    pub(crate) fn generate(now: Timestamp) -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| KeyError)?;
        let pair = pair(pkcs8.as_ref(), &random)?;
        // An uncompressed point: 4, then x and y, 32 bytes each.
        let point = pair.public_key().as_ref();
        let (x, y) = (
            point.get(1..33).ok_or(KeyError)?,
            point.get(33..65).ok_or(KeyError)?,
        );
        Ok(Self {
            kid: ids::uuid(),
            pkcs8: STANDARD.encode(pkcs8.as_ref()),
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
            created_at: now,
            expired_at: None,
        })
    }

    /// As in `/webhook_verification_key/get`.
    pub(crate) fn jwk(&self, clock: &Clock) -> Value {
        json!({
            "alg": "ES256",
            "created_at": clock.shown(self.created_at).as_second(),
            "crv": "P-256",
            "expired_at": self.expired_at.map(|at| clock.shown(at).as_second()),
            "kid": self.kid,
            "kty": "EC",
            "use": "sig",
            "x": self.x,
            "y": self.y,
        })
    }

    /// The header for `body`, signed at `iat`; `None` when it is to be left out.
    pub(crate) fn header(
        &self,
        body: &[u8],
        iat: i64,
        forgery: &Forgery,
    ) -> Result<Option<String>, KeyError> {
        let tamper = forgery.tamper;
        if tamper == Some(Tamper::NoHeader) {
            return Ok(None);
        }
        let alg = if tamper == Some(Tamper::Alg) {
            "none"
        } else {
            "ES256"
        };
        let kid = if tamper == Some(Tamper::Kid) {
            ids::uuid()
        } else {
            self.kid.clone()
        };
        let hashed: &[u8] = if tamper == Some(Tamper::Body) {
            b"another body"
        } else {
            body
        };
        let head = json!({"alg": alg, "kid": kid, "typ": "JWT"});
        let claims = json!({
            "iat": iat,
            "request_body_sha256": hex::encode(digest(&SHA256, hashed)),
        });
        let signed = format!("{}.{}", encode(&head), encode(&claims));
        let signature = if tamper == Some(Tamper::Signature) {
            self.sign(b"something else")?
        } else {
            self.sign(signed.as_bytes())?
        };
        Ok(Some(format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(signature)
        )))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        let pkcs8 = STANDARD.decode(&self.pkcs8).map_err(|_| KeyError)?;
        let signature = pair(&pkcs8, &random)?
            .sign(&random, message)
            .map_err(|_| KeyError)?;
        Ok(signature.as_ref().to_vec())
    }
}

fn pair(pkcs8: &[u8], random: &SystemRandom) -> Result<EcdsaKeyPair, KeyError> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, random).map_err(|_| KeyError)
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

impl World {
    /// The key in use: the newest that is not on its way out.
    pub(crate) fn signing_key(&self) -> Option<&SigningKey> {
        self.keys
            .values()
            .filter(|key| key.expired_at.is_none())
            .max_by_key(|key| key.created_at)
    }

    /// Puts a new key in use; the others expire at `expiry`. Returns its id.
    pub(crate) fn rotate_key(
        &mut self,
        now: Timestamp,
        expiry: Timestamp,
    ) -> Result<String, KeyError> {
        let new = SigningKey::generate(now)?;
        let old: Vec<String> = self.keys.keys().cloned().collect();
        for kid in old {
            if let Some(key) = self.keys.get_mut(&kid) {
                key.expired_at.get_or_insert(expiry);
            }
        }
        let kid = new.kid.clone();
        self.keys.insert(kid.clone(), new);
        Ok(kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    fn verifies(key: &SigningKey, header: &str) -> bool {
        let (signed, signature) = header.rsplit_once('.').unwrap();
        let mut point = vec![4];
        point.extend(URL_SAFE_NO_PAD.decode(&key.x).unwrap());
        point.extend(URL_SAFE_NO_PAD.decode(&key.y).unwrap());
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(signed.as_bytes(), &signature)
            .is_ok()
    }

    #[test]
    fn header_verifies_with_the_published_key_and_a_forged_one_does_not() {
        let key = SigningKey::generate(Timestamp::UNIX_EPOCH).unwrap();
        let header = key.header(b"{}", 7, &Forgery::default()).unwrap().unwrap();
        assert!(verifies(&key, &header));
        let forged = Forgery {
            tamper: Some(Tamper::Signature),
            ..Forgery::default()
        };
        assert!(!verifies(
            &key,
            &key.header(b"{}", 7, &forged).unwrap().unwrap()
        ));
        let none = Forgery {
            tamper: Some(Tamper::NoHeader),
            ..Forgery::default()
        };
        assert_eq!(key.header(b"{}", 7, &none).unwrap(), None);
    }

    #[test]
    fn rotation_keeps_the_old_key_with_its_expiry() {
        let mut world = World::default();
        let now = Timestamp::constant(1_790_000_000, 0);
        let old = world.rotate_key(now, now).unwrap();
        let later = Timestamp::constant(1_790_000_100, 0);
        let new = world.rotate_key(later, later).unwrap();
        assert_eq!(world.signing_key().unwrap().kid, new);
        assert_eq!(world.keys.get(&old).unwrap().expired_at, Some(later));
    }
}
