//! The binary that Lambda runs: settings, clients, run.

use lambda_http::{Error, lambda_runtime, service_fn};
use shared::settings::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    shared::telemetry::init(&environment);
    let deps = hand_over_to_astra::connect(&environment).await?;
    let deps = &deps;
    lambda_runtime::run(service_fn(move |event| async move {
        let brought = hand_over_to_astra::handler(deps, event).await;
        brought.map_err(|error| error.to_string())
    }))
    .await
}
