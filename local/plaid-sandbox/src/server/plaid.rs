//! Plaid's paths: what happens around every call, faults included.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use sandbox_kit::calls::Call;
use sandbox_kit::play::{Ending, play};
use sandbox_kit::pretty;
use sandbox_kit::server::Cut;
use serde_json::{Map, Value};

use crate::Simulator;
use crate::endpoints::{self, Endpoint};
use crate::faults::{Kind, Own};
use crate::wire::error::PlaidError;
use crate::wire::fields::CREDENTIALS;
use crate::wire::{check, request};
use crate::world::ids;

/// No request of Plaid's API comes near this size.
const LARGEST_BODY: usize = 1024 * 1024;
/// The version that is simulated.
const VERSION: &str = "2020-09-14";

/// What goes back to the caller.
enum Outcome {
    Answer {
        status: u16,
        body: String,
        error_code: Option<String>,
    },
    Cut,
}

impl Outcome {
    fn of(result: Result<Value, PlaidError>, request_id: &str) -> Self {
        match result {
            Ok(mut body) => {
                if let Some(body) = body.as_object_mut() {
                    body.insert("request_id".to_owned(), request_id.into());
                }
                Self::Answer {
                    status: 200,
                    body: pretty(&body),
                    error_code: None,
                }
            }
            Err(error) => Self::Answer {
                status: error.status,
                body: pretty(&error.answer(request_id)),
                error_code: Some(error.error_code),
            },
        }
    }
}

/// Answers a call.
pub(crate) async fn answer(
    State(simulator): State<Simulator>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY)
        .await
        .map_err(|_| PlaidError::of("INVALID_BODY"));
    // A task of its own: as at Plaid, a caller who hangs up stops nothing.
    let call = tokio::spawn(async move { run(&simulator, head, body).await });
    match call.await {
        Ok(Outcome::Answer { status, body, .. }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
            (
                status,
                [(CONTENT_TYPE, "application/json; charset=utf-8")],
                Body::from(body),
            )
                .into_response()
        }
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

async fn run(simulator: &Simulator, head: Parts, body: Result<Bytes, PlaidError>) -> Outcome {
    let request_id = ids::request_id();
    let started_at = simulator.clock().now();
    let path = head.uri.path().to_owned();
    let fault = take_fault(simulator, &path);
    let struck = fault.is_some();
    let outcome = outcome(simulator, &head, body, fault, &request_id).await;
    let (status, error_code) = match &outcome {
        Outcome::Answer {
            status, error_code, ..
        } => (Some(*status), error_code.clone()),
        Outcome::Cut => (None, None),
    };
    tracing::debug!(path, request_id, status, error_code, "answered");
    simulator.note(|calls| {
        calls.add(Call {
            endpoint: path,
            request_id,
            status,
            error: error_code,
            fault: struck,
            started_at,
        });
    });
    outcome
}

fn take_fault(simulator: &Simulator, path: &str) -> Option<Kind> {
    // Most calls meet no fault and need not touch the state for that.
    if simulator.look(|state| !state.world.faults.values().any(|fault| fault.is_for(path))) {
        return None;
    }
    simulator
        .change(|state| state.world.take_fault(path))
        .ok()
        .flatten()
}

/// The call with its latency and its fault.
async fn outcome(
    simulator: &Simulator,
    head: &Parts,
    body: Result<Bytes, PlaidError>,
    fault: Option<Kind>,
    request_id: &str,
) -> Outcome {
    let latency = simulator.look(|state| state.world.settings().latency_ms);
    let call = async { call(simulator, head, body) };
    match play(fault, latency, call).await {
        Ending::Answer(answer) => Outcome::of(answer, request_id),
        Ending::Own(Own::PlaidError { error, .. }, _) => Outcome::of(Err(error), request_id),
        Ending::Proxy { status, body } => Outcome::Answer {
            status,
            body,
            error_code: None,
        },
        Ending::Cut => Outcome::Cut,
    }
}

/// The call itself: checks, then the endpoint.
fn call(
    simulator: &Simulator,
    head: &Parts,
    body: Result<Bytes, PlaidError>,
) -> Result<Value, PlaidError> {
    let endpoint = endpoints::find(head.uri.path())
        .filter(|_| head.method == Method::POST)
        .ok_or_else(|| PlaidError::of("NOT_FOUND"))?;
    check_headers(&head.headers)?;
    let body = parse(&body?)?;
    let body = check_body(simulator, endpoint, &head.headers, body)?;
    let host = head
        .headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let clock = simulator.clock();
    let result = simulator.change(|state| {
        let now = clock.now();
        state.limits.take(head.uri.path(), now)?;
        let mut call = endpoints::Call {
            world: &mut state.world,
            clock,
            now,
            host,
        };
        (endpoint.run)(&mut call, request::Request::new(&body))
    });
    result.unwrap_or_else(|error| {
        tracing::error!(%error, "cannot save the state");
        Err(PlaidError::of("INTERNAL_SERVER_ERROR"))
    })
}

fn check_headers(headers: &HeaderMap) -> Result<(), PlaidError> {
    let text = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let invalid = |message: &str| Err(PlaidError::of("INVALID_HEADERS").saying(message));
    let content_type = text("content-type").unwrap_or_default();
    if !content_type
        .to_ascii_lowercase()
        .starts_with("application/json")
    {
        return invalid("Content-Type must be application/json");
    }
    if text("plaid-version").is_some_and(|version| version != VERSION) {
        return invalid("only version 2020-09-14 of the API is simulated");
    }
    Ok(())
}

fn parse(body: &Bytes) -> Result<Map<String, Value>, PlaidError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(body)) => Ok(body),
        _ => Err(PlaidError::of("INVALID_BODY")),
    }
}

/// Checks fields and keys; returns the body without the keys.
fn check_body(
    simulator: &Simulator,
    endpoint: &Endpoint,
    headers: &HeaderMap,
    mut body: Map<String, Value>,
) -> Result<Value, PlaidError> {
    let [client_id, secret] = CREDENTIALS.map(|name| credential(&mut body, headers, name));
    let checked = check::check(endpoint.fields, &body);
    let absent: Vec<&str> = [
        (client_id.is_none(), "client_id"),
        (secret.is_none(), "secret"),
    ]
    .into_iter()
    .filter_map(|(absent, name)| absent.then_some(name))
    .collect();
    if checked
        .as_ref()
        .is_err_and(|error| error.error_code == "UNKNOWN_FIELDS")
    {
        checked?;
    } else if !absent.is_empty() {
        return Err(PlaidError::of("MISSING_FIELDS")
            .saying(format!("required but not sent: {}", absent.join(", "))));
    } else {
        checked?;
    }
    let known = matches!((&client_id, &secret), (Some(Value::String(id)), Some(Value::String(key)))
        if simulator.accepts(id, key));
    if known {
        Ok(Value::Object(body))
    } else {
        Err(PlaidError::of("INVALID_API_KEYS"))
    }
}

/// `client_id` or `secret`: from the body, else from its header.
fn credential(body: &mut Map<String, Value>, headers: &HeaderMap, name: &str) -> Option<Value> {
    let header = format!("plaid-{}", name.replace('_', "-"));
    body.remove(name)
        .filter(|value| !value.is_null())
        .or_else(|| {
            let value = headers.get(header)?.to_str().ok()?;
            Some(Value::from(value))
        })
}
