//! A receiver of webhooks that keeps what it gets.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Failure;

/// A webhook as it arrived.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, to the byte.
    pub body: Bytes,
}

impl Webhook {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The receiver. It answers 200 to everything, and ends when dropped.
#[derive(Debug)]
pub struct Receiver {
    url: String,
    inbox: Arc<Inbox>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Inbox {
    webhooks: Mutex<Vec<Webhook>>,
    count: watch::Sender<usize>,
}

impl Receiver {
    /// A receiver on a free port.
    ///
    /// # Errors
    /// There is no port.
    pub async fn open() -> Result<Self, Failure> {
        let inbox = Arc::new(Inbox {
            webhooks: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/webhooks", listener.local_addr()?);
        let routes = Router::new().fallback(receive).with_state(inbox.clone());
        let server = tokio::spawn(async move {
            // Whoever waits for a webhook notices when this has ended.
            let _ended = axum::serve(listener, routes).await;
        });
        Ok(Self { url, inbox, server })
    }

    /// Where to post.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// All webhooks, once there are as many as that.
    ///
    /// # Errors
    /// They did not come in time.
    pub async fn webhooks(&self, number: usize, time: Duration) -> Result<Vec<Webhook>, Failure> {
        let mut count = self.inbox.count.subscribe();
        let enough = count.wait_for(|count| *count >= number);
        let came = tokio::time::timeout(time, enough).await.is_ok();
        let webhooks = self
            .inbox
            .webhooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if came {
            Ok(webhooks)
        } else {
            Err(format!("{} webhooks came, and not {number}", webhooks.len()).into())
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    inbox
        .webhooks
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Webhook { headers, body });
    inbox.count.send_modify(|count| *count += 1);
    StatusCode::OK
}
