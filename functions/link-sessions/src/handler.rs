//! From the event to the table and back.

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, RequestExt, Response};
use serde::Serialize;
use shared::domain::{
    ItemId, LinkExit, LinkId, LinkSession, LinkSessionId, PlaidRequestId, UserId,
};
use shared::http::{Problem, caller, invoke, json_body, json_response};
use shared::ports::{Clock, LinkReports, StoreError};

use crate::Deps;
use crate::report::ReportBody;

#[derive(Serialize)]
struct SessionView<'a> {
    link_id: &'a LinkId,
    status: &'static str,
    item_ids: Vec<&'a ItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemView<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ProblemView<'a> {
    /// A bank that the user linked made no Item, in our words.
    NotLinked { code: &'a str },
    /// Why the user left, in Plaid's words.
    Left {
        status: Option<&'a str>,
        error_type: Option<&'a str>,
        error_code: Option<&'a str>,
        display_message: Option<&'a str>,
    },
}

/// Answers one request.
pub async fn handler<S: LinkReports, C: Clock>(
    deps: &Deps<S, C>,
    request: Request,
) -> Response<Body> {
    invoke(
        "link-sessions",
        &deps.clock,
        request,
        |_, request| async move {
            let user_id = caller(&request)?.user_id;
            let path = request.path_parameters_ref();
            let link_id = path.and_then(|path| path.first("link_id")).map(LinkId::new);
            let link_id = link_id.ok_or_else(not_found)?;
            if request.method() == Method::POST {
                let report: ReportBody = json_body(&request)?;
                return record_exit(deps, &user_id, &link_id, report.into()).await;
            }
            let session = deps
                .store
                .session(&user_id, &link_id)
                .await?
                .ok_or_else(not_found)?;
            let body = serde_json::to_string(&view(&session, deps)).unwrap_or_default();
            Ok(json_response(StatusCode::OK, body))
        },
    )
    .await
}

async fn record_exit<S: LinkReports, C: Clock>(
    deps: &Deps<S, C>,
    user_id: &UserId,
    link_id: &LinkId,
    exit: LinkExit,
) -> Result<Response<Body>, Problem> {
    match deps.store.record_exit(user_id, link_id, &exit).await {
        Ok(()) => {}
        Err(StoreError::Conflict) => return Err(not_found()),
        Err(error) => return Err(error.into()),
    }
    tracing::info!(
        %link_id,
        status = exit.status,
        error_code = exit.error_code,
        institution_id = exit.institution_id,
        link_session_id = exit.link_session_id.as_ref().map(LinkSessionId::as_str),
        plaid_request_id = exit.request_id.as_ref().map(PlaidRequestId::as_str),
        "the user left Link"
    );
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

fn view<'a, S, C: Clock>(session: &'a LinkSession, deps: &Deps<S, C>) -> SessionView<'a> {
    let brought = session.results.iter().flat_map(|results| &results.item_ids);
    SessionView {
        link_id: &session.link_id,
        status: session.status(deps.clock.now()).as_str(),
        item_ids: session.item_id.iter().chain(brought).collect(),
        problem: problem(session),
    }
}

fn problem(session: &LinkSession) -> Option<ProblemView<'_>> {
    let results = session.results.as_ref();
    if let Some(code) = results.and_then(|results| results.problem.as_deref()) {
        return Some(ProblemView::NotLinked { code });
    }
    session.exit.as_ref().map(|exit| ProblemView::Left {
        status: exit.status.as_deref(),
        error_type: exit.error_type.as_deref(),
        error_code: exit.error_code.as_deref(),
        display_message: exit.display_message.as_deref(),
    })
}

fn not_found() -> Problem {
    Problem::not_found("link session")
}
