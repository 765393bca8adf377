//! Astra's paths: what happens around every call, faults included.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use sandbox_kit::calls::Call as Noted;
use sandbox_kit::play::{Ending, play};
use sandbox_kit::server::Cut;
use serde_json::{Value, json};

use crate::Simulator;
use crate::endpoints::{self, Answer, Call, Endpoint, Good, Route};
use crate::error::{AstraError, meaning};
use crate::faults::{Kind, Own};
use crate::world::secret::uuid;

/// No request of Astra's API comes near this size.
const LARGEST_BODY: usize = 1024 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// What goes back to the caller.
enum Outcome {
    Astra {
        status: u16,
        body: String,
        error: Option<String>,
    },
    /// Something in between answers.
    Proxy {
        status: u16,
        body: String,
    },
    Cut,
}

impl Outcome {
    fn of(answer: Answer, wrap: bool) -> Self {
        match answer {
            Ok(Good { status, body }) => Self::Astra {
                status,
                body: body.map_or_else(String::new, |body| wrapped(body, wrap).to_string()),
                error: None,
            },
            Err(error) => Self::Astra {
                status: error.status,
                body: error.body().to_string(),
                error: Some(error.description),
            },
        }
    }

    fn status(&self) -> Option<u16> {
        match self {
            Self::Astra { status, .. } | Self::Proxy { status, .. } => Some(*status),
            Self::Cut => None,
        }
    }

    fn error(&self) -> Option<String> {
        match self {
            Self::Astra { error, .. } => error.clone(),
            Self::Proxy { .. } | Self::Cut => None,
        }
    }

    /// Takes half of the body away.
    fn halved(self) -> Self {
        match self {
            Self::Astra {
                status,
                body,
                error,
            } => {
                let half = body.len() / 2;
                let body = body.chars().take(half).collect();
                Self::Astra {
                    status,
                    body,
                    error,
                }
            }
            other => other,
        }
    }
}

/// The one element of an array, if objects come like that.
fn wrapped(body: Value, wrap: bool) -> Value {
    if wrap && body.is_object() {
        json!([body])
    } else {
        body
    }
}

/// Answers a call.
pub(super) async fn answer(
    State(simulator): State<Simulator>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let request_id = uuid();
    // A task of its own: as at Astra, a caller who hangs up stops nothing.
    let call = tokio::spawn({
        let request_id = request_id.clone();
        async move { run(&simulator, &head, &body, request_id).await }
    });
    match call.await {
        Ok(Outcome::Astra { status, body, .. }) => astra(status, body, request_id),
        Ok(Outcome::Proxy { status, body }) => (code(status), body).into_response(),
        Ok(Outcome::Cut) => {
            cut.now();
            StatusCode::OK.into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a call failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn astra(status: u16, body: String, request_id: String) -> Response {
    let mut headers = vec![(REQUEST_ID, request_id)];
    if !body.is_empty() {
        headers.push((CONTENT_TYPE, "application/json".to_owned()));
    }
    let mut response = (code(status), Body::from(body)).into_response();
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT)
}

async fn run(simulator: &Simulator, head: &Parts, body: &Bytes, request_id: String) -> Outcome {
    let started_at = simulator.clock().now();
    let route = endpoints::find(&head.method, head.uri.path());
    // Of an unknown path only that it is unknown: it may hold anything.
    let endpoint = match &route {
        Route::To(endpoint) => endpoint.name(),
        Route::WrongMethod => "(wrong method)",
        Route::Nowhere => "(unknown path)",
    };
    let fault = take_fault(simulator, endpoint);
    let struck = fault.is_some();
    let outcome = outcome(
        simulator,
        &route,
        &Call {
            simulator,
            head,
            body,
        },
        fault,
    )
    .await;
    let (status, error) = (outcome.status(), outcome.error());
    tracing::debug!(endpoint, request_id, status, error, "answered");
    simulator.calls(|calls| {
        calls.add(Noted {
            endpoint: endpoint.to_owned(),
            request_id,
            status,
            error,
            fault: struck,
            started_at,
        });
    });
    outcome
}

fn take_fault(simulator: &Simulator, endpoint: &str) -> Option<Kind> {
    // Most calls meet no fault and need not touch the state for that.
    if !simulator.look(|world| world.faults.values().any(|fault| fault.is_for(endpoint))) {
        return None;
    }
    simulator
        .change(|world| world.take_fault(endpoint))
        .ok()
        .flatten()
}

/// The call with its latency and its fault.
async fn outcome(
    simulator: &Simulator,
    route: &Route,
    call: &Call<'_>,
    fault: Option<Kind>,
) -> Outcome {
    let (latency, wrap) = simulator.look(|world| {
        let settings = &world.settings;
        (settings.latency_ms, settings.wrap_in_array)
    });
    match play(fault, latency, answer_of(route, call)).await {
        Ending::Answer(answer) => Outcome::of(answer, wrap),
        Ending::Own(Own::AstraError { error, .. }, _) => Outcome::of(Err(error), wrap),
        Ending::Own(Own::MalformedBody, answer) => {
            Outcome::of(answer.unwrap_or_else(|| Err(AstraError::internal())), wrap).halved()
        }
        Ending::Proxy { status, body } => Outcome::Proxy { status, body },
        Ending::Cut => Outcome::Cut,
    }
}

/// The call itself.
async fn answer_of(route: &Route, call: &Call<'_>) -> Answer {
    let endpoint: Endpoint = match route {
        Route::To(endpoint) => *endpoint,
        Route::WrongMethod => return Err(AstraError::of(405, meaning(405))),
        Route::Nowhere => return Err(AstraError::of(404, meaning(404))),
    };
    if !takes_json(call.head) {
        return Err(AstraError::of(406, meaning(406)));
    }
    call.run(endpoint).await
}

/// Whether the caller takes JSON for an answer.
fn takes_json(head: &Parts) -> bool {
    let Some(accept) = head.headers.get(ACCEPT) else {
        return true;
    };
    let accept = accept.to_str().unwrap_or_default().to_ascii_lowercase();
    accept
        .split(',')
        .filter_map(|kind| kind.split(';').next())
        .any(|kind| matches!(kind.trim(), "*/*" | "application/*" | "application/json"))
}
