//! A server of a test's own, on a free port of this machine.

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::scene::Failure;

/// It ends when it is dropped.
pub struct Served {
    /// Where it listens.
    pub url: String,
    _server: JoinSet<()>,
}

impl Served {
    /// Begins to serve.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(router: Router) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut server = JoinSet::new();
        // If it stopped, whoever calls it would say so.
        server.spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self {
            url,
            _server: server,
        })
    }
}
