//! The server: Astra's paths, the authorize page and the controls.

mod astra;
mod cut;

use std::future::Future;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::cut::Cut;
use crate::{Simulator, authorize, controls};

/// How long calls that are under way may take when the server stops.
const LAST_CALLS: Duration = Duration::from_secs(3);

pub(crate) async fn serve(
    simulator: Simulator,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let routes = Router::new()
        .nest("/simulator", controls::routes())
        .merge(authorize::routes())
        .fallback(astra::answer)
        .with_state(simulator)
        .into_make_service_with_connect_info::<Cut>();
    let (stopping, mut stopped) = watch::channel(false);
    let shutdown = async move {
        shutdown.await;
        stopping.send_replace(true);
    };
    let last_calls = async move {
        // A sender that is gone means that the server has ended by itself.
        if stopped.wait_for(|stopping| *stopping).await.is_ok() {
            tokio::time::sleep(LAST_CALLS).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    let server = axum::serve(listener, routes).with_graceful_shutdown(shutdown);
    tokio::select! {
        result = server => result,
        () = last_calls => Ok(()),
    }
}
