//! Another JWT library as judge: what it accepts, and what Plaid's own rules allow, is
//! accepted; everything else is not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use plaid_webhook::test_util::WebhookSigner;
use plaid_webhook::{Check, Diagnosis, VerificationKey, body_hash};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{BODY, at, verify};

const OTHER_BODY: &[u8] = b"{}";

/// What the other library says about the signature, and the parts as it reads them.
fn oracle(token: &str, key: &VerificationKey) -> Option<(Value, Value)> {
    let key = DecodingKey::from_ec_components(&key.x, &key.y).ok()?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation)
        .ok()?
        .claims;
    let (header, _) = token.split_once('.')?;
    let header = URL_SAFE_NO_PAD.decode(header).ok()?;
    Some((serde_json::from_slice(&header).ok()?, claims))
}

/// Plaid's rules beyond a good signature, written down a second time.
fn plaid_allows(header: &Value, claims: &Value, body: &[u8], key: &VerificationKey) -> bool {
    let own_key = ["jwk", "jku", "x5u", "x5c", "crit"];
    let kid = header["kid"].as_str().unwrap_or_default();
    let age = claims["iat"].as_i64().map(|iat| at(0).as_second() - iat);
    let expired = key.expired_at.zip(claims["iat"].as_i64());
    header["alg"] == "ES256"
        && own_key.iter().all(|name| header.get(name).is_none())
        && kid == key.key_id
        && age.is_some_and(|age| (-60..=300).contains(&age))
        && claims["request_body_sha256"] == body_hash(body)
        && expired.is_none_or(|(end, iat)| end.as_second() > iat)
}

#[derive(Debug, Clone)]
struct Sample {
    header: String,
    claims: String,
    /// Seconds from now until the key ends.
    expires_in: Option<i64>,
    /// The part of the token that a stranger altered, and which bit of it.
    altered: Option<(usize, prop::sample::Index)>,
    /// Whether somebody else signed it.
    foreign: bool,
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(texts).prop_map(str::to_owned)
}

fn headers() -> impl Strategy<Value = String> {
    let alg = prop_oneof![9 => Just("\"ES256\"".to_owned()),
        1 => one_of(&["\"none\"", "\"HS256\"", "\"ES384\"", "\"es256\"", "null", "1"])];
    let kid = prop_oneof![9 => Just("\"kid\"".to_owned()),
        1 => one_of(&["\"other\"", "\"\"", "\"k k\"", "null", "1"])];
    let extra = prop_oneof![6 => Just(String::new()),
        2 => one_of(&[",\"typ\":\"JWT\"", ",\"cty\":\"x\"", ",\"new\":{\"a\":[1]}"]),
        1 => one_of(&[",\"jku\":\"x\"", ",\"x5u\":\"x\"", ",\"crit\":[\"b64\"]", ",\"x5c\":[]"])];
    (alg, kid, extra).prop_map(|(alg, kid, extra)| format!(r#"{{"alg":{alg},"kid":{kid}{extra}}}"#))
}

fn claims() -> impl Strategy<Value = String> {
    let offset = prop_oneof![6 => -59..300_i64, 1 => -62..-58_i64, 1 => 298..303_i64,
        1 => -1_000_000..1_000_000_i64];
    let iat = prop_oneof![
        9 => offset.prop_map(|age| (at(0).as_second() - age).to_string()),
        1 => one_of(&["\"1\"", "1.5", "1e9", "null", "-1", "9223372036854775808", "[]"]),
    ];
    let hash = prop_oneof![8 => Just(body_hash(BODY)), 1 => Just(body_hash(OTHER_BODY)),
        1 => one_of(&["", "abc", "0"])];
    let extra = prop_oneof![4 => Just(String::new()),
        1 => one_of(&[",\"jti\":\"1\"", ",\"exp\":1", ",\"nbf\":\"x\"", ",\"sub\":null"])];
    (iat, hash, extra).prop_map(|(iat, hash, extra)| {
        format!(r#"{{"iat":{iat},"request_body_sha256":"{hash}"{extra}}}"#)
    })
}

prop_compose! {
    fn samples()(
        header in headers(),
        claims in claims(),
        expires_in in prop::option::weighted(0.3, -400..400_i64),
        altered in prop::option::weighted(0.3, (0..3_usize, any::<prop::sample::Index>())),
        foreign in prop::bool::weighted(0.1),
    ) -> Sample {
        Sample { header, claims, expires_in, altered, foreign }
    }
}

impl Sample {
    fn token(&self, signer: &WebhookSigner) -> String {
        let stranger = WebhookSigner::new("kid");
        let by = if self.foreign { &stranger } else { signer };
        let token = by.sign_parts(&self.header, &self.claims);
        let Some((part, index)) = self.altered else {
            return token;
        };
        let mut parts: Vec<Vec<u8>> = token
            .split('.')
            .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap())
            .collect();
        let bit = index.index(parts[part].len() * 8);
        parts[part][bit / 8] ^= 1 << (bit % 8);
        let parts: Vec<String> = parts
            .iter()
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .collect();
        parts.join(".")
    }
}

/// How many samples of each kind there were, so that neither is empty by mistake.
#[derive(Default)]
struct Seen {
    believed: u32,
    refused_by_both: u32,
    refused_by_plaids_rules: u32,
}

#[test]
fn we_believe_what_the_other_library_does_and_plaids_rules_allow() {
    let mut seen = Seen::default();
    let signer = WebhookSigner::new("kid");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let seen_cell = std::cell::RefCell::new(&mut seen);
    runner
        .run(&samples(), |sample| {
            let mut key = signer.key();
            key.expired_at = sample.expires_in.map(at);
            let token = sample.token(&signer);
            let verdict = verify(&token, BODY, &key);
            let read = oracle(&token, &key);
            let expected = read
                .as_ref()
                .is_some_and(|(header, claims)| plaid_allows(header, claims, BODY, &key));
            prop_assert_eq!(verdict.is_ok(), expected, "{:?}", verdict);
            let diagnosis = Diagnosis::of(Some(&token), BODY, Some(&key), at(0));
            prop_assert_eq!(diagnosis.rejection(), verdict.err());
            let mut seen = seen_cell.borrow_mut();
            match (read.is_some(), expected) {
                (_, true) => seen.believed += 1,
                (true, false) => seen.refused_by_plaids_rules += 1,
                (false, false) => seen.refused_by_both += 1,
            }
            Ok(())
        })
        .unwrap();
    let counts = [
        seen.believed,
        seen.refused_by_both,
        seen.refused_by_plaids_rules,
    ];
    assert!(counts.iter().all(|count| *count > 20), "{counts:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_body_is_believed_when_it_was_signed_and_never_otherwise(
        body in prop::collection::vec(any::<u8>(), 0..600),
        age in 0..=300_i64,
        altered in any::<prop::sample::Index>(),
    ) {
        let signer = WebhookSigner::new("kid");
        let token = signer.sign(&body, at(-age));
        prop_assert!(verify(&token, &body, &signer.key()).is_ok());
        let mut other = body.clone();
        match other.len() {
            0 => other.push(0),
            length => other[altered.index(length)] ^= 1,
        }
        let refused = verify(&token, &other, &signer.key()).unwrap_err();
        prop_assert_eq!(refused.check(), Check::Body);
    }

    #[test]
    fn any_text_at_all_is_refused_without_a_panic(text in ".{0,300}") {
        let signer = WebhookSigner::new("kid");
        prop_assert!(verify(&text, BODY, &signer.key()).is_err());
    }
}
