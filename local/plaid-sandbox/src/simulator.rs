//! The simulator as a whole: state, clock, and what ties them together.

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sandbox_kit::calls::CallLog;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::limits::Limits;
use crate::store::{Journal, StoreError};
use crate::world::World;
use crate::{Clock, OpenError, Options, server};

/// A Plaid Sandbox. Clones are the same Sandbox.
#[derive(Clone, Debug)]
pub struct Simulator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client_id: String,
    clock: Clock,
    http: reqwest::Client,
    state: Mutex<State>,
    changed: Notify,
}

/// What is guarded by the one lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) calls: CallLog,
    /// Those that are active; not saved, because each start names its own.
    pub(crate) secrets: Vec<String>,
    pub(crate) limits: Limits,
    /// Webhooks that are being sent at this moment.
    pub(crate) in_flight: HashSet<String>,
    journal: Option<Journal>,
}

impl Simulator {
    /// Opens a simulator, with the state of an earlier run if
    /// `options.state_file` holds one.
    ///
    /// # Errors
    ///
    /// When the state file cannot be used, or no webhook could be signed or sent.
    #[expect(
        clippy::unused_async,
        reason = "opening may come to wait for something"
    )]
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let rows = match &options.state_file {
            Some(path) => Journal::read(path)?,
            None => Vec::new(),
        };
        let mut world = World::load(rows).map_err(|(index, source)| StoreError::Corrupt {
            path: options.state_file.clone().unwrap_or_default(),
            line: index + 1,
            source,
        })?;
        if let Some(reading) = world.clock() {
            options.clock.restore(reading);
        }
        let now = options.clock.now();
        if world.signing_key().is_none() {
            world
                .rotate_key(now, now)
                .map_err(|_| OpenError::SigningKey)?;
        }
        let mut settings = world.settings();
        settings.latency_ms = u64::try_from(options.latency.as_millis()).unwrap_or(u64::MAX);
        world.set_settings(settings);
        let journal = match &options.state_file {
            Some(path) => Some(Journal::create(path, &world.dump())?),
            None => None,
        };
        world.take_changes();
        let state = State {
            world,
            calls: CallLog::default(),
            secrets: vec![options.secret],
            limits: Limits::default(),
            in_flight: HashSet::new(),
            journal,
        };
        let inner = Inner {
            client_id: options.client_id,
            clock: options.clock,
            http: http_client()?,
            state: Mutex::new(state),
            changed: Notify::new(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Answers on `listener` and delivers webhooks until `shutdown` is done.
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

    /// Waits until no webhook is due or under way. For tests in the same process that stop
    /// the clock: every attempt that is due by now has been answered.
    pub async fn settled(&self) {
        loop {
            let changed = self.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let now = self.inner.clock.now();
            if self.look(|state| state.is_settled(now)) {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.inner.http
    }

    pub(crate) fn accepts(&self, client_id: &str, secret: &str) -> bool {
        self.inner.client_id == client_id
            && self.look(|state| state.secrets.iter().any(|active| active == secret))
    }

    /// Changes the state and saves it. What `change` returns may be told to
    /// others only when this returned `Ok`.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        let mut state = self.lock();
        state.world.settle(&self.inner.clock);
        let result = change(&mut state);
        let changes = state.world.take_changes();
        if changes.is_empty() {
            return Ok(result);
        }
        state.save(&changes)?;
        drop(state);
        self.inner.changed.notify_waiters();
        Ok(result)
    }

    /// Looks at the state.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Notes something in the log of calls, which is not saved.
    pub(crate) fn note(&self, note: impl FnOnce(&mut CallLog)) {
        note(&mut self.lock().calls);
    }

    /// Done at the next change of the state.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.inner.changed.notified()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_settled(&self, now: Timestamp) -> bool {
        let webhooks = self.world.webhooks.values();
        let mut attempts = webhooks.filter_map(|webhook| webhook.next_attempt_at);
        self.in_flight.is_empty() && attempts.all(|at| at > now)
    }

    fn save(&mut self, changes: &[crate::store::Change]) -> Result<(), StoreError> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        journal.append(changes)?;
        if journal.wants_rewrite() {
            journal.rewrite(&self.world.dump())?;
        }
        Ok(())
    }
}

/// The client that delivers webhooks: no proxy, no redirects, no system store.
fn http_client() -> Result<reqwest::Client, OpenError> {
    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    sandbox_kit::client(roots)
        .map_err(OpenError::Tls)?
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(Duration::from_secs(5))
        .user_agent("plaid-sandbox-simulator")
        .build()
        .map_err(OpenError::HttpClient)
}
