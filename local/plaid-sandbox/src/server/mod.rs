//! The server: Plaid's paths, the controls, and the task that delivers webhooks.

mod plaid;

use std::future::Future;

use axum::Router;
use tokio::net::TcpListener;

use crate::{Simulator, controls, link, webhooks};

pub(crate) async fn serve(
    simulator: Simulator,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let routes = Router::new()
        .nest("/simulator", controls::routes())
        .merge(link::routes())
        .fallback(plaid::answer)
        .with_state(simulator.clone());
    tokio::select! {
        result = sandbox_kit::server::serve(listener, routes, shutdown) => result,
        () = webhooks::deliver::run(simulator) => Ok(()),
    }
}
