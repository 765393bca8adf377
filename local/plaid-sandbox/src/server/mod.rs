//! The server: Plaid's paths, the controls, and the task that delivers webhooks.

mod cut;
mod plaid;

use std::future::Future;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::cut::{Cut, Cuttable};
use crate::{Simulator, controls, link, webhooks};

/// How long calls that are under way may take when the server stops.
const LAST_CALLS: Duration = Duration::from_secs(3);

pub(crate) async fn serve(
    simulator: Simulator,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let routes = Router::new()
        .nest("/simulator", controls::routes())
        .merge(link::routes())
        .fallback(plaid::answer)
        .with_state(simulator.clone())
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
    let server = axum::serve(Cuttable(listener), routes).with_graceful_shutdown(shutdown);
    tokio::select! {
        result = server => result,
        () = last_calls => Ok(()),
        () = webhooks::deliver::run(simulator) => Ok(()),
    }
}
