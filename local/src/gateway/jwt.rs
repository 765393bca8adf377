//! The tokens of the local stack: issued by `POST /dev/login`, checked as API
//! Gateway's JWT authorizer checks them.
//!
//! One difference: AWS only takes RSA signatures, these are ES256, because RSA keys
//! take seconds to make.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Map, Value, json};

use crate::template::JwtAuthorizer;

/// The issuer of user tokens, which the template gets as `JwtIssuer`. It does not say
/// the port: a token outlives a restart on another one.
pub const USER_ISSUER: &str = "http://localhost/dev/login";
/// The audience of user tokens, which the template gets as `JwtAudience`.
pub const USER_AUDIENCE: &str = "local";
/// Server tokens differ in issuer and audience, so neither kind passes for the other.
const SERVER_ISSUER: &str = "http://localhost/dev/login/server";
const SERVER_AUDIENCE: &str = "local-server";
const SERVER_SUBJECT: &str = "local-server";

const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the key that signs local JWTs cannot be used: {0}")]
pub struct KeyError(String);

/// A token that could not be issued.
#[derive(Debug, thiserror::Error)]
#[error("the token cannot be signed")]
pub(super) struct SigningError(#[from] jsonwebtoken::errors::Error);

/// Why a token is refused. The text goes into `www-authenticate`.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(super) enum TokenError {
    #[error("unable to decode the token")]
    Malformed,
    #[error("the signature is invalid")]
    Signature,
    #[error("the token has an invalid issuer")]
    Issuer,
    #[error("the token does not have a valid audience")]
    Audience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYetValid,
    #[error("the token has none of the required scopes")]
    Scope,
}

/// The key pair behind the tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tokens")
    }
}

impl Tokens {
    /// A new private key (PKCS#8).
    ///
    /// # Errors
    ///
    /// The machine gives no random bytes.
    pub fn generate_key() -> Result<Vec<u8>, KeyError> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|document| document.as_ref().to_vec())
            .map_err(|error| KeyError(error.to_string()))
    }

    /// Tokens signed with this private key (PKCS#8).
    ///
    /// # Errors
    ///
    /// It is not a P-256 key.
    pub fn new(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            pkcs8,
            &SystemRandom::new(),
        )
        .map_err(|error| KeyError(error.to_string()))?;
        Ok(Self {
            encoding: EncodingKey::from_ec_der(pkcs8),
            decoding: DecodingKey::from_ec_der(pair.public_key().as_ref()),
        })
    }

    /// A token for a user.
    pub(super) fn for_user(&self, user_id: &str, now: Timestamp) -> Result<String, SigningError> {
        self.sign(&claims(user_id, USER_ISSUER, USER_AUDIENCE, now))
    }

    /// A token for a server, in place of a signature with IAM credentials.
    pub(super) fn for_server(&self, now: Timestamp) -> Result<String, SigningError> {
        self.sign(&claims(SERVER_SUBJECT, SERVER_ISSUER, SERVER_AUDIENCE, now))
    }

    fn sign(&self, claims: &Value) -> Result<String, SigningError> {
        Ok(jsonwebtoken::encode(
            &Header::new(Algorithm::ES256),
            claims,
            &self.encoding,
        )?)
    }

    /// Checks a user's token and returns its claims.
    pub(super) fn check(
        &self,
        token: &str,
        authorizer: &JwtAuthorizer,
        now: Timestamp,
    ) -> Result<Map<String, Value>, TokenError> {
        let claims = self.verified(token)?;
        check_claims(&claims, &authorizer.issuer, &authorizer.audience, now)?;
        let scopes = &authorizer.scopes;
        if !scopes.is_empty() && !granted(&claims).any(|scope| scopes.iter().any(|s| s == scope)) {
            return Err(TokenError::Scope);
        }
        Ok(claims)
    }

    /// Checks a server's token.
    pub(super) fn check_server(&self, token: &str, now: Timestamp) -> Result<(), TokenError> {
        let claims = self.verified(token)?;
        check_claims(&claims, SERVER_ISSUER, &[SERVER_AUDIENCE.to_owned()], now)
    }

    /// The claims of a token with a good signature, not yet looked at.
    fn verified(&self, token: &str) -> Result<Map<String, Value>, TokenError> {
        let mut validation = Validation::new(Algorithm::ES256);
        // The claims are checked by us: the rules are API Gateway's, not the library's.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        jsonwebtoken::decode(token, &self.decoding, &validation)
            .map(|token| token.claims)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => TokenError::Signature,
                _ => TokenError::Malformed,
            })
    }
}

fn claims(subject: &str, issuer: &str, audience: &str, now: Timestamp) -> Value {
    let now = now.as_second();
    json!({
        "sub": subject,
        "iss": issuer,
        "aud": audience,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME.as_secs(),
    })
}

/// [API Gateway's rules](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html):
/// `iss` equals the issuer; `aud`, or `client_id` in its absence, is one of the
/// audiences; `exp` is there and in the future; `nbf` and `iat`, if there, are not.
fn check_claims(
    claims: &Map<String, Value>,
    issuer: &str,
    audience: &[String],
    now: Timestamp,
) -> Result<(), TokenError> {
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(TokenError::Issuer);
    }
    let given = match claims.get("aud").or_else(|| claims.get("client_id")) {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    if !given
        .iter()
        .any(|given| audience.iter().any(|one| one == given))
    {
        return Err(TokenError::Audience);
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds fit an f64 for the next eons"
    )]
    let now = now.as_second() as f64;
    let time = |name: &str| claims.get(name).map(Value::as_f64);
    match time("exp") {
        Some(Some(expiry)) if expiry > now => {}
        Some(Some(_)) => return Err(TokenError::Expired),
        Some(None) | None => return Err(TokenError::Malformed),
    }
    for name in ["nbf", "iat"] {
        match time(name) {
            None => {}
            Some(Some(start)) if start <= now => {}
            Some(Some(_)) => return Err(TokenError::NotYetValid),
            Some(None) => return Err(TokenError::Malformed),
        }
    }
    Ok(())
}

/// The scopes of a token: `scope` is a text with spaces, `scp` that or a list.
fn granted(claims: &Map<String, Value>) -> impl Iterator<Item = &str> {
    ["scope", "scp"]
        .into_iter()
        .filter_map(|name| claims.get(name))
        .flat_map(|value| match value {
            Value::String(text) => text.split_whitespace().collect::<Vec<_>>(),
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        })
}

/// The claims as API Gateway hands them over: all of them texts, lists as `[a b]`.
pub(super) fn as_strings(claims: &Map<String, Value>) -> BTreeMap<String, String> {
    claims
        .iter()
        .map(|(name, value)| (name.clone(), as_string(value)))
        .collect()
}

fn as_string(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            format!(
                "[{}]",
                values.iter().map(as_string).collect::<Vec<_>>().join(" ")
            )
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
