//! Functions behind a Lambda Invoke API.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::post;
use local::functions::remote::Remote;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use crate::support::{TestGateway, client, serve};

/// Answers as Lambda does: with an error for a body that says `fail`.
async fn invoke(Path(name): Path<String>, Json(event): Json<Value>) -> (HeaderMap, Json<Value>) {
    let mut headers = HeaderMap::new();
    if event["body"] == "fail" {
        headers.insert(
            "x-amz-function-error",
            HeaderValue::from_static("Unhandled"),
        );
        return (headers, Json(json!({ "errorMessage": "on purpose" })));
    }
    let body = format!("{name} got {}", event["body"].as_str().unwrap());
    (headers, Json(json!({ "statusCode": 202, "body": body })))
}

async fn gateway_to(url: &Url) -> TestGateway {
    TestGateway::start(Arc::new(Remote::new(client(), url, "f").unwrap())).await
}

#[tokio::test]
async fn events_go_to_the_invoke_api_and_results_come_back() {
    let router = Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke));
    let (url, _server) = serve(router).await;
    let gateway = gateway_to(&url).await;
    let response = gateway.post("/open", "text/plain", "hi").await;
    assert_eq!(response.status(), 202);
    assert_eq!(response.text().await.unwrap(), "f got hi");
    let response = gateway.post("/open", "text/plain", "fail").await;
    assert_eq!(response.status(), 500);
}

#[tokio::test]
async fn an_invoke_api_that_refuses_or_is_not_there_is_an_internal_error() {
    let router = Router::new().fallback(|| async { StatusCode::NOT_FOUND });
    let (url, server) = serve(router).await;
    let gateway = gateway_to(&url).await;
    assert_eq!(
        gateway.post("/open", "text/plain", "hi").await.status(),
        500
    );
    drop(server);
    let nobody = TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let gateway = gateway_to(&Url::parse(&format!("http://{nobody}")).unwrap()).await;
    assert_eq!(
        gateway.post("/open", "text/plain", "hi").await.status(),
        500
    );
}
