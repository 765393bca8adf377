//! The simulator as a whole: state, clock, and what ties them together.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandbox_kit::Reading;
use sandbox_kit::calls::CallLog;
use tokio::net::TcpListener;

use crate::plaid::Plaid;
use crate::store::{Store, StoreError};
use crate::world::World;
use crate::{Clock, OpenError, Options, server};

/// An Astra Sandbox. Clones are the same Sandbox.
#[derive(Clone, Debug)]
pub struct Simulator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client_id: String,
    client_secret: String,
    clock: Clock,
    plaid: Plaid,
    state: Mutex<State>,
}

/// What is guarded by the one lock.
#[derive(Debug)]
struct State {
    world: World,
    calls: CallLog,
    store: Option<Store>,
}

impl Simulator {
    /// Opens a simulator, with the state of an earlier run if `options.state_file` holds one.
    ///
    /// # Errors
    ///
    /// When the state file cannot be used, or Plaid's address is not one of this machine.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let plaid = Plaid::at(
            &options.plaid_url,
            options.plaid_client_id,
            options.plaid_secret,
        )?;
        let earlier = match &options.state_file {
            Some(path) => Store::read(path)?,
            None => None,
        };
        if let Some(earlier) = &earlier {
            options.clock.restore(Reading::ahead(earlier.ahead));
        }
        let mut world = earlier.unwrap_or_default();
        world.settings.latency_ms = u64::try_from(options.latency.as_millis()).unwrap_or(u64::MAX);
        if let Some(wrap) = options.wrap_in_array {
            world.settings.wrap_in_array = wrap;
        }
        let store = match &options.state_file {
            Some(path) => Some(Store::create(path, &world)?),
            None => None,
        };
        let state = State {
            world,
            calls: CallLog::default(),
            store,
        };
        let inner = Inner {
            client_id: options.client_id,
            client_secret: options.client_secret,
            clock: options.clock,
            plaid,
            state: Mutex::new(state),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Answers on `listener` until `shutdown` is done.
    ///
    /// # Errors
    ///
    /// When the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        server::serve(self.clone(), listener, shutdown).await
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The controls by themselves, under `/simulator`. For tests in the same process that
    /// would rather call them than connect to them.
    pub fn controls(&self) -> axum::Router {
        let routes = axum::Router::new().nest("/simulator", crate::controls::routes());
        routes.with_state(self.clone())
    }

    pub(crate) fn plaid(&self) -> &Plaid {
        &self.inner.plaid
    }

    pub(crate) fn knows_client(&self, client_id: &str) -> bool {
        self.inner.client_id == client_id
    }

    pub(crate) fn accepts(&self, client_id: &str, client_secret: &str) -> bool {
        self.knows_client(client_id) && self.inner.client_secret == client_secret
    }

    /// Changes the state and saves it. What `change` returns may be told to others only
    /// when this returned `Ok`.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> Result<T, StoreError> {
        let mut state = self.lock();
        let State { world, store, .. } = &mut *state;
        let result = change(world);
        if let Some(store) = store {
            store.save(world)?;
        }
        Ok(result)
    }

    /// Looks at the state.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock().world)
    }

    /// Looks at the log of calls, or notes something in it; it is not saved.
    pub(crate) fn calls<T>(&self, note: impl FnOnce(&mut CallLog) -> T) -> T {
        note(&mut self.lock().calls)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
