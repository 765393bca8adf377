//! Verification of Plaid's webhooks (plaid.com/docs/api/webhooks/webhook-verification).
//!
//! The header `Plaid-Verification` is a JWT that Plaid signs with ES256. It carries the
//! SHA-256 of the body and the moment of signing. A webhook is believed only when the
//! signature, the body's hash and the age hold; each way to fail has its own reason.
//!
//! Nothing here calls out or reads a clock: the caller brings the key and the time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::Deserialize;
use serde::de::IgnoredAny;
use subtle::ConstantTimeEq;

use crate::domain::{KeyId, Sha256};
use crate::ports::VerificationKey;

/// Plaid's tokens have about 400 characters.
const MAX_TOKEN: usize = 2048;
const MAX_KEY_ID: usize = 64;
const SIGNATURE_LENGTH: usize = 64;
const COORDINATE_LENGTH: usize = 32;
/// Plaid asks to refuse what is older.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);
/// How far Plaid's clock may be ahead of ours.
const MAX_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no `Plaid-Verification` header.
    #[error("missing_header")]
    MissingHeader,
    /// The header is no compact JWT in canonical base64url.
    #[error("malformed_token")]
    MalformedToken,
    /// `alg` is not exactly `ES256`.
    #[error("algorithm_not_allowed")]
    AlgorithmNotAllowed,
    /// The JWT's header brings its own key, or critical extensions.
    #[error("header_not_allowed")]
    HeaderNotAllowed,
    /// `kid` is missing or cannot be one of Plaid's.
    #[error("malformed_key_id")]
    MalformedKeyId,
    /// `iat` or `request_body_sha256` is missing or malformed.
    #[error("malformed_claims")]
    MalformedClaims,
    /// `iat` is too far ahead.
    #[error("from_the_future")]
    FromTheFuture,
    /// The body is not the one that was signed.
    #[error("body_hash_mismatch")]
    BodyHashMismatch,
    /// Plaid has no key with this `kid` in this environment.
    #[error("unknown_key")]
    UnknownKey,
    /// The key is not a P-256 key for ES256 with this `kid`.
    #[error("unusable_key")]
    UnusableKey,
    /// The key had expired when the token was signed.
    #[error("expired_key")]
    ExpiredKey,
    /// The signature does not fit.
    #[error("signature_mismatch")]
    SignatureMismatch,
    /// Everything fits, but the token was signed too long ago.
    #[error("too_old")]
    TooOld,
}

/// Whether a token is young enough to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// At most five minutes old.
    Fresh,
    /// Older: at best a hint.
    Stale,
}

/// A token whose signature was not checked yet. It may be used to refuse, and to find
/// the key; never to accept.
#[derive(Debug)]
pub struct UnverifiedWebhook<'a> {
    signed_text: &'a str,
    signature: Vec<u8>,
    key_id: KeyId,
    issued_at: Timestamp,
    body_hash: String,
}

/// A webhook that Plaid signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedWebhook {
    /// When it was signed.
    pub issued_at: Timestamp,
    /// The hash of the body.
    pub body_hash: Sha256,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Present>,
    jku: Option<Present>,
    jwk: Option<Present>,
    x5c: Option<Present>,
    x5u: Option<Present>,
}

/// Any value at all; serde reads null as absent, which is as harmless as absent.
#[derive(Deserialize)]
struct Present(IgnoredAny);

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    request_body_sha256: String,
}

impl<'a> UnverifiedWebhook<'a> {
    /// Reads the header's value.
    ///
    /// # Errors
    /// Its shape, its algorithm or its claims are not Plaid's.
    pub fn read(header: Option<&'a str>) -> Result<Self, Rejection> {
        let token = header
            .filter(|text| !text.is_empty())
            .ok_or(Rejection::MissingHeader)?;
        if token.len() > MAX_TOKEN {
            return Err(Rejection::MalformedToken);
        }
        let (signed_text, signature) = token.rsplit_once('.').ok_or(Rejection::MalformedToken)?;
        let (header, claims) = signed_text
            .split_once('.')
            .ok_or(Rejection::MalformedToken)?;
        let key_id = read_header(&decode(header)?)?;
        let claims = read_claims(&decode(claims)?)?;
        let signature = decode(signature)?;
        if signature.len() != SIGNATURE_LENGTH {
            return Err(Rejection::MalformedToken);
        }
        let issued_at =
            Timestamp::from_second(claims.iat).map_err(|_| Rejection::MalformedClaims)?;
        let body_hash = claims.request_body_sha256;
        Ok(Self {
            signed_text,
            signature,
            key_id,
            issued_at,
            body_hash,
        })
    }

    /// The key that the token claims to be signed with.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// The cheap checks, before any key is asked for: the age and the body's hash.
    ///
    /// # Errors
    /// `FromTheFuture` or `BodyHashMismatch`.
    pub fn check(&self, body: &[u8], now: Timestamp) -> Result<Freshness, Rejection> {
        let age = now.duration_since(self.issued_at);
        if age < -MAX_SKEW {
            return Err(Rejection::FromTheFuture);
        }
        let hash = Sha256::of(body);
        if !bool::from(hash.as_str().as_bytes().ct_eq(self.body_hash.as_bytes())) {
            return Err(Rejection::BodyHashMismatch);
        }
        Ok(if age > MAX_AGE {
            Freshness::Stale
        } else {
            Freshness::Fresh
        })
    }

    /// Checks the signature with the key that `key_id` names.
    ///
    /// # Errors
    /// `UnusableKey`, `ExpiredKey` or `SignatureMismatch`.
    pub fn verify(&self, key: &VerificationKey) -> Result<SignedWebhook, Rejection> {
        if key.key_id != self.key_id {
            return Err(Rejection::UnusableKey);
        }
        let point = public_point(key)?;
        if key
            .expired_at
            .is_some_and(|expired_at| expired_at <= self.issued_at)
        {
            return Err(Rejection::ExpiredKey);
        }
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(self.signed_text.as_bytes(), &self.signature)
            .map_err(|_| Rejection::SignatureMismatch)?;
        let body_hash = Sha256::parse(&self.body_hash).ok_or(Rejection::MalformedClaims)?;
        Ok(SignedWebhook {
            issued_at: self.issued_at,
            body_hash,
        })
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Rejection> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Rejection::MalformedToken)
}

fn read_header(json: &[u8]) -> Result<KeyId, Rejection> {
    let header: Header = serde_json::from_slice(json).map_err(|_| Rejection::MalformedToken)?;
    if header.alg != "ES256" {
        return Err(Rejection::AlgorithmNotAllowed);
    }
    let own_key = [
        &header.crit,
        &header.jku,
        &header.jwk,
        &header.x5c,
        &header.x5u,
    ];
    if own_key.into_iter().any(Option::is_some) {
        return Err(Rejection::HeaderNotAllowed);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    header
        .kid
        .filter(|kid| !kid.is_empty() && kid.len() <= MAX_KEY_ID && kid.chars().all(plain))
        .map(KeyId::new)
        .ok_or(Rejection::MalformedKeyId)
}

fn read_claims(json: &[u8]) -> Result<Claims, Rejection> {
    let claims: Claims = serde_json::from_slice(json).map_err(|_| Rejection::MalformedClaims)?;
    match Sha256::parse(&claims.request_body_sha256) {
        Some(_) => Ok(claims),
        None => Err(Rejection::MalformedClaims),
    }
}

/// The uncompressed point that ring wants: 4, x, y.
fn public_point(key: &VerificationKey) -> Result<Vec<u8>, Rejection> {
    if key.algorithm != "ES256" || key.key_type != "EC" || key.curve != "P-256" {
        return Err(Rejection::UnusableKey);
    }
    let mut point = vec![4];
    for coordinate in [&key.x, &key.y] {
        let bytes = URL_SAFE_NO_PAD
            .decode(coordinate)
            .map_err(|_| Rejection::UnusableKey)?;
        if bytes.len() != COORDINATE_LENGTH {
            return Err(Rejection::UnusableKey);
        }
        point.extend_from_slice(&bytes);
    }
    Ok(point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::WebhookSigner;

    const NOW: i64 = 1_795_000_000;
    const BODY: &[u8] = b"{\n  \"webhook_code\": \"ERROR\"\n}";

    fn at(offset: i64) -> Timestamp {
        Timestamp::from_second(NOW + offset).unwrap()
    }

    fn outcome(token: &str, body: &[u8], key: &VerificationKey) -> Result<Freshness, Rejection> {
        let webhook = UnverifiedWebhook::read(Some(token))?;
        let freshness = webhook.check(body, at(0))?;
        webhook.verify(key)?;
        Ok(freshness)
    }

    #[test]
    fn a_genuine_webhook_is_believed() {
        let signer = WebhookSigner::new("kid-1");
        let token = signer.sign(BODY, at(0));
        assert_eq!(outcome(&token, BODY, &signer.key()), Ok(Freshness::Fresh));
    }

    #[test]
    fn age_is_counted_from_the_moment_of_signing() {
        let signer = WebhookSigner::new("kid-1");
        let expected = [
            (-300, Ok(Freshness::Fresh)),
            (-301, Ok(Freshness::Stale)),
            (60, Ok(Freshness::Fresh)),
            (61, Err(Rejection::FromTheFuture)),
        ];
        for (offset, expected) in expected {
            let token = signer.sign(BODY, at(offset));
            assert_eq!(outcome(&token, BODY, &signer.key()), expected, "{offset}");
        }
    }

    #[test]
    fn another_body_than_the_signed_one_is_refused() {
        let signer = WebhookSigner::new("kid-1");
        let token = signer.sign(BODY, at(0));
        let mut altered = BODY.to_vec();
        altered.push(b'\n');
        for body in [&altered[..], b"", &BODY[1..]] {
            let refused = outcome(&token, body, &signer.key());
            assert_eq!(refused, Err(Rejection::BodyHashMismatch));
        }
    }

    #[test]
    fn a_signature_by_another_key_is_refused() {
        let signer = WebhookSigner::new("kid-1");
        let token = signer.sign(BODY, at(0));
        let impostor = WebhookSigner::new("kid-1").key();
        assert_eq!(
            outcome(&token, BODY, &impostor),
            Err(Rejection::SignatureMismatch)
        );
        let other_kid = WebhookSigner::new("kid-2").key();
        assert_eq!(
            outcome(&token, BODY, &other_kid),
            Err(Rejection::UnusableKey)
        );
    }

    #[test]
    fn no_algorithm_but_es256_is_tried() {
        let signer = WebhookSigner::new("kid-1");
        for alg in ["none", "None", "HS256", "es256", "ES384", "RS256", ""] {
            let header = format!(r#"{{"alg":"{alg}","kid":"kid-1","typ":"JWT"}}"#);
            let token = signer.sign_with_header(&header, BODY, at(0));
            let refused = UnverifiedWebhook::read(Some(&token)).unwrap_err();
            assert_eq!(refused, Rejection::AlgorithmNotAllowed, "{alg}");
        }
    }

    #[test]
    fn a_token_that_brings_its_own_key_is_refused() {
        let signer = WebhookSigner::new("kid-1");
        for extra in [
            r#""jwk":{}"#,
            r#""jku":"x""#,
            r#""x5u":"x""#,
            r#""x5c":[]"#,
            r#""crit":["b64"]"#,
        ] {
            let header = format!(r#"{{"alg":"ES256","kid":"kid-1",{extra}}}"#);
            let token = signer.sign_with_header(&header, BODY, at(0));
            let refused = UnverifiedWebhook::read(Some(&token)).unwrap_err();
            assert_eq!(refused, Rejection::HeaderNotAllowed, "{extra}");
        }
    }

    #[test]
    fn a_key_id_that_plaid_never_uses_is_refused_before_any_lookup() {
        let signer = WebhookSigner::new("kid-1");
        let long = "k".repeat(65);
        for kid in ["", "a b", "../x", "é", &long] {
            let header = format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#);
            let token = signer.sign_with_header(&header, BODY, at(0));
            let refused = UnverifiedWebhook::read(Some(&token)).unwrap_err();
            assert_eq!(refused, Rejection::MalformedKeyId, "{kid}");
        }
        let token = signer.sign_with_header(r#"{"alg":"ES256"}"#, BODY, at(0));
        let refused = UnverifiedWebhook::read(Some(&token)).unwrap_err();
        assert_eq!(refused, Rejection::MalformedKeyId);
    }

    #[test]
    fn malformed_tokens_are_refused() {
        let signer = WebhookSigner::new("kid-1");
        let genuine = signer.sign(BODY, at(0));
        let (unsigned, _) = genuine.rsplit_once('.').unwrap();
        let long = format!("{genuine}{}", "A".repeat(MAX_TOKEN));
        let malformed = [
            "a",
            "a.b",
            "..",
            "!.!.!",
            unsigned,
            &long,
            &format!("{genuine}="),
            &format!("{unsigned}.AAAA"),
            &format!(" {genuine}"),
            &genuine.replace('.', ","),
            &format!("{genuine}.x"),
        ];
        for token in malformed {
            let refused = UnverifiedWebhook::read(Some(token)).unwrap_err();
            assert_eq!(refused, Rejection::MalformedToken, "{token}");
        }
        for missing in [None, Some("")] {
            let refused = UnverifiedWebhook::read(missing).unwrap_err();
            assert_eq!(refused, Rejection::MissingHeader);
        }
    }

    #[test]
    fn claims_must_be_an_integer_and_a_sha256() {
        let signer = WebhookSigner::new("kid-1");
        let hash = Sha256::of(BODY);
        let malformed = [
            "{}".to_owned(),
            format!(r#"{{"iat":"1","request_body_sha256":"{hash}"}}"#),
            format!(r#"{{"iat":1.5,"request_body_sha256":"{hash}"}}"#),
            format!(r#"{{"iat":9223372036854775807,"request_body_sha256":"{hash}"}}"#),
            r#"{"iat":1,"request_body_sha256":"abc"}"#.to_owned(),
            format!(r#"{{"iat":1,"iat":2,"request_body_sha256":"{hash}"}}"#),
            "[]".to_owned(),
        ];
        for claims in malformed {
            let token = signer.sign_claims(&claims);
            let refused = UnverifiedWebhook::read(Some(&token)).unwrap_err();
            assert_eq!(refused, Rejection::MalformedClaims, "{claims}");
        }
    }

    #[test]
    fn a_key_counts_until_it_expires() {
        let signer = WebhookSigner::new("kid-1");
        let token = signer.sign(BODY, at(0));
        let expiring = |offset| VerificationKey {
            expired_at: Some(at(offset)),
            ..signer.key()
        };
        assert_eq!(outcome(&token, BODY, &expiring(1)), Ok(Freshness::Fresh));
        assert_eq!(
            outcome(&token, BODY, &expiring(0)),
            Err(Rejection::ExpiredKey)
        );
        assert_eq!(
            outcome(&token, BODY, &expiring(-9)),
            Err(Rejection::ExpiredKey)
        );
    }

    #[test]
    fn a_key_of_another_kind_is_never_used() {
        let signer = WebhookSigner::new("kid-1");
        let token = signer.sign(BODY, at(0));
        let good = signer.key();
        let bad = [
            VerificationKey {
                algorithm: "HS256".to_owned(),
                ..good.clone()
            },
            VerificationKey {
                key_type: "oct".to_owned(),
                ..good.clone()
            },
            VerificationKey {
                curve: "P-384".to_owned(),
                ..good.clone()
            },
            VerificationKey {
                x: "AAAA".to_owned(),
                ..good.clone()
            },
            VerificationKey {
                y: "!".to_owned(),
                ..good
            },
        ];
        for key in bad {
            assert_eq!(
                outcome(&token, BODY, &key),
                Err(Rejection::UnusableKey),
                "{key:?}"
            );
        }
    }
}
