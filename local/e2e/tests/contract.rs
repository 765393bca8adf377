//! Whatever our Plaid client sends, and whatever the simulator answers and posts, is as
//! Plaid's own OpenAPI description has it.
//!
//! The description is Plaid's (`2020-09-14.yml` of `plaid/plaid-openapi`, as JSON) and not
//! part of this repository: `PLAID_OPENAPI=/path/to/openapi.json cargo test --workspace --test
//! contract`. Without the variable, each test says what it left out.

use std::collections::BTreeSet;
use std::time::Duration;

use e2e::contract::scenarios::{banks, client, errors, link, requests, webhooks};
use e2e::contract::{Description, Failure, Finding, Stage, VARIABLE, Webhook, check};
use plaid_webhook::KeyCache;
use shared::domain::Deadline;
use shared::plaid::WebhookKeys;
use shared::ports::Clock as _;
use shared::system_clock::SystemClock;

/// The description; without one, one line says what is left out.
fn description(what: &str) -> Result<Option<Description>, Failure> {
    let description = Description::from_environment()?;
    if description.is_none() {
        println!("left out, because {VARIABLE} is not set: {what}");
    }
    Ok(description)
}

/// Fails with all findings, one a line.
fn judge(findings: &BTreeSet<Finding>) -> Result<(), Failure> {
    if findings.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    println!("{}", lines.join("\n"));
    Err(format!("{} findings, listed above", findings.len()).into())
}

/// Every webhook must also be one that our own verification lets in.
async fn verify(stage: &Stage, webhooks: &[Webhook]) -> Result<(), Failure> {
    let client = stage.client()?;
    let keys = KeyCache::new();
    for webhook in webhooks {
        let now = SystemClock.now();
        let deadline = Deadline::after(now, Duration::from_secs(20));
        let header = webhook.header("plaid-verification");
        let source = WebhookKeys::until(deadline, &client);
        if let Err(error) = keys.verify(&source, header, &webhook.body, now).await {
            return Err(format!("not let in: {} {error:?}", webhook.json()).into());
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_speaks_to_plaid_as_plaid_describes_it() -> Result<(), Failure> {
    let Some(description) = description("the requests of our Plaid client")? else {
        return Ok(());
    };
    let stage = Stage::open().await?;
    client::play(&stage).await?;
    let exchanges = stage.our_exchanges();
    let mut findings = check::exchanges(&description, &exchanges);
    findings.extend(check::unseen_paths(
        client::PATHS.iter().copied(),
        &exchanges,
    ));
    judge(&findings)?;
    let called: BTreeSet<&str> = exchanges.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(
        called,
        client::PATHS.iter().copied().collect(),
        "the calls of our client"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simulator_answers_and_refuses_as_plaid_describes_it() -> Result<(), Failure> {
    let Some(description) = description("the answers of the simulator")? else {
        return Ok(());
    };
    let stage = Stage::open().await?;
    requests::play(&stage, &description).await?;
    errors::play(&stage, &description).await?;
    banks::play(&stage).await?;
    link::play(&stage).await?;
    let exchanges = stage.exchanges();
    let mut findings = check::exchanges(&description, &exchanges);
    findings.extend(check::unseen_paths(description.paths(), &exchanges));
    findings.extend(check::webhooks(&description, &stage.webhooks().await?));
    judge(&findings)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simulator_posts_webhooks_as_plaid_describes_them() -> Result<(), Failure> {
    let Some(description) = description("the webhooks of the simulator")? else {
        return Ok(());
    };
    let stage = Stage::open().await?;
    webhooks::play(&stage).await?;
    link::play(&stage).await?;
    let webhooks = stage.webhooks().await?;
    verify(&stage, &webhooks).await?;
    let mut findings = check::webhooks(&description, &webhooks);
    findings.extend(check::unseen_webhooks(&description, &webhooks));
    findings.extend(check::exchanges(&description, &stage.exchanges()));
    judge(&findings)
}
