//! Why a webhook is not believed, one variant a check.

use jiff::Timestamp;

/// Why a webhook is not believed. Its text says so to a person; [`Rejection::reason`]
/// names it in logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no `Plaid-Verification` header, or it is empty.
    #[error("there is no Plaid-Verification header")]
    MissingHeader,
    /// The header is no compact JWT: three parts in canonical base64url, the first of them
    /// a JSON object whose members have different names.
    #[error("the header is no compact JWT")]
    MalformedToken,
    /// `alg` is not exactly `ES256`.
    #[error("the token's alg is not ES256")]
    AlgorithmNotAllowed,
    /// The token brings its own key, or critical extensions.
    #[error("the token brings its own key, or extensions")]
    HeaderNotAllowed,
    /// `kid` is missing or cannot be one of Plaid's.
    #[error("the token's kid cannot be one of Plaid's")]
    MalformedKeyId,
    /// `iat` or `request_body_sha256` is missing or malformed.
    #[error("the token's claims are not Plaid's")]
    MalformedClaims,
    /// The signature has not 64 bytes.
    #[error("the signature has not 64 bytes")]
    MalformedSignature,
    /// `iat` is too far ahead.
    #[error("the token was signed in the future")]
    FromTheFuture,
    /// The body is not the one that was signed.
    #[error("the body is not the one that was signed")]
    BodyHashMismatch,
    /// Plaid has no key with this `kid` in this environment.
    #[error("Plaid has no such key in this environment")]
    UnknownKey,
    /// The key is not a P-256 key for ES256 signatures with this `kid`.
    #[error("the key is not a P-256 key for ES256 with this kid")]
    UnusableKey,
    /// The key had expired when the token was signed.
    #[error("the key had expired when the token was signed")]
    ExpiredKey,
    /// The signature does not fit the key.
    #[error("the signature does not fit the key")]
    SignatureMismatch,
    /// Plaid did sign this body, but too long ago. It may be a reason to look at Plaid
    /// again, and nothing more.
    #[error("the token was signed too long ago, at {issued_at}")]
    TooOld {
        /// When it was signed.
        issued_at: Timestamp,
    },
}

/// What is checked, in the order in which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Whether there is a header.
    Header,
    /// Whether the header is a compact JWT.
    Token,
    /// `alg`.
    Algorithm,
    /// `jwk`, `jku`, `x5c`, `x5u` and `crit`.
    Extensions,
    /// `kid`.
    KeyId,
    /// `iat` and `request_body_sha256`.
    Claims,
    /// The signature's length.
    SignatureLength,
    /// Whether `iat` is ahead of the clock.
    Future,
    /// The hash of the body.
    Body,
    /// Whether Plaid has the key. From here on a key is needed.
    Key,
    /// What kind of key it is.
    KeyKind,
    /// `expired_at` of the key.
    KeyExpiry,
    /// The signature.
    Signature,
    /// Whether `iat` is long ago.
    Age,
}

impl Check {
    /// Every check, in order.
    pub const ALL: [Self; 14] = [
        Self::Header,
        Self::Token,
        Self::Algorithm,
        Self::Extensions,
        Self::KeyId,
        Self::Claims,
        Self::SignatureLength,
        Self::Future,
        Self::Body,
        Self::Key,
        Self::KeyKind,
        Self::KeyExpiry,
        Self::Signature,
        Self::Age,
    ];

    /// What holds when the check is passed.
    pub fn demand(self) -> &'static str {
        match self {
            Self::Header => "there is a Plaid-Verification header",
            Self::Token => "it is a compact JWT in canonical base64url",
            Self::Algorithm => "alg is exactly ES256",
            Self::Extensions => "the token brings no key and no extensions",
            Self::KeyId => "kid is one that Plaid may have",
            Self::Claims => "iat is an integer, request_body_sha256 a hash",
            Self::SignatureLength => "the signature has 64 bytes",
            Self::Future => "it was not signed in the future",
            Self::Body => "the body is the one that was signed",
            Self::Key => "Plaid has the key",
            Self::KeyKind => "the key is a P-256 key for ES256 with this kid",
            Self::KeyExpiry => "the key had not expired when it signed",
            Self::Signature => "the signature fits the key",
            Self::Age => "it was signed at most five minutes ago",
        }
    }
}

impl Rejection {
    /// The check that failed.
    pub fn check(&self) -> Check {
        match self {
            Self::MissingHeader => Check::Header,
            Self::MalformedToken => Check::Token,
            Self::AlgorithmNotAllowed => Check::Algorithm,
            Self::HeaderNotAllowed => Check::Extensions,
            Self::MalformedKeyId => Check::KeyId,
            Self::MalformedClaims => Check::Claims,
            Self::MalformedSignature => Check::SignatureLength,
            Self::FromTheFuture => Check::Future,
            Self::BodyHashMismatch => Check::Body,
            Self::UnknownKey => Check::Key,
            Self::UnusableKey => Check::KeyKind,
            Self::ExpiredKey => Check::KeyExpiry,
            Self::SignatureMismatch => Check::Signature,
            Self::TooOld { .. } => Check::Age,
        }
    }

    /// A stable name, for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::MissingHeader => "missing_header",
            Self::MalformedToken => "malformed_token",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::HeaderNotAllowed => "header_not_allowed",
            Self::MalformedKeyId => "malformed_key_id",
            Self::MalformedClaims => "malformed_claims",
            Self::MalformedSignature => "malformed_signature",
            Self::FromTheFuture => "from_the_future",
            Self::BodyHashMismatch => "body_hash_mismatch",
            Self::UnknownKey => "unknown_key",
            Self::UnusableKey => "unusable_key",
            Self::ExpiredKey => "expired_key",
            Self::SignatureMismatch => "signature_mismatch",
            Self::TooOld { .. } => "too_old",
        }
    }
}
