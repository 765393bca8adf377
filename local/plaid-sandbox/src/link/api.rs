//! What Link's pages call. Who has the link token may take steps with it.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sandbox_kit::pretty;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::bank::{self, Visit};
use super::run::{Refused, Run};
use super::steps::{Step, take};
use super::view::view;
use super::{finish, oauth};
use crate::Simulator;
use crate::endpoints::Call;
use crate::wire::error::PlaidError;
use crate::world::World;
use crate::world::ids;
use crate::world::link::{LinkSession, LinkToken};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    link_token: Option<String>,
    /// The last part of a `hosted_link_url`, in place of the token.
    hosted_id: Option<String>,
    link_session_id: Option<String>,
    step: Step,
}

/// An answer, with what went wrong if the page did something wrong.
type Answer = Result<Value, (StatusCode, Value)>;

pub(super) async fn step(
    State(simulator): State<Simulator>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    respond(read(&headers, &body).and_then(|request| run(&simulator, &headers, request)))
}

pub(super) async fn visit(
    State(simulator): State<Simulator>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = read::<Visit>(&headers, &body).and_then(|visit| {
        with_call(&simulator, &headers, |call| {
            bank::visit(call, visit)
                .map_err(|error| (StatusCode::BAD_REQUEST, finish::brief(&error)))
        })
    });
    respond(answer)
}

fn respond(answer: Answer) -> Response {
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(refusal) => refusal,
    };
    let kind = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, kind, pretty(&body)).into_response()
}

fn refuse(status: StatusCode, error: impl Into<String>) -> (StatusCode, Value) {
    (status, json!({"error": error.into()}))
}

fn text<'a>(headers: &'a HeaderMap, name: &axum::http::HeaderName) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// Reads a request that comes from a page of this server: others cannot send
/// this type of content without asking, and are not answered when they do.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, (StatusCode, Value)> {
    if !text(headers, &CONTENT_TYPE).starts_with("application/json") {
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not JSON"));
    }
    let origin = text(headers, &ORIGIN);
    if !origin.is_empty() && origin != format!("http://{}", text(headers, &HOST)) {
        return Err(refuse(StatusCode::FORBIDDEN, "a page of another origin"));
    }
    serde_json::from_slice(body).map_err(|error| refuse(StatusCode::BAD_REQUEST, error.to_string()))
}

fn with_call(
    simulator: &Simulator,
    headers: &HeaderMap,
    work: impl FnOnce(&mut Call<'_>) -> Answer,
) -> Answer {
    let clock = simulator.clock();
    let result = simulator.change(|state| {
        let now = clock.now();
        work(&mut Call {
            world: &mut state.world,
            clock,
            now,
            host: text(headers, &HOST),
        })
    });
    result.unwrap_or_else(|error| {
        tracing::error!(%error, "cannot save the state");
        Err(refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "cannot save the state",
        ))
    })
}

fn run(simulator: &Simulator, headers: &HeaderMap, request: Request) -> Answer {
    with_call(simulator, headers, |call| {
        let link_token = token_of(call.world, &request);
        let found = finish::usable_token(call, &link_token);
        let session = session_of(call, &link_token, &request);
        let (token, session, refused) = match (found, session) {
            (Ok(token), Ok(session)) => (token, session, None),
            (Err(error), Ok(session)) => {
                let token = call.world.link_token(&link_token).ok().cloned();
                (
                    token.unwrap_or_else(|| no_token(call)),
                    session,
                    Some(error),
                )
            }
            // Link opens, and closes at once.
            (Err(error), Err(_)) => {
                let session = LinkSession::new(&link_token, call.now);
                (no_token(call), session, Some(error))
            }
            (Ok(token), Err(Refused::Plaid(error))) => {
                let session = LinkSession::new(&link_token, call.now);
                (token, session, Some(error))
            }
            (Ok(_), Err(Refused::OutOfStep)) => {
                return Err(refuse(StatusCode::NOT_FOUND, "no such Link session"));
            }
        };
        let told = session.events.len();
        let mut run = Run {
            call,
            token,
            session,
            request_id: ids::request_id(),
            told,
        };
        let status = match refused {
            Some(error) => {
                turn_away(&mut run, error);
                StatusCode::OK
            }
            None => advance(&mut run, request.step),
        };
        let answer = answer(&run);
        let session = run.session;
        finish::keep(run.call, session);
        if status == StatusCode::OK {
            Ok(answer)
        } else {
            Err((status, answer))
        }
    })
}

/// Takes the step, and says how that went.
fn advance(run: &mut Run<'_, '_>, step: Step) -> StatusCode {
    let resumed =
        matches!(&step, Step::Open { received_redirect_uri } if received_redirect_uri.is_some());
    let step = if resumed { Step::BankClosed } else { step };
    match take(run, step) {
        Ok(()) => StatusCode::OK,
        Err(Refused::OutOfStep) => StatusCode::CONFLICT,
        Err(Refused::Plaid(error)) => {
            run.exit(Some(error));
            StatusCode::OK
        }
    }
}

/// Ends a session whose token is no good. One that has ended stays as it is.
fn turn_away(run: &mut Run<'_, '_>, error: PlaidError) {
    if run.session.events.is_empty() {
        run.event("OPEN", &[]);
    }
    run.exit(Some(error));
}

/// Stands for a link token that does not exist.
fn no_token(call: &Call<'_>) -> LinkToken {
    LinkToken {
        created_at: call.now,
        expires_at: call.now,
        request: Value::Null,
        item_id: None,
        hosted: false,
        hosted_id: None,
        session_ids: Vec::new(),
    }
}

fn token_of(world: &World, request: &Request) -> String {
    let Some(hosted_id) = &request.hosted_id else {
        return request.link_token.clone().unwrap_or_default();
    };
    let hosted = world
        .link_tokens
        .iter()
        .find(|(_, token)| token.hosted_id.as_ref() == Some(hosted_id));
    hosted.map(|(token, _)| token.clone()).unwrap_or_default()
}

/// The session that takes the step: a new one, one that comes back from a bank,
/// or the one that is named and belongs to the token.
fn session_of(
    call: &Call<'_>,
    link_token: &str,
    request: &Request,
) -> Result<LinkSession, Refused> {
    match (&request.step, &request.link_session_id) {
        (
            Step::Open {
                received_redirect_uri: Some(uri),
            },
            _,
        ) => Ok(oauth::resume(call.world, link_token, uri)?),
        (Step::Open { .. }, _) if call.world.link_token(link_token).is_ok() => {
            Ok(LinkSession::new(link_token, call.now))
        }
        (_, Some(id)) => call
            .world
            .link_sessions
            .get(id)
            .filter(|session| session.link_token == link_token)
            .cloned()
            .ok_or(Refused::OutOfStep),
        (_, None) => Err(Refused::OutOfStep),
    }
}

fn answer(run: &Run<'_, '_>) -> Value {
    let result = finish::result(run.call, &run.token, &run.session);
    let hosted = run.token.request.get("hosted_link");
    let completion = hosted.and_then(|hosted| hosted.get("completion_redirect_uri"));
    json!({
        "completion_redirect_uri": completion.filter(|_| result.is_some()),
        "events": run.news(),
        "link_session_id": run.session.link_session_id,
        "request_id": run.request_id,
        "result": result,
        "view": view(run),
    })
}
