//! One HTTP invocation: its deadline, its id, its log lines and its answer.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response};
use tracing::Instrument;

use super::Problem;
use crate::domain::Deadline;
use crate::ports::Clock;

/// What a handler may need to know about the invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// AWS's id of it, which every log line and every problem carries.
    pub request_id: String,
    /// When it must be over.
    pub deadline: Deadline,
}

/// Kept free at the end for rendering the answer and handing it over.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);

/// Runs a handler inside its log span and turns its outcome into an answer.
pub async fn invoke<C, H, F>(
    function: &'static str,
    clock: &C,
    request: Request,
    handler: H,
) -> Response<Body>
where
    C: Clock,
    H: FnOnce(Invocation, Request) -> F,
    F: Future<Output = Result<Response<Body>, Problem>>,
{
    let invocation = Invocation::of(&request, clock.now());
    let request_id = invocation.request_id.clone();
    let span = tracing::info_span!(
        "invocation",
        function,
        request_id,
        method = %request.method(),
        route = route_key(&request),
    );
    async {
        let response = match handler(invocation, request).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(&request_id),
        };
        tracing::info!(status = response.status().as_u16(), "answered");
        response
    }
    .instrument(span)
    .await
}

/// A JSON answer.
pub fn json_response(status: StatusCode, body: String) -> Response<Body> {
    private_answer(status, "application/json", body)
}

/// Answers are one user's own, and may hold tokens: nobody on the way keeps them.
pub(super) fn private_answer(
    status: StatusCode,
    content_type: &'static str,
    body: String,
) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Invocation {
    fn of(request: &Request, now: Timestamp) -> Self {
        let context = request.lambda_context_ref();
        let told = context.map_or(0, |context| context.deadline);
        let deadline = Deadline::of_runtime(told, now);
        Self {
            request_id: context
                .map(|context| context.request_id.clone())
                .unwrap_or_default(),
            deadline: deadline.less(ANSWER_MARGIN),
        }
    }
}

/// The route as the template writes it, such as `GET /v1/items/{item_id}`: unlike the path,
/// it names no one.
pub fn route_key(request: &Request) -> Option<&str> {
    match request.request_context_ref()? {
        lambda_http::request::RequestContext::ApiGatewayV2(context) => context.route_key.as_deref(),
        #[allow(unreachable_patterns)]
        _ => None,
    }
}
