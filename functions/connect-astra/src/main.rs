//! The binary that Lambda runs: settings, clients, run.

use std::convert::Infallible;

use lambda_http::{Error, service_fn};
use shared::settings::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    shared::telemetry::init(&environment);
    let deps = connect_astra::connect(&environment).await?;
    let deps = &deps;
    lambda_http::run(service_fn(move |request| async move {
        Ok::<_, Infallible>(connect_astra::handler(deps, request).await)
    }))
    .await
}
