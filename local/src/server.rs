//! A server of the stack as a task that can be stopped.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long a server may take to finish what it is answering.
const GRACE: Duration = Duration::from_secs(3);

/// A running server; dropping it ends it at once.
pub(crate) struct Server {
    stop: watch::Sender<bool>,
    task: JoinSet<()>,
}

impl Server {
    /// Starts a server. `serve` gets a future that is ready when the server has to stop.
    pub(crate) fn start<F, R, E>(name: &'static str, serve: F) -> Self
    where
        F: FnOnce(BoxShutdown) -> R,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display + Send,
    {
        let (stop, mut stopped) = watch::channel(false);
        let shutdown: BoxShutdown = Box::pin(async move {
            // An error means that the sender is gone, which also is a reason to stop.
            drop(stopped.wait_for(|stop| *stop).await);
        });
        let serving = serve(shutdown);
        let mut task = JoinSet::new();
        task.spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "{name} stopped");
            }
        });
        Self { stop, task }
    }

    /// Stops the server, giving it a moment to finish its answers.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(GRACE, self.task.join_next())
            .await
            .is_err()
        {
            self.task.shutdown().await;
        }
    }
}

/// A future that is ready when a server has to stop.
pub(crate) type BoxShutdown = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
