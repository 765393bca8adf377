//! The server: Astra's paths, the authorize page and the controls.

mod astra;

use std::future::Future;

use axum::Router;
use tokio::net::TcpListener;

use crate::{Simulator, authorize, controls};

pub(crate) async fn serve(
    simulator: Simulator,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let routes = Router::new()
        .nest("/simulator", controls::routes())
        .merge(authorize::routes())
        .fallback(astra::answer)
        .with_state(simulator);
    sandbox_kit::server::serve(listener, routes, shutdown).await
}
