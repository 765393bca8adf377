//! The handlers linked into this program, called through the adapter that Lambda's
//! runtime calls them through.

use std::convert::Infallible;
use std::fmt::Display;
use std::marker::PhantomData;
use std::sync::Arc;

use lambda_http::request::LambdaRequest;
use lambda_http::{
    Adapter, Body, BoxFuture, Context, LambdaEvent, Request, Response, Service, service_fn,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::settings::Environment;

use super::{Function, FunctionError};

/// Why a linked function could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The template has a function that is not linked into this program.
    #[error("it is not linked into the local stack (local/src/functions/linked.rs)")]
    NotLinked,
    /// The function's own setup failed.
    #[error("its setup failed")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Connects one of our packages and wraps its handler: one over HTTP, or one over an
/// event of its own, which never fails, or may.
macro_rules! link {
    ($package:ident, $environment:expr) => {
        link!($package, $environment, Linked, std::convert::identity)
    };
    ($package:ident, $environment:expr, never_fails) => {
        link!(
            $package,
            $environment,
            LinkedEvent::new,
            Ok::<_, Infallible>
        )
    };
    ($package:ident, $environment:expr, may_fail) => {
        link!(
            $package,
            $environment,
            LinkedEvent::new,
            std::convert::identity
        )
    };
    ($package:ident, $environment:expr, $wrap:path, $outcome:expr) => {{
        let deps = $package::connect($environment)
            .await
            .map_err(|error| ConnectError::Setup(Box::new(error)))?;
        let deps = Arc::new(deps);
        Arc::new($wrap(move |input| {
            let deps = Arc::clone(&deps);
            async move { $outcome($package::handler(&deps, input).await) }
        })) as Arc<dyn Function>
    }};
}

/// Sets up the linked function of a package.
///
/// # Errors
///
/// The package is not linked, or its setup failed.
pub async fn connect(
    package: &str,
    environment: &Environment,
) -> Result<Arc<dyn Function>, ConnectError> {
    Ok(match package {
        "connect-astra" => link!(connect_astra, environment),
        "create-link-token" => link!(create_link_token, environment),
        "exchange-and-processor-token" => link!(exchange_and_processor_token, environment),
        "hand-over-to-astra" => link!(hand_over_to_astra, environment, may_fail),
        "link-sessions" => link!(link_sessions, environment),
        "list-items" => link!(list_items, environment),
        "process-webhook" => link!(process_webhook, environment, never_fails),
        "publish-changes" => link!(publish_changes, environment, never_fails),
        "reconcile-items" => link!(reconcile_items, environment, never_fails),
        "refresh-item" => link!(refresh_item, environment),
        "remove-item" => link!(remove_item, environment),
        "webhook-receipt" => link!(webhook_receipt, environment),
        _ => return Err(ConnectError::NotLinked),
    })
}

/// A handler over HTTP types as a Lambda function.
pub struct Linked<H>(pub H);

impl<H, F> Function for Linked<H>
where
    H: Fn(Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    fn invoke(
        &self,
        payload: Value,
        context: Context,
    ) -> BoxFuture<'_, Result<Value, FunctionError>> {
        let handler = self.0.clone();
        Box::pin(async move {
            let request: LambdaRequest =
                serde_json::from_value(payload).map_err(FunctionError::Conversion)?;
            let mut service = Adapter::from(service_fn(move |request: Request| {
                let answer = handler(request);
                async move { Ok::<_, Infallible>(answer.await) }
            }));
            let response = match service.call(LambdaEvent::new(request, context)).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            serde_json::to_value(&response).map_err(FunctionError::Conversion)
        })
    }
}

/// A handler over an event of its own as a Lambda function. It may fail, so that the event
/// comes again.
pub struct LinkedEvent<E, H> {
    handler: H,
    event: PhantomData<fn(E)>,
}

impl<E, H, F> LinkedEvent<E, H>
where
    H: Fn(LambdaEvent<E>) -> F,
{
    /// Wraps a handler.
    pub fn new(handler: H) -> Self {
        Self {
            handler,
            event: PhantomData,
        }
    }
}

impl<E, H, F, T, X> Function for LinkedEvent<E, H>
where
    E: DeserializeOwned + Send + 'static,
    H: Fn(LambdaEvent<E>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, X>> + Send + 'static,
    T: Serialize,
    X: Display,
{
    fn invoke(
        &self,
        payload: Value,
        context: Context,
    ) -> BoxFuture<'_, Result<Value, FunctionError>> {
        let handler = self.handler.clone();
        Box::pin(async move {
            let event = serde_json::from_value(payload).map_err(FunctionError::Conversion)?;
            let done = handler(LambdaEvent::new(event, context)).await;
            let report = done.map_err(|error| FunctionError::Failed(error.to_string()))?;
            serde_json::to_value(&report).map_err(FunctionError::Conversion)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lambda_http::RequestExt as _;
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        json!({
            "version": "2.0",
            "routeKey": "GET /v1/items/{item_id}",
            "rawPath": "/v1/items/a",
            "rawQueryString": "limit=5",
            "headers": { "host": "localhost" },
            "pathParameters": { "item_id": "a" },
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "local",
                "domainName": "localhost",
                "http": { "method": "GET", "path": "/v1/items/a" },
                "requestId": "id",
                "stage": "$default",
                "timeEpoch": 0,
            },
            "isBase64Encoded": false,
        })
    }

    #[tokio::test]
    async fn a_handler_sees_the_request_and_its_response_becomes_a_result() {
        let linked = Linked(|request: Request| async move {
            let path = request
                .path_parameters()
                .first("item_id")
                .unwrap()
                .to_owned();
            let deadline = request.lambda_context().deadline;
            Response::builder()
                .status(201)
                .header("set-cookie", "c=1")
                .header("x-deadline", deadline)
                .body(Body::Text(format!("{} {path}", request.method())))
                .unwrap()
        });
        let mut context = Context::default();
        context.deadline = 7;
        let result = linked.invoke(event(), context).await.unwrap();
        assert_eq!(result["statusCode"], 201);
        assert_eq!(result["body"], "GET a");
        assert_eq!(result["cookies"], json!(["c=1"]));
        assert_eq!(result["headers"]["x-deadline"], "7");
        assert_eq!(result["isBase64Encoded"], false);
    }

    #[tokio::test]
    async fn what_is_no_event_is_an_error() {
        let linked = Linked(|_| async { Response::new(Body::Empty) });
        let error = linked
            .invoke(json!({ "a": 1 }), Context::default())
            .await
            .unwrap_err();
        assert!(matches!(error, FunctionError::Conversion(_)), "{error}");
    }

    #[tokio::test]
    async fn an_event_of_ones_own_is_read_and_its_report_becomes_a_result() {
        let linked = LinkedEvent::new(|event: LambdaEvent<BTreeMap<String, u64>>| async move {
            let (event, context) = event.into_parts();
            let sum: u64 = event.values().sum();
            Ok::<_, Infallible>(json!({ "sum": sum, "deadline": context.deadline }))
        });
        let mut context = Context::default();
        context.deadline = 7;
        let result = linked
            .invoke(json!({ "a": 1, "b": 2 }), context.clone())
            .await;
        assert_eq!(result.unwrap(), json!({ "sum": 3, "deadline": 7 }));
        let error = linked
            .invoke(json!({ "a": "b" }), context)
            .await
            .unwrap_err();
        assert!(matches!(error, FunctionError::Conversion(_)), "{error}");
    }

    #[tokio::test]
    async fn a_task_that_fails_is_a_function_that_failed() {
        let linked = LinkedEvent::new(|event: LambdaEvent<bool>| async move {
            event.payload.then_some(7).ok_or("no")
        });
        let done = linked.invoke(json!(true), Context::default()).await;
        assert_eq!(done.unwrap(), json!(7));
        let failed = linked.invoke(json!(false), Context::default()).await;
        let failed = failed.unwrap_err();
        assert!(
            matches!(&failed, FunctionError::Failed(said) if said == "no"),
            "{failed}"
        );
    }

    #[tokio::test]
    async fn an_unknown_package_is_refused() {
        let refused = connect("nobody", &Environment::from_iter([("A", "b")])).await;
        assert!(matches!(refused, Err(ConnectError::NotLinked)));
    }
}
