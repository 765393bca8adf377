//! One user's way from the button to the linked bank, as a front end goes it: what can be
//! asked again is asked again when it was told, with the same public token.

use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::Failure;
use crate::people::{People, text};

/// Where nothing else is told.
const A_MOMENT: Duration = Duration::from_secs(2);

/// How it went.
pub(super) struct Journey {
    pub(super) user_id: String,
    pub(super) link_token: Answer,
    /// What the request after Link was answered, one after the other.
    pub(super) exchange: Vec<Answer>,
    /// From the first of them to the last.
    pub(super) took: Duration,
}

impl Journey {
    /// The Item that the user was told of.
    pub(super) fn item_id(&self) -> Option<&str> {
        let last = self.exchange.last().filter(|last| last.is_good())?;
        last.body.get("item_id")?.as_str()
    }

    /// Whether the user has to run Link again.
    pub(super) fn is_over(&self) -> bool {
        self.exchange.last().is_some_and(Answer::is_over)
    }
}

/// An answer of ours.
pub(super) struct Answer {
    /// None where none came.
    pub(super) status: Option<StatusCode>,
    pub(super) retry_after: Option<u64>,
    pub(super) took: Duration,
    body: Value,
}

impl Answer {
    pub(super) fn is_good(&self) -> bool {
        self.status.is_some_and(|status| status.is_success())
    }

    /// Whether the user was told that there is no Item, and to run Link again.
    fn is_over(&self) -> bool {
        self.status == Some(StatusCode::GONE)
    }

    /// The status, and of a problem its code and Plaid's.
    pub(super) fn name(&self) -> String {
        let Some(status) = self.status else {
            return "no answer".to_owned();
        };
        let of = |path| self.body.pointer(path).and_then(Value::as_str);
        let parts = [of("/code"), of("/plaid/error_code")];
        let parts = parts.into_iter().flatten();
        parts.fold(status.as_u16().to_string(), |name, part| {
            format!("{name} {part}")
        })
    }

    /// Whether the same request may be answered otherwise later.
    fn passes(&self) -> bool {
        let Some(status) = self.status else {
            return true;
        };
        let in_progress = self.body.get("code") == Some(&json!("exchange_in_progress"));
        in_progress || status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
    }

    fn wait(&self) -> Duration {
        self.retry_after.map_or(A_MOMENT, Duration::from_secs)
    }

    async fn to(request: RequestBuilder) -> Self {
        let begun = Instant::now();
        let Ok(response) = request.send().await else {
            return Self {
                status: None,
                retry_after: None,
                took: begun.elapsed(),
                body: Value::Null,
            };
        };
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|header| header.to_str().ok());
        Self {
            status: Some(response.status()),
            retry_after: retry_after.and_then(|seconds| seconds.parse().ok()),
            body: response.json().await.unwrap_or_default(),
            took: begun.elapsed(),
        }
    }
}

pub(super) async fn travel(
    people: People,
    user_id: String,
    token: String,
    patience: Duration,
) -> Result<Journey, Failure> {
    let link_token = Answer::to(people.opening(&token)).await;
    if !link_token.is_good() {
        return Err(format!("no link token: {}", link_token.name()).into());
    }
    let body = people
        .after_link_with(&text(&link_token.body, "link_token")?)
        .await?;
    let begun = Instant::now();
    let mut exchange = Vec::new();
    loop {
        let answer = Answer::to(people.linking(&token, &body)).await;
        let (passes, wait) = (answer.passes(), answer.wait());
        exchange.push(answer);
        if !passes || begun.elapsed() + wait > patience {
            break;
        }
        tokio::time::sleep(wait).await;
    }
    Ok(Journey {
        user_id,
        link_token,
        exchange,
        took: begun.elapsed(),
    })
}
