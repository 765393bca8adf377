//! What becomes of a webhook besides its verification: it is read, cleaned, recorded, logged.

use std::hint::black_box;
use std::io::{self, Write};

use lambda_http::Body;
use serde_json::Value;
use shared::domain::{InboxRecord, ItemId, Sha256};
use shared::plaid::{body_to_keep, read_webhook};
use shared::ports::{Inbox, Kept};
use shared::store::mapping;
use shared::telemetry::RedactingWriter;
use tokio::runtime::Runtime;

use crate::dynamodb::DynamoDb;
use crate::webhook::{EVENT, ITEM, SIGNATURE, Webhook};
use crate::{Criterion, Failure};

/// A line as the receiver logs it.
const LINE: &str = r#"{"timestamp":"2026-11-22T12:00:00.000000Z","level":"INFO","signal":"webhook_kept","webhook_type":"AUTH","webhook_code":"DEFAULT_UPDATE","item_id":"wz666MBjYWTp2PDzzggYhM6oWWmBb","repeated":false,"stale":false,"message":"kept a webhook","target":"webhook_receipt::use_case","span":{"function":"webhook-receipt","method":"POST","request_id":"11111111-2222-3333-4444-555555555555","route":"POST /v1/webhooks/plaid","name":"invocation"}}
"#;

pub(crate) fn measure(criterion: &mut Criterion, runtime: &Runtime) -> Result<(), Failure> {
    let webhook = Webhook::new()?;
    event(criterion, &webhook)?;
    content(criterion, &webhook);
    record(criterion, runtime, &webhook)?;
    line(criterion)
}

/// What the Lambda runtime makes of the bytes that it gets.
fn event(criterion: &mut Criterion, webhook: &Webhook) -> Result<(), Failure> {
    let mut event: Value = serde_json::from_str(EVENT)?;
    *event.pointer_mut("/body").ok_or("no body")? = webhook.body.as_str().into();
    *event.pointer_mut(SIGNATURE).ok_or("no header")? = webhook.header.as_str().into();
    let event = event.to_string();
    let request = lambda_http::request::from_str(&event)?;
    assert_eq!(*request.body(), Body::Text(webhook.body.clone()));
    criterion.bench_function("webhook: read Lambda's event", |bencher| {
        bencher.iter(|| lambda_http::request::from_str(black_box(&event)));
    });
    Ok(())
}

fn content(criterion: &mut Criterion, webhook: &Webhook) {
    let body = webhook.body.as_bytes();
    assert_eq!(read_webhook(body).item_id, Some(ItemId::new(ITEM)));
    criterion.bench_function("webhook: read the body", |bencher| {
        bencher.iter(|| read_webhook(black_box(body)));
    });
    assert_eq!(body_to_keep(body), webhook.body);
    assert!(!body_to_keep(b"link-sandbox-canary").contains("canary"));
    criterion.bench_function("webhook: take tokens out of the body", |bencher| {
        bencher.iter(|| body_to_keep(black_box(body)));
    });
}

fn record(criterion: &mut Criterion, runtime: &Runtime, webhook: &Webhook) -> Result<(), Failure> {
    let record = inbox_record(webhook);
    assert_eq!(mapping::read_inbox(mapping::inbox_row(&record)?)?, record);
    criterion.bench_function("webhook: record to attributes", |bencher| {
        bencher.iter(|| mapping::inbox_row(black_box(&record)));
    });
    let dynamodb = DynamoDb::default();
    let table = dynamodb.table()?;
    assert_eq!(runtime.block_on(table.keep(&record))?, Kept::New);
    assert_eq!(dynamodb.requests(), 1);
    criterion.bench_function(
        "webhook: put it with AWS's client, answered at once",
        |bencher| {
            bencher
                .to_async(runtime)
                .iter(|| table.keep(black_box(&record)));
        },
    );
    Ok(())
}

fn line(criterion: &mut Criterion) -> Result<(), Failure> {
    let mut written = Vec::new();
    RedactingWriter::new(&mut written).write_all(LINE.as_bytes())?;
    assert_eq!(written, LINE.as_bytes());
    criterion.bench_function("webhook: take tokens out of a log line", |bencher| {
        let mut writer = RedactingWriter::new(io::sink());
        bencher.iter(|| writer.write(black_box(LINE.as_bytes())));
    });
    Ok(())
}

/// As the function makes it.
fn inbox_record(webhook: &Webhook) -> InboxRecord {
    let body = webhook.body.as_bytes();
    let (content, body_hash) = (read_webhook(body), Sha256::of(body));
    InboxRecord {
        subject: content.subject(&body_hash),
        webhook: content,
        body: body_to_keep(body),
        body_hash,
        issued_at: webhook.now,
        received_at: webhook.now,
        stale: false,
    }
}
