//! Whether Plaid signed a webhook, check by check.

use std::hint::black_box;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::BatchSize;
use plaid_webhook::{KeyCache, UnverifiedToken, VerificationKey, body_hash};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use shared::domain::{Deadline, Sha256};
use shared::plaid::WebhookKeys;
use shared::test_util::MemoryPlaid;
use tokio::runtime::Runtime;

use crate::webhook::Webhook;
use crate::{Criterion, Failure};

const TIME: Duration = Duration::from_secs(8);

pub(crate) fn measure(criterion: &mut Criterion, runtime: &Runtime) -> Result<(), Failure> {
    let webhook = Webhook::new()?;
    token(criterion, &webhook)?;
    body(criterion, &webhook)?;
    signature(criterion, &webhook)?;
    ring_alone(criterion, &webhook)?;
    whole(criterion, runtime, &webhook)
}

fn token(criterion: &mut Criterion, webhook: &Webhook) -> Result<(), Failure> {
    let header = webhook.header.as_str();
    let token = UnverifiedToken::read(Some(header))?;
    assert_eq!(token.issued_at(), webhook.now);
    criterion.bench_function("verify: read the token", |bencher| {
        bencher.iter(|| UnverifiedToken::read(black_box(Some(header))));
    });
    Ok(())
}

fn body(criterion: &mut Criterion, webhook: &Webhook) -> Result<(), Failure> {
    let (header, body, now) = (&webhook.header, webhook.body.as_bytes(), webhook.now);
    let token = UnverifiedToken::read(Some(header))?;
    assert!(token.clone().with_body(body, now).is_ok());
    assert!(token.clone().with_body(b"another", now).is_err());
    criterion.bench_function("verify: hash the body and compare", |bencher| {
        let work = |token: UnverifiedToken<'_>| token.with_body(black_box(body), now).is_ok();
        bencher.iter_batched(|| token.clone(), work, BatchSize::SmallInput);
    });
    // The same hash, written down by two rooms in two ways.
    assert_eq!(body_hash(body), Sha256::of(body).as_str());
    criterion.bench_function("hash: plaid_webhook::body_hash", |bencher| {
        bencher.iter(|| body_hash(black_box(body)));
    });
    criterion.bench_function("hash: shared::domain::Sha256::of", |bencher| {
        bencher.iter(|| Sha256::of(black_box(body)));
    });
    Ok(())
}

fn signature(criterion: &mut Criterion, webhook: &Webhook) -> Result<(), Failure> {
    let token = UnverifiedToken::read(Some(&webhook.header))?;
    let unverified = token.with_body(webhook.body.as_bytes(), webhook.now)?;
    let signed = unverified.verify(&webhook.key)?;
    assert_eq!(signed.issued_at(), webhook.now);
    criterion.bench_function("verify: check key and signature", |bencher| {
        bencher.iter(|| unverified.verify(black_box(&webhook.key)));
    });
    Ok(())
}

/// What ring takes for it: the floor.
fn ring_alone(criterion: &mut Criterion, webhook: &Webhook) -> Result<(), Failure> {
    let (text, signature) = webhook.header.rsplit_once('.').ok_or("no token")?;
    let signature = URL_SAFE_NO_PAD.decode(signature)?;
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(&webhook.key)?);
    let verify = |text: &str| key.verify(text.as_bytes(), &signature);
    assert!(verify(text).is_ok() && verify("another").is_err());
    criterion.bench_function("verify: the signature in ring alone", |bencher| {
        bencher.iter(|| verify(black_box(text)));
    });
    Ok(())
}

fn point(key: &VerificationKey) -> Result<Vec<u8>, Failure> {
    let (x, y) = (
        URL_SAFE_NO_PAD.decode(&key.x)?,
        URL_SAFE_NO_PAD.decode(&key.y)?,
    );
    Ok([&[4], x.as_slice(), &y].concat())
}

/// As the receiver does it, which has asked for the key before.
fn whole(criterion: &mut Criterion, runtime: &Runtime, webhook: &Webhook) -> Result<(), Failure> {
    let (body, now) = (webhook.body.as_bytes(), webhook.now);
    let plaid = MemoryPlaid::default();
    plaid.world().keys.push(webhook.key.clone());
    let (keys, source) = (
        KeyCache::new(),
        WebhookKeys::until(Deadline::after(now, TIME), &plaid),
    );
    let verify = |body| keys.verify(&source, Some(&webhook.header), body, now);
    let signed = runtime
        .block_on(verify(body))
        .map_err(|error| error.to_string())?;
    assert_eq!(signed.issued_at(), now);
    assert!(runtime.block_on(verify(b"another")).is_err());
    criterion.bench_function("verify: whole, key known", |bencher| {
        bencher.to_async(runtime).iter(|| verify(black_box(body)));
    });
    assert_eq!(plaid.world().calls.len(), 1, "the key was not known");
    Ok(())
}
