//! The server, whose connections a handler can cut.

mod cut;

use std::io;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use self::cut::Cut;
use self::cut::Cuttable;

/// How long calls that are under way may take when the server stops.
const LAST_CALLS: Duration = Duration::from_secs(3);

/// Answers on `listener` until `shutdown` is done. A handler that takes a
/// [`ConnectInfo<Cut>`](axum::extract::ConnectInfo) can cut its connection.
///
/// # Errors
///
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
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
    let routes = routes.into_make_service_with_connect_info::<Cut>();
    let server = axum::serve(Cuttable(listener), routes).with_graceful_shutdown(shutdown);
    tokio::select! {
        result = server => result,
        () = last_calls => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::Server;
    use axum::extract::ConnectInfo;
    use axum::routing::get;

    #[tokio::test]
    async fn a_call_whose_connection_is_cut_gets_no_answer() {
        async fn cut(ConnectInfo(cut): ConnectInfo<Cut>) -> &'static str {
            cut.now();
            "never seen"
        }
        let routes = Router::new()
            .route("/cut", get(cut))
            .route("/whole", get(|| async { "seen" }));
        let server = Server::start(|listener| serve(listener, routes, std::future::pending()));
        let server = server.await;
        let roots = rustls::RootCertStore::empty();
        let http = crate::client(roots).unwrap().build().unwrap();
        let get = |path| http.get(format!("{}{path}", server.base)).send();
        assert!(get("/cut").await.is_err());
        assert_eq!(get("/whole").await.unwrap().text().await.unwrap(), "seen");
    }

    #[tokio::test]
    async fn a_server_that_is_told_to_stop_stops() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let served = serve(listener, Router::new(), async {});
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, served)
            .await
            .unwrap()
            .unwrap();
    }
}
