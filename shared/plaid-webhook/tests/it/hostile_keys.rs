//! Keys of the wrong kind: whoever answers in Plaid's name must not be able to weaken a
//! check.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaid_webhook::test_util::WebhookSigner;
use plaid_webhook::{KeyId, Rejection, Timestamp, VerificationKey};
use serde_json::json;

use crate::support::{BODY, KID, at, verify};

fn altered(alter: impl FnOnce(&mut VerificationKey)) -> Rejection {
    let signer = WebhookSigner::new(KID);
    let mut key = signer.key();
    alter(&mut key);
    verify(&signer.sign(BODY, at(0)), BODY, &key).unwrap_err()
}

fn coordinate(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn a_key_of_another_kind_is_never_used() {
    let unusable = [
        altered(|key| "kid-2".clone_into(&mut key.key_id)),
        altered(|key| "KID-1".clone_into(&mut key.key_id)),
        altered(|key| key.key_id.clear()),
        altered(|key| "HS256".clone_into(&mut key.algorithm)),
        altered(|key| "ES384".clone_into(&mut key.algorithm)),
        altered(|key| "es256".clone_into(&mut key.algorithm)),
        altered(|key| "none".clone_into(&mut key.algorithm)),
        altered(|key| "oct".clone_into(&mut key.key_type)),
        altered(|key| "RSA".clone_into(&mut key.key_type)),
        altered(|key| "P-384".clone_into(&mut key.curve)),
        altered(|key| "secp256k1".clone_into(&mut key.curve)),
        altered(|key| key.public_key_use = Some("enc".to_owned())),
        altered(|key| key.public_key_use = Some(String::new())),
    ];
    assert_eq!(unusable, [Rejection::UnusableKey; 13]);
}

#[test]
fn coordinates_are_32_bytes_in_canonical_base64url() {
    let unusable = [
        altered(|key| key.x = coordinate(&[1; 31])),
        altered(|key| key.x = coordinate(&[1; 33])),
        altered(|key| key.y = coordinate(&[1; 48])),
        altered(|key| key.x.clear()),
        altered(|key| key.y = "!".to_owned()),
        altered(|key| key.x.push('=')),
        altered(|key| key.y.push(' ')),
        altered(|key| key.x = format!("{}\n", key.x)),
        altered(|key| key.y = key.y.replace(['-', '_'], "+") + "+"),
    ];
    assert_eq!(unusable, [Rejection::UnusableKey; 9]);
}

#[test]
fn a_point_that_is_not_on_the_curve_verifies_nothing() {
    // The generator of secp256k1, and the largest number of 32 bytes.
    let other_curve = "eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g";
    let out_of_field = coordinate(&[0xff; 32]);
    let refused = [
        altered(|key| {
            let mut y = URL_SAFE_NO_PAD.decode(&key.y).unwrap();
            y[31] ^= 1;
            key.y = coordinate(&y);
        }),
        altered(|key| std::mem::swap(&mut key.x, &mut key.y)),
        altered(|key| (key.x, key.y) = (coordinate(&[0; 32]), coordinate(&[0; 32]))),
        altered(|key| key.x = other_curve.to_owned()),
        altered(|key| key.y.clone_from(&out_of_field)),
        altered(|key| key.x.clone_from(&out_of_field)),
    ];
    assert_eq!(refused, [Rejection::SignatureMismatch; 6]);
}

#[test]
fn a_key_counts_until_it_expires() {
    let signer = WebhookSigner::new(KID);
    let token = signer.sign(BODY, at(0));
    let expiring = |second| {
        let mut key = signer.key();
        key.expired_at = Some(at(second));
        verify(&token, BODY, &key).err()
    };
    assert_eq!(expiring(86_400), None, "an end that is announced");
    assert_eq!(expiring(1), None);
    assert_eq!(expiring(0), Some(Rejection::ExpiredKey));
    assert_eq!(expiring(-9), Some(Rejection::ExpiredKey));
}

fn plaids(expired_at: &serde_json::Value) -> Result<VerificationKey, serde_json::Error> {
    serde_json::from_value(json!({
        "alg": "ES256", "crv": "P-256", "kid": KID, "kty": "EC", "use": "sig",
        "x": "x", "y": "y", "created_at": 1_560_466_143, "expired_at": expired_at,
    }))
}

#[test]
fn plaids_answer_is_read_as_it_is() {
    let key = plaids(&json!(null)).unwrap();
    assert_eq!((key.key_id.as_str(), key.expired_at), (KID, None));
    assert_eq!(key.public_key_use.as_deref(), Some("sig"));
    assert!(plaids(&json!("soon")).is_err());
    let bare = json!({"alg": "", "crv": "", "kid": "", "kty": "", "x": "", "y": ""});
    let key: VerificationKey = serde_json::from_value(bare).unwrap();
    assert_eq!((key.public_key_use, key.expired_at), (None, None));
}

#[test]
fn a_key_that_has_an_end_never_comes_to_have_none() {
    let end = |seconds: i64| plaids(&json!(seconds)).unwrap().expired_at;
    assert_eq!(end(1_795_000_000), Some(at(0)));
    assert_eq!(end(0), Some(Timestamp::UNIX_EPOCH));
    assert_eq!(end(i64::MIN), Some(Timestamp::MIN));
    assert_eq!(end(i64::MAX), Some(Timestamp::MAX));
}

#[test]
fn key_ids_are_short_and_plain() {
    for fits in [
        "a",
        "-",
        "_",
        "6c5516e1-92dc-479e-a8ff-5a51992e0001",
        &"k".repeat(64),
    ] {
        assert_eq!(KeyId::parse(fits).unwrap().to_string(), fits);
    }
    for other in ["", " ", "a b", "é", "a\n", &"k".repeat(65)] {
        assert_eq!(KeyId::parse(other), None, "{other}");
    }
}
