//! Signs webhooks as Plaid does, with a key made for one test.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

use crate::{VerificationKey, body_hash};

/// A key pair that signs as Plaid does. For tests: nothing outside trusts it.
pub struct WebhookSigner {
    key_id: String,
    pair: EcdsaKeyPair,
}

impl WebhookSigner {
    /// A new key with this `kid`.
    ///
    /// # Panics
    /// The machine has no random numbers.
    #[expect(
        clippy::expect_used,
        reason = "a test without random numbers cannot go on"
    )]
    pub fn new(key_id: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("random numbers");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random)
            .expect("a key that was just made");
        Self {
            key_id: key_id.to_owned(),
            pair,
        }
    }

    /// The public key as Plaid would give it out.
    pub fn key(&self) -> VerificationKey {
        let point = self.pair.public_key().as_ref();
        let coordinate = |range| URL_SAFE_NO_PAD.encode(point.get(range).unwrap_or_default());
        VerificationKey {
            key_id: self.key_id.clone(),
            algorithm: "ES256".to_owned(),
            key_type: "EC".to_owned(),
            curve: "P-256".to_owned(),
            public_key_use: Some("sig".to_owned()),
            x: coordinate(1..33),
            y: coordinate(33..65),
            expired_at: None,
        }
    }

    /// The header for a body, signed at that moment.
    pub fn sign(&self, body: &[u8], issued_at: Timestamp) -> String {
        self.sign_with_header(&self.jwt_header(), body, issued_at)
    }

    /// The same with a JWT header of one's own.
    pub fn sign_with_header(&self, header: &str, body: &[u8], issued_at: Timestamp) -> String {
        self.sign_parts(header, &claims(body, issued_at))
    }

    /// A token with claims of one's own.
    pub fn sign_claims(&self, claims: &str) -> String {
        self.sign_parts(&self.jwt_header(), claims)
    }

    /// A token with a JWT header and claims of one's own.
    pub fn sign_parts(&self, header: &str, claims: &str) -> String {
        let text = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = self.sign_text(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The signature of any bytes, r and s.
    pub fn sign_text(&self, text: &[u8]) -> Vec<u8> {
        self.pair
            .sign(&SystemRandom::new(), text)
            .map_or_else(|_| Vec::new(), |signature| signature.as_ref().to_vec())
    }

    fn jwt_header(&self) -> String {
        format!(r#"{{"alg":"ES256","kid":"{}","typ":"JWT"}}"#, self.key_id)
    }
}

/// The claims that Plaid makes about a body.
pub fn claims(body: &[u8], issued_at: Timestamp) -> String {
    let (second, hash) = (issued_at.as_second(), body_hash(body));
    format!(r#"{{"iat":{second},"request_body_sha256":"{hash}"}}"#)
}
