//! The order of the checks: whatever else is wrong, the first of them is told, and the
//! cheap ones cost no lookup.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaid_webhook::test_util::WebhookSigner;
use plaid_webhook::{Check, Diagnosis, Rejection, VerificationKey, VerifyError, body_hash};

use crate::support::{BODY, KID, Plaid, Receiver, at, rejected};

/// A webhook that fails this check and every later one that can fail together with it.
struct Forgery {
    header: String,
    plaids: WebhookSigner,
}

const OTHER_BODY: &[u8] = b"other";

impl Forgery {
    fn failing(first: Check) -> Self {
        let (stranger, plaids) = (WebhookSigner::new(KID), WebhookSigner::new(KID));
        let alg = if first <= Check::Algorithm {
            "none"
        } else {
            "ES256"
        };
        let kid = if first <= Check::KeyId { "../x" } else { KID };
        let jwk = if first <= Check::Extensions {
            r#","jwk":{}"#
        } else {
            ""
        };
        let jwt_header = format!(r#"{{"alg":"{alg}","kid":"{kid}"{jwk}}}"#);
        let ahead = first <= Check::Future;
        let iat = at(if ahead { 3600 } else { -3600 }).as_second();
        let hash = if first <= Check::Claims {
            "none".to_owned()
        } else if first <= Check::Body {
            body_hash(OTHER_BODY)
        } else {
            body_hash(BODY)
        };
        let claims = format!(r#"{{"iat":{iat},"request_body_sha256":"{hash}"}}"#);
        let by = if first == Check::Age {
            &plaids
        } else {
            &stranger
        };
        let token = by.sign_parts(&jwt_header, &claims);
        let header = match first {
            Check::Header => String::new(),
            Check::Token => format!("{token}!"),
            _ if first <= Check::SignatureLength => without_a_byte(&token),
            _ => token,
        };
        Self { header, plaids }
    }

    /// Plaid's key, if it has one, wrong in every way that comes after the first failure.
    fn key(&self, first: Check) -> Option<VerificationKey> {
        let mut key = self.plaids.key();
        if first <= Check::KeyKind {
            "P-384".clone_into(&mut key.curve);
        }
        if first <= Check::KeyExpiry {
            key.expired_at = Some(at(-4000));
        }
        (first > Check::Key).then_some(key)
    }
}

fn without_a_byte(token: &str) -> String {
    let (text, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    signature.pop();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn the_first_failing_check_is_told_and_the_cheap_ones_cost_no_lookup() {
    for first in Check::ALL {
        let forgery = Forgery::failing(first);
        let receiver = Receiver::of(Plaid::without_keys());
        if let Some(key) = forgery.key(first) {
            receiver.plaid.put(key);
        }
        let verdict = receiver.receive(&forgery.header, 0).await;
        let Err(VerifyError::Rejected(rejection)) = verdict else {
            panic!("{first:?}: {verdict:?}");
        };
        assert_eq!(rejection.check(), first, "{rejection}");
        let lookups = usize::from(first >= Check::Key);
        assert_eq!(receiver.plaid.lookups(), lookups, "{first:?}");
    }
}

#[test]
fn a_diagnosis_fails_where_a_verification_does_and_goes_on() {
    for first in Check::ALL {
        let forgery = Forgery::failing(first);
        let key = forgery.key(first);
        let diagnosis = Diagnosis::of(Some(&forgery.header), BODY, key.as_ref(), at(0));
        let rejection = diagnosis.rejection().unwrap();
        assert_eq!(rejection.check(), first);
        assert_eq!(diagnosis.outcomes.len(), Check::ALL.len());
        assert_eq!(diagnosis.token.is_some(), first >= Check::Future);
    }
}

#[tokio::test]
async fn an_old_forgery_is_no_hint() {
    let (plaids, forger) = (WebhookSigner::new(KID), WebhookSigner::new(KID));
    let receiver = Receiver::of(Plaid::with(&plaids));
    let verdict = receiver.receive(&forger.sign(BODY, at(-3600)), 0).await;
    assert_eq!(verdict, rejected(Rejection::SignatureMismatch));
    let issued_at = at(-3600);
    let verdict = receiver.receive(&plaids.sign(BODY, issued_at), 0).await;
    assert_eq!(verdict, rejected(Rejection::TooOld { issued_at }));
}
