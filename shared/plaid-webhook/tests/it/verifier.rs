//! What Plaid signed is believed, and nothing else.

use plaid_webhook::test_util::WebhookSigner;
use plaid_webhook::{KeyCache, Rejection, UnverifiedToken, VerifyError};

use crate::support::{BODY, KID, Plaid, at, refusal, verify};

#[test]
fn a_genuine_webhook_is_believed() {
    let signer = WebhookSigner::new(KID);
    let token = signer.sign(BODY, at(-7));
    let webhook = verify(&token, BODY, &signer.key()).unwrap();
    assert_eq!(webhook.issued_at(), at(-7));
    assert_eq!(webhook.key_id().as_str(), KID);
}

#[test]
fn age_is_counted_from_the_moment_of_signing() {
    let signer = WebhookSigner::new(KID);
    let too_old = |second| Rejection::TooOld {
        issued_at: at(second),
    };
    let expected = [
        (-300, None),
        (-301, Some(too_old(-301))),
        (-86_400, Some(too_old(-86_400))),
        (60, None),
        (61, Some(Rejection::FromTheFuture)),
        (86_400, Some(Rejection::FromTheFuture)),
    ];
    for (offset, rejection) in expected {
        let token = signer.sign(BODY, at(offset));
        let verdict = verify(&token, BODY, &signer.key());
        assert_eq!(verdict.err(), rejection, "{offset}");
    }
}

#[test]
fn another_body_than_the_signed_one_is_refused() {
    let signer = WebhookSigner::new(KID);
    let token = signer.sign(BODY, at(0));
    let with_newline = [BODY, b"\n"].concat();
    let rewritten = br#"{"webhook_code":"ERROR"}"#;
    for body in [&with_newline[..], b"", &BODY[1..], rewritten] {
        let verdict = verify(&token, body, &signer.key());
        assert_eq!(verdict, Err(Rejection::BodyHashMismatch));
    }
}

#[test]
fn an_empty_body_and_one_of_any_bytes_can_be_signed() {
    let signer = WebhookSigner::new(KID);
    for body in [&b""[..], &[0, 0xff, 0xfe], &vec![b'x'; 1 << 20]] {
        let token = signer.sign(body, at(0));
        assert!(verify(&token, body, &signer.key()).is_ok());
    }
}

#[test]
fn a_signature_by_another_key_is_refused() {
    let signer = WebhookSigner::new(KID);
    let impostor = WebhookSigner::new(KID);
    let token = impostor.sign(BODY, at(0));
    assert_eq!(refusal(&token, &signer), Rejection::SignatureMismatch);
}

#[test]
fn a_signature_of_another_token_is_refused() {
    let signer = WebhookSigner::new(KID);
    let (mine, other) = (signer.sign(BODY, at(0)), signer.sign(BODY, at(-1)));
    let (text, _) = mine.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    let mixed = format!("{text}.{signature}");
    assert_eq!(refusal(&mixed, &signer), Rejection::SignatureMismatch);
}

#[test]
fn without_a_header_nothing_is_believed() {
    for missing in [None, Some("")] {
        let refused = UnverifiedToken::read(missing).unwrap_err();
        assert_eq!(refused, Rejection::MissingHeader);
    }
}

#[tokio::test]
async fn the_same_webhook_is_believed_whenever_it_comes_within_its_time() {
    let signer = WebhookSigner::new(KID);
    let plaid = Plaid::with(&signer);
    let keys = KeyCache::new();
    let token = signer.sign(BODY, at(0));
    for second in [-60, 0, 300] {
        let verdict = keys.verify(&plaid, Some(&token), BODY, at(second)).await;
        assert!(verdict.is_ok(), "{second}: {verdict:?}");
    }
    let verdict = keys.verify(&plaid, Some(&token), BODY, at(301)).await;
    let too_old = Rejection::TooOld { issued_at: at(0) };
    assert_eq!(verdict, Err(VerifyError::Rejected(too_old)));
}

#[test]
fn every_reason_has_its_own_name_and_its_own_text() {
    let issued_at = at(0);
    let all = [
        Rejection::MissingHeader,
        Rejection::MalformedToken,
        Rejection::AlgorithmNotAllowed,
        Rejection::HeaderNotAllowed,
        Rejection::MalformedKeyId,
        Rejection::MalformedClaims,
        Rejection::MalformedSignature,
        Rejection::FromTheFuture,
        Rejection::BodyHashMismatch,
        Rejection::UnknownKey,
        Rejection::UnusableKey,
        Rejection::ExpiredKey,
        Rejection::SignatureMismatch,
        Rejection::TooOld { issued_at },
    ];
    let checks = all.map(|rejection| rejection.check());
    assert_eq!(checks, plaid_webhook::Check::ALL, "one check, one reason");
    for (number, rejection) in all.iter().enumerate() {
        for other in &all[..number] {
            assert_ne!(rejection.reason(), other.reason());
            assert_ne!(rejection.to_string(), other.to_string());
        }
        let row = format!("| `{}` |", rejection.reason());
        assert!(include_str!("../../README.md").contains(&row), "{row}");
    }
}
