//! The header `Plaid-Verification`, read and not yet believed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::json::Object;
use crate::{KeyId, Rejection};

/// Plaid's tokens have about 400 characters.
const MAX_TOKEN: usize = 2048;
const SIGNATURE_LENGTH: usize = 64;
const HASH_DIGITS: usize = 64;
/// What a token would say to choose its own key, or to change what the rest of it means.
const EXTENSIONS: [&str; 5] = ["crit", "jku", "jwk", "x5c", "x5u"];

/// A token of which nothing but the shape was checked. It may be used to refuse, and to
/// find the key; never to accept.
#[derive(Debug, Clone)]
pub struct UnverifiedToken<'a> {
    pub(crate) signed_text: &'a str,
    pub(crate) signature: Vec<u8>,
    key_id: KeyId,
    issued_at: Timestamp,
    body_hash: String,
}

struct Claims {
    issued_at: Timestamp,
    body_hash: String,
}

impl<'a> UnverifiedToken<'a> {
    /// Reads the header's value.
    ///
    /// # Errors
    /// It cannot be Plaid's: everything from `MissingHeader` to `MalformedSignature`.
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
        let (header, claims) = (decode(header)?, decode(claims)?);
        let signature = decode(signature)?;
        let key_id = read_header(&header)?;
        let claims = read_claims(&claims).ok_or(Rejection::MalformedClaims)?;
        if signature.len() != SIGNATURE_LENGTH {
            return Err(Rejection::MalformedSignature);
        }
        Ok(Self {
            signed_text,
            signature,
            key_id,
            issued_at: claims.issued_at,
            body_hash: claims.body_hash,
        })
    }

    /// The key that it claims to be signed with.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// When it claims to be signed.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// The SHA-256 that it claims for the body, in lower-case hexadecimal.
    pub fn body_hash(&self) -> &str {
        &self.body_hash
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Rejection> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Rejection::MalformedToken)
}

fn read_header(json: &[u8]) -> Result<KeyId, Rejection> {
    let header = Object::read(json).ok_or(Rejection::MalformedToken)?;
    if header.text("alg") != Some("ES256") {
        return Err(Rejection::AlgorithmNotAllowed);
    }
    if EXTENSIONS.into_iter().any(|name| header.has(name)) {
        return Err(Rejection::HeaderNotAllowed);
    }
    header
        .text("kid")
        .and_then(KeyId::parse)
        .ok_or(Rejection::MalformedKeyId)
}

fn read_claims(json: &[u8]) -> Option<Claims> {
    let claims = Object::read(json)?;
    let issued_at = Timestamp::from_second(claims.integer("iat")?).ok()?;
    let body_hash = claims.text("request_body_sha256")?;
    let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let is_hash = body_hash.len() == HASH_DIGITS && body_hash.chars().all(digit);
    is_hash.then(|| Claims {
        issued_at,
        body_hash: body_hash.to_owned(),
    })
}
