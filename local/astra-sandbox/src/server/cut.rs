//! Connections that a handler can cut, as a failing network would.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::net::TcpListener;

/// Cuts its connection: nothing that is written afterwards leaves.
#[derive(Clone, Debug)]
pub(super) struct Cut(Arc<io::Result<TcpStream>>);

impl Cut {
    pub(super) fn now(&self) {
        let cut = match &*self.0 {
            Ok(stream) => stream.shutdown(Shutdown::Both),
            Err(error) => Err(error.kind().into()),
        };
        if let Err(error) = cut {
            tracing::error!(%error, "cannot cut a connection");
        }
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        // A second handle of the same connection.
        let handle = stream.io().as_fd().try_clone_to_owned();
        Self(Arc::new(handle.map(TcpStream::from)))
    }
}
