//! A small HTTP server that receives Plaid's webhooks and believes only those that Plaid signed.
//!
//! ```sh
//! PLAID_CLIENT_ID=... PLAID_SECRET=... \
//!   cargo run -p plaid-webhook --example receiver -- https://sandbox.plaid.com 8000
//! ```
//!
//! Without arguments it asks a simulator of Plaid on port 3001 for keys, and takes a free port.

mod plaid;
#[cfg(test)]
mod tests;

use std::env;
use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use plaid::Plaid;
use plaid_webhook::{KeyCache, Timestamp, VerifyError};
use tokio::net::TcpListener;

/// What lives as long as the process: another cache for each request would cache nothing.
struct Receiver {
    plaid: Plaid,
    keys: KeyCache,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let base_url = arguments.next();
    let port = arguments.next().map_or(Ok(0), |port| port.parse::<u16>())?;
    let plaid = Plaid::at(
        base_url.unwrap_or_else(|| "http://127.0.0.1:3001".to_owned()),
        env::var("PLAID_CLIENT_ID").unwrap_or_else(|_| "sandbox-client-id".to_owned()),
        env::var("PLAID_SECRET").unwrap_or_else(|_| "sandbox-secret".to_owned()),
    )?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("ready http://{}/webhooks", listener.local_addr()?);
    axum::serve(listener, router(plaid)).await?;
    Ok(())
}

fn router(plaid: Plaid) -> Router {
    let keys = KeyCache::new();
    Router::new()
        .route("/webhooks", post(receive))
        .with_state(Arc::new(Receiver { plaid, keys }))
}

/// `Bytes`, not `Json`: what Plaid signed is the bytes.
async fn receive(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Receiver { plaid, keys } = &*receiver;
    let header = headers.get("plaid-verification");
    let header = header.and_then(|value| value.to_str().ok());
    match keys.verify(plaid, header, &body, Timestamp::now()).await {
        Ok(signed) => {
            println!("believed: signed at {}", signed.issued_at());
            // Keep the body somewhere safe, and only then:
            StatusCode::OK
        }
        Err(VerifyError::Rejected(rejection)) => {
            println!("refused: {}: {rejection}", rejection.reason());
            StatusCode::UNAUTHORIZED
        }
        Err(error @ VerifyError::Undecided(_)) => {
            println!("undecided: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}
