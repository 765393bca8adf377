//! Bodies that Plaid has signed, whatever they are. `BOLERO_RANDOM_TEST_TIME_MS` sets how
//! long; a failure names the `BOLERO_RANDOM_SEED` that repeats it.

#![cfg(test)]

#[path = "function/scene.rs"]
#[allow(
    dead_code,
    reason = "the other tests' scene, of which little is needed here"
)]
mod scene;

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bolero::{ValueGenerator, produce};
use plaid_webhook::test_util::{Edit, WebhookSigner, mutate};
use serde_json::Value;
use shared::domain::{InboxRecord, Sha256};
use shared::ports::Clock as _;
use shared::test_util::Event;

use scene::{EVENT, SIGNATURE, Scene, refused};

const TIME: Duration = Duration::from_secs(2);
const MAX_BODY: usize = 256 * 1024;

fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/body");
    let files = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The seeds after up to seven edits.
fn spoiled(seeds: Vec<Vec<u8>>) -> impl ValueGenerator<Output = Vec<u8>> {
    let edits = produce::<Vec<Edit>>().with().len(0_usize..8);
    (0..seeds.len(), edits).map_gen(move |(seed, edits)| mutate(&seeds[seed], &edits))
}

#[test]
fn body() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let check = |body: &[u8]| runtime.block_on(receive(body));
    let seeds = seeds();
    assert!(seeds.len() > 10, "the corpus was found");
    for seed in &seeds {
        check(seed);
    }
    bolero::check!()
        .with_test_time(TIME)
        .with_generator(spoiled(seeds))
        .for_each(|body| check(body));
}

async fn receive(body: &[u8]) {
    let scene = Scene::new();
    let forged = scene.send(event(&scene, &WebhookSigner::new("example-key"), body));
    assert!(refused(&forged.await));
    assert!(scene.inbox().is_empty(), "nothing unsigned is kept");
    scene.deps.clock.advance_seconds(60);
    let genuine = scene.send(event(&scene, &scene.signer, body)).await;
    let inbox = scene.inbox();
    if body.len() > MAX_BODY {
        assert_eq!((genuine.status().as_u16(), inbox.len()), (413, 0));
    } else {
        assert_eq!((genuine.status().as_u16(), inbox.len()), (200, 1));
        assert_kept(&inbox[0], body);
    }
}

fn event(scene: &Scene, signer: &WebhookSigner, body: &[u8]) -> Event {
    Event::read(EVENT)
        .body(STANDARD.encode(body))
        .set("/isBase64Encoded", true)
        .set(SIGNATURE, signer.sign(body, scene.deps.clock.now()))
}

fn assert_kept(record: &InboxRecord, body: &[u8]) {
    assert!(!has_token(&format!("{record:?}")), "{record:?}");
    assert!(record.body.len() <= MAX_BODY);
    assert_eq!(record.body_hash, Sha256::of(body));
    let subject = record.subject.as_str();
    assert!(!subject.is_empty() && subject.len() <= 256, "{subject}");
    let Ok(before) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let after: Value = serde_json::from_str(&record.body).unwrap();
    assert!(!has_token(&after.to_string()), "{after}");
    if !has_token(&before.to_string()) {
        assert_eq!(after, before, "only tokens are cut out");
    }
}

/// Whether there is a token in the text; written without a look at how they are cut out.
fn has_token(text: &str) -> bool {
    let kinds = ["access", "public", "processor", "link"];
    let environments = ["sandbox", "production", "development"];
    let starts = kinds
        .iter()
        .flat_map(|kind| environments.map(|environment| format!("{kind}-{environment}-")));
    starts.into_iter().any(|start| {
        text.match_indices(&start).any(|(at, _)| {
            let next = text[at + start.len()..].chars().next();
            next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-')
        })
    })
}
