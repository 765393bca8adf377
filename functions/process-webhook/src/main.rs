//! The binary that Lambda runs: settings, clients, run.

use std::convert::Infallible;

use lambda_http::{Error, lambda_runtime, service_fn};
use shared::settings::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    shared::telemetry::init(&environment);
    let deps = process_webhook::connect(&environment).await?;
    let deps = &deps;
    lambda_runtime::run(service_fn(move |event| async move {
        Ok::<_, Infallible>(process_webhook::handler(deps, event).await)
    }))
    .await
}
