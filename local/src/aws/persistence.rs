//! Keeps the state of a winterbaume service in a file.

use std::path::PathBuf;

use serde_json::Value;
use tokio::sync::Mutex;
use winterbaume_core::{MockRequest, MockResponse, StateViewError, StatefulService};

use crate::data_dir::{self, DataDirError};
use crate::template::{ACCOUNT_ID, REGION};

/// Why a service's state cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PersistenceError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] DataDirError),
    /// The file's content is not a state of this service.
    #[error("{} does not contain the state of the service", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// The state cannot be turned into JSON or back.
    #[error("the state of the service cannot be converted")]
    State(#[from] StateViewError),
}

/// What begins with one of these does not change state.
const READS: [&str; 10] = [
    "Batch",
    "Decrypt",
    "Describe",
    "Encrypt",
    "Generate",
    "Get",
    "List",
    "ReEncrypt",
    "Sign",
    "Verify",
];

/// A service whose every change is in a file before it is answered.
pub(super) struct Persisted<S> {
    service: S,
    file: Option<PathBuf>,
    /// What the file contains. Held while a change is made and written, so that files
    /// are written in the order of the changes.
    written: Mutex<Value>,
}

impl<S: StatefulService> Persisted<S> {
    /// The service with the state of the file, if there is one.
    pub(super) async fn open(service: S, file: Option<PathBuf>) -> Result<Self, PersistenceError> {
        let mut written = Value::Null;
        if let Some(path) = &file
            && let Some(content) = data_dir::read(path)?
        {
            let wrong = |source| PersistenceError::Content {
                path: path.clone(),
                source,
            };
            written = serde_json::from_slice(&content).map_err(wrong)?;
            let view = serde_json::from_value(written.clone()).map_err(wrong)?;
            service.restore(ACCOUNT_ID, REGION, view).await?;
        }
        Ok(Self {
            service,
            file,
            written: Mutex::new(written),
        })
    }

    /// Answers a request, after writing what it changed.
    pub(super) async fn handle(
        &self,
        action: &str,
        request: MockRequest,
    ) -> Result<MockResponse, PersistenceError> {
        let Some(path) = &self.file else {
            return Ok(self.service.handle(request).await);
        };
        if READS.iter().any(|read| action.starts_with(read)) {
            return Ok(self.service.handle(request).await);
        }
        let mut written = self.written.lock().await;
        let response = self.service.handle(request).await;
        let state = serde_json::to_value(self.state().await).map_err(StateViewError::from)?;
        if *written != state {
            let content = serde_json::to_vec_pretty(&state).map_err(StateViewError::from)?;
            data_dir::write(path, &content)?;
            *written = state;
        }
        Ok(response)
    }

    /// The state as it is now.
    pub(super) async fn state(&self) -> S::StateView {
        self.service.snapshot(ACCOUNT_ID, REGION).await
    }
}
