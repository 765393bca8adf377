//! The handlers linked into this program, called through the adapter that Lambda's
//! runtime calls them through.

use std::convert::Infallible;
use std::sync::Arc;

use lambda_http::request::LambdaRequest;
use lambda_http::{
    Adapter, Body, BoxFuture, Context, LambdaEvent, Request, Response, Service, service_fn,
};
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

/// Connects one of our packages and wraps its handler.
macro_rules! link {
    ($package:ident, $environment:expr) => {{
        let deps = $package::connect($environment)
            .await
            .map_err(|error| ConnectError::Setup(Box::new(error)))?;
        let deps = Arc::new(deps);
        Arc::new(Linked(move |request: Request| {
            let deps = Arc::clone(&deps);
            async move { $package::handler(&deps, request).await }
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
        "create-link-token" => link!(create_link_token, environment),
        "exchange-and-processor-token" => link!(exchange_and_processor_token, environment),
        "link-sessions" => link!(link_sessions, environment),
        "list-items" => link!(list_items, environment),
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

#[cfg(test)]
mod tests {
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
    async fn an_unknown_package_is_refused() {
        let refused = connect("nobody", &Environment::from_iter([("A", "b")])).await;
        assert!(matches!(refused, Err(ConnectError::NotLinked)));
    }
}
