//! The API by which a Lambda function gets its events, for one sandbox.
//! docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::Failure;

/// How long a function may take, and how long a start.
const PATIENCE: Duration = Duration::from_secs(30);
const VERSION: &str = "/2018-06-01/runtime";

/// What a sandbox says.
#[derive(Debug)]
enum Said {
    /// It asks for the next event.
    Idle(Instant),
    /// It answered one.
    Answer(Instant, Bytes),
    /// It failed, at the start or at one.
    Failed(String),
}

struct Shared {
    events: Mutex<mpsc::Receiver<Bytes>>,
    said: mpsc::Sender<Said>,
}

/// It ends when it is dropped.
pub(super) struct RuntimeApi {
    /// The host and port that a function is told.
    pub(super) address: String,
    events: mpsc::Sender<Bytes>,
    said: mpsc::Receiver<Said>,
    _server: JoinSet<()>,
}

impl RuntimeApi {
    pub(super) async fn start() -> Result<Self, Failure> {
        let (events, next) = mpsc::channel(1);
        let (saying, said) = mpsc::channel(4);
        let shared = Arc::new(Shared {
            events: Mutex::new(next),
            said: saying,
        });
        let router = Router::new()
            .route(&format!("{VERSION}/invocation/next"), get(hand_over))
            .route(&format!("{VERSION}/invocation/{{id}}/response"), post(take))
            .route(&format!("{VERSION}/invocation/{{id}}/error"), post(fail))
            .route(&format!("{VERSION}/init/error"), post(fail))
            .with_state(shared);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let mut server = JoinSet::new();
        server.spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self {
            address,
            events,
            said,
            _server: server,
        })
    }

    /// Waits until the function asks for an event; tells when it did.
    pub(super) async fn idle(&mut self) -> Result<Instant, Failure> {
        match self.listen().await? {
            Said::Idle(at) => Ok(at),
            other => Err(format!("the function was to ask for an event: {other:?}").into()),
        }
    }

    /// Gives an idle function an event; its answer, and how long it took. It need not be idle
    /// again then.
    pub(super) async fn invoke(&mut self, event: &Value) -> Result<(Value, Duration), Failure> {
        let event = Bytes::from(serde_json::to_vec(event)?);
        let begun = Instant::now();
        self.events.send(event).await?;
        match self.listen().await? {
            Said::Answer(at, body) => Ok((serde_json::from_slice(&body)?, at - begun)),
            other => Err(format!("the function was to answer: {other:?}").into()),
        }
    }

    async fn listen(&mut self) -> Result<Said, Failure> {
        let said = tokio::time::timeout(PATIENCE, self.said.recv()).await;
        let said = said.map_err(|_| "the function says nothing")?;
        match said.ok_or("the function's API has ended")? {
            Said::Failed(text) => Err(format!("the function failed: {text}").into()),
            said => Ok(said),
        }
    }
}

async fn hand_over(State(shared): State<Arc<Shared>>) -> Response {
    shared.say(Said::Idle(Instant::now())).await;
    let Some(event) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        + PATIENCE;
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", Uuid::new_v4().to_string()),
        (
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:bench".to_owned(),
        ),
    ];
    (headers, event).into_response()
}

async fn take(State(shared): State<Arc<Shared>>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    shared.say(Said::Answer(Instant::now(), body)).await;
    StatusCode::ACCEPTED
}

async fn fail(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let text = String::from_utf8_lossy(&body).into_owned();
    shared.say(Said::Failed(text)).await;
    StatusCode::ACCEPTED
}

impl Shared {
    /// Nobody listens any more at the end.
    async fn say(&self, said: Said) {
        drop(self.said.send(said).await);
    }
}
