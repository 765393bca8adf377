//! Whatever strangers send. Each target spoils its seeds in `corpus/`, in new ways every
//! time; see "Fuzzing" in the README.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bolero::{ValueGenerator, produce};
use plaid_webhook::test_util::{Edit, WebhookSigner, mutate};
use plaid_webhook::{Diagnosis, Timestamp, UnverifiedToken, VerificationKey};
use serde_json::Value;

const TIME: Duration = Duration::from_secs(2);
/// When the webhook in the corpus was signed.
const NOW: i64 = 1_795_000_000;

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(name)
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let files = fs::read_dir(corpus(target)).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "the corpus of {target} was found");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// A verification, which must agree with the diagnosis of the same webhook.
fn believed(token: &str, body: &[u8], key: &VerificationKey) -> bool {
    let verdict = UnverifiedToken::read(Some(token))
        .and_then(|token| token.with_body(body, now()))
        .and_then(|webhook| webhook.verify(key));
    let diagnosis = Diagnosis::of(Some(token), body, Some(key), now());
    assert_eq!(diagnosis.rejection(), verdict.as_ref().err().copied());
    verdict.is_ok()
}

/// The seeds of a target after up to seven edits.
fn spoiled(seeds: Vec<Vec<u8>>) -> impl ValueGenerator<Output = Vec<u8>> {
    let edits = produce::<Vec<Edit>>().with().len(0_usize..8);
    (0..seeds.len(), edits).map_gen(move |(seed, edits)| mutate(&seeds[seed], &edits))
}

/// Headers are whatever an HTTP client sends; the key and the body are Plaid's.
#[test]
fn header() {
    let key = fs::read(corpus("key.json")).unwrap();
    let key: VerificationKey = serde_json::from_slice(&key).unwrap();
    let body = fs::read(corpus("body.json")).unwrap();
    let genuine = fs::read_to_string(corpus("header/genuine.txt")).unwrap();
    assert!(
        believed(&genuine, &body, &key),
        "the corpus holds a genuine one"
    );
    let (signed, _) = genuine.rsplit_once('.').unwrap();
    let check = |header: &[u8]| {
        let header = String::from_utf8_lossy(header);
        if believed(&header, &body, &key) {
            let (text, _) = header.rsplit_once('.').unwrap();
            assert_eq!(text, signed, "only what was signed is believed");
        }
    };
    let seeds = seeds("header");
    for seed in &seeds {
        check(seed);
    }
    bolero::check!()
        .with_test_time(TIME)
        .with_generator(spoiled(seeds))
        .for_each(|header| check(header));
}

/// JWT headers and claims, a line each, which Plaid's key has signed: only their content
/// can refuse them.
#[test]
fn jwt() {
    let signer = WebhookSigner::new("kid-1");
    let stranger = WebhookSigner::new("kid-1");
    let body = fs::read(corpus("body.json")).unwrap();
    let key = signer.key();
    let check = |lines: &[u8]| {
        let lines = String::from_utf8_lossy(lines);
        let (header, claims) = lines.split_once('\n').unwrap_or((&lines, ""));
        let token = signer.sign_parts(header, claims);
        if believed(&token, &body, &key) {
            assert_allowed(header, claims, &body);
        }
        let forged = stranger.sign_parts(header, claims);
        assert!(!believed(&forged, &body, &key), "{header} {claims}");
    };
    let seeds = seeds("jwt");
    for seed in &seeds {
        check(seed);
    }
    bolero::check!()
        .with_test_time(TIME)
        .with_generator(spoiled(seeds))
        .for_each(|lines| check(lines));
}

/// What must hold of all that is believed, as another reader of JSON sees it.
fn assert_allowed(header: &str, claims: &str, body: &[u8]) {
    let header: Value = serde_json::from_str(header).unwrap();
    let claims: Value = serde_json::from_str(claims).unwrap();
    assert_eq!(header["alg"], "ES256");
    assert_eq!(header["kid"], "kid-1");
    for name in ["jwk", "jku", "x5u", "x5c", "crit"] {
        assert_eq!(header.get(name), None);
    }
    let age = NOW - claims["iat"].as_i64().unwrap();
    assert!((-60..=300).contains(&age), "{age}");
    let hash = plaid_webhook::body_hash(body);
    assert_eq!(claims["request_body_sha256"].as_str(), Some(hash.as_str()));
}
