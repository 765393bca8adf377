//! From the event to the use case and back.

use jiff::Timestamp;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::domain::{
    AstraConnection, AstraState, AstraUserId, ConnectionState, Deadline, UserId,
    astra_authorization_url,
};
use shared::http::{Problem, caller, invoke, json_body, json_response, route_key};
use shared::ports::{AstraClientId, Clock, PendingAuthorizations, Vault};
use shared::use_cases::astra::{AstraApi, AstraError, AstraStore, Desk};

use crate::Deps;
use crate::request_body::RequestBody;

#[derive(Serialize)]
struct AuthorizationView<'a> {
    url: &'a str,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct ConnectionView<'a> {
    status: ConnectionState,
    astra_user_id: &'a AstraUserId,
    connected_at: Timestamp,
}

/// Answers one request.
pub async fn handler<A, S, V, C>(deps: &Deps<A, S, V, C>, request: Request) -> Response<Body>
where
    A: AstraApi + AstraClientId,
    S: AstraStore + PendingAuthorizations,
    V: Vault,
    C: Clock,
{
    invoke(
        "connect-astra",
        &deps.clock,
        request,
        |invocation, request| async move {
            let user_id = caller(&request)?.user_id;
            match route_key(&request) {
                Some("POST /v1/astra/authorizations") => send_away(deps, &user_id).await,
                Some("POST /v1/astra/connections") => {
                    let body = json_body(&request)?;
                    connect(deps, &user_id, &body, invocation.deadline).await
                }
                Some("GET /v1/astra/connections") => show(deps, &user_id).await,
                Some("DELETE /v1/astra/connections") => disconnect(deps, &user_id).await,
                _ => Err(none()),
            }
        },
    )
    .await
}

async fn send_away<A, S, V, C>(
    deps: &Deps<A, S, V, C>,
    user_id: &UserId,
) -> Result<Response<Body>, Problem>
where
    A: AstraApi + AstraClientId,
    S: AstraStore + PendingAuthorizations,
    V: Vault,
    C: Clock,
{
    let client_id = deps.astra.astra_client_id().await?;
    let state = AstraState::random();
    let authorization = desk(deps).send_away(user_id, &state).await?;
    let (page, back) = (&deps.authorize_url, &deps.redirect_uri);
    let url = astra_authorization_url(page, &client_id, back, &state);
    let view = AuthorizationView {
        url: url.as_str(),
        expires_at: as_stored(authorization.expires_at),
    };
    Ok(answer(StatusCode::CREATED, &view))
}

async fn connect<A, S, V, C>(
    deps: &Deps<A, S, V, C>,
    user_id: &UserId,
    body: &RequestBody,
    deadline: Deadline,
) -> Result<Response<Body>, Problem>
where
    A: AstraApi,
    S: AstraStore + PendingAuthorizations,
    V: Vault,
    C: Clock,
{
    let (code, state) = body.read()?;
    let desk = desk(deps);
    let made = desk.connect(user_id, &state, &code, &deps.redirect_uri, deadline);
    Ok(answer(StatusCode::CREATED, &view(&made.await?)))
}

async fn show<A, S: AstraStore, V, C>(
    deps: &Deps<A, S, V, C>,
    user_id: &UserId,
) -> Result<Response<Body>, Problem> {
    let connection = deps.store.astra_connection(user_id).await?;
    let connection = connection.ok_or_else(none)?;
    Ok(answer(StatusCode::OK, &view(&connection)))
}

async fn disconnect<A, S, V, C>(
    deps: &Deps<A, S, V, C>,
    user_id: &UserId,
) -> Result<Response<Body>, Problem>
where
    A: AstraApi,
    S: AstraStore + PendingAuthorizations,
    V: Vault,
    C: Clock,
{
    match desk(deps).disconnect(user_id).await {
        Err(AstraError::NotConnected) => return Err(none()),
        ended => ended?,
    }
    tracing::info!("a user is not connected to Astra any more");
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

fn desk<A, S, V, C>(deps: &Deps<A, S, V, C>) -> Desk<'_, A, S, V, C> {
    Desk {
        astra: &deps.astra,
        store: &deps.store,
        vault: &deps.vault,
        clock: &deps.clock,
    }
}

fn view(connection: &AstraConnection) -> ConnectionView<'_> {
    ConnectionView {
        status: connection.state,
        astra_user_id: &connection.astra_user_id,
        connected_at: as_stored(connection.connected_at),
    }
}

/// The table keeps whole milliseconds: a time is told as it will be told again.
fn as_stored(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

fn answer<T: Serialize>(status: StatusCode, view: &T) -> Response<Body> {
    json_response(status, serde_json::to_string(view).unwrap_or_default())
}

fn none() -> Problem {
    Problem::not_found("connection to Astra")
}
