//! When the secret is read: at first, every five minutes, and when the API refuses it; then
//! the version before it, too.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::kept::Kept;
use crate::domain::ApiCredentials;
use crate::ports::{Clock, CredentialSource, SecretError};

const FRESH_FOR: SignedDuration = SignedDuration::from_mins(5);
/// While Secrets Manager is away, the last known credentials serve on for this long.
const USABLE_FOR: SignedDuration = SignedDuration::from_hours(1);
/// After a refusal of the API's made us read the secret, no other one does for this long: then
/// the credentials are simply wrong. It counts from that reading and not from any: a
/// container that started just before a rotation must find the new secret at once.
const SURELY_CURRENT: SignedDuration = SignedDuration::from_secs(10);

/// Reads the credentials, each time anew.
pub trait ReadCredentials: Send + Sync {
    /// Reads the current ones.
    fn current(&self) -> impl Future<Output = Result<ApiCredentials, SecretError>> + Send;

    /// Reads those that were current before; `None` when there are none.
    fn previous(&self) -> impl Future<Output = Result<Option<ApiCredentials>, SecretError>> + Send;
}

/// Credentials that are read when they have to be, and by one caller at a time.
pub struct CredentialCache<R, C> {
    /// The API whose they are, for the log.
    api: &'static str,
    reader: R,
    clock: C,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    /// When a refusal made us read last.
    read_again_at: Option<Timestamp>,
}

impl State {
    fn keep(&mut self, api: &'static str, current: ApiCredentials, now: Timestamp) -> &mut Kept {
        if self
            .kept
            .as_ref()
            .is_some_and(|kept| !kept.is_current(&current))
        {
            tracing::info!("a new {api} secret is in use");
        }
        self.kept.insert(Kept::new(current, now))
    }

    /// Whether a refusal may make us read; if so, it does.
    fn may_read_again(&mut self, now: Timestamp) -> bool {
        let long_ago = |at| now.duration_since(at) >= SURELY_CURRENT;
        let may = self.read_again_at.is_none_or(long_ago);
        if may {
            self.read_again_at = Some(now);
        }
        may
    }
}

impl<R: ReadCredentials, C: Clock> CredentialCache<R, C> {
    /// An empty cache of this API's credentials.
    pub fn new(api: &'static str, reader: R, clock: C) -> Self {
        Self {
            api,
            reader,
            clock,
            state: Mutex::default(),
        }
    }

    /// The previous credentials, in place of those of `kept` that the API refused.
    async fn fall_back(&self, kept: &mut Kept) -> Result<Option<ApiCredentials>, SecretError> {
        if !kept.may_ask_for_previous() {
            return Ok(None);
        }
        let Some(previous) = self.reader.previous().await? else {
            return Ok(None);
        };
        let serving = kept.fall_back(previous);
        if serving.is_some() {
            let api = self.api;
            tracing::warn!("{api} refuses the current secret; the previous one is tried");
        }
        Ok(serving.cloned())
    }
}

impl<R: ReadCredentials, C: Clock> CredentialSource for CredentialCache<R, C> {
    async fn credentials(&self) -> Result<ApiCredentials, SecretError> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        let kept = state
            .kept
            .as_ref()
            .map(|kept| (kept.age(now), kept.serving()));
        if let Some((age, serving)) = kept
            && age < FRESH_FOR
        {
            return Ok(serving.clone());
        }
        match (self.reader.current().await, kept) {
            (Ok(current), _) => Ok(state.keep(self.api, current, now).serving().clone()),
            (Err(error), Some((age, serving))) if age < USABLE_FOR => {
                tracing::warn!(error = %error, "the {} secret is stale", self.api);
                Ok(serving.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    async fn credentials_after(
        &self,
        refused: &ApiCredentials,
    ) -> Result<Option<ApiCredentials>, SecretError> {
        let mut state = self.state.lock().await;
        if let Some(kept) = &state.kept
            && !kept.serving().same_as(refused)
        {
            return Ok(Some(kept.serving().clone()));
        }
        let now = self.clock.now();
        if state.may_read_again(now) {
            let current = self.reader.current().await?;
            let kept = state.keep(self.api, current, now);
            if !kept.is_current(refused) {
                return Ok(Some(kept.serving().clone()));
            }
        }
        match &mut state.kept {
            Some(kept) => self.fall_back(kept).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::test_util::FixedClock;

    type Cache = CredentialCache<Secret, FixedClock>;

    /// Secrets Manager with one secret, counting the readings.
    #[derive(Default, Clone)]
    struct Secret(Arc<Mutex<Versions>>);

    #[derive(Default)]
    struct Versions {
        current: Option<&'static str>,
        previous: Option<&'static str>,
        away: bool,
        /// Of the current and of the previous version.
        readings: (u32, u32),
        /// How many readings are under way, and how many were at most.
        at_once: (u32, u32),
    }

    impl Secret {
        /// The current version becomes the previous one.
        fn put(&self, value: &'static str) {
            let mut versions = self.0.lock().unwrap();
            versions.previous = versions.current.replace(value);
        }

        fn go_away(&self, away: bool) {
            self.0.lock().unwrap().away = away;
        }

        fn readings(&self) -> (u32, u32) {
            self.0.lock().unwrap().readings
        }

        /// A reading during which others get their turn.
        async fn one(
            &self,
            choose: impl Fn(&mut Versions) -> Option<&'static str>,
        ) -> Result<Option<ApiCredentials>, SecretError> {
            {
                let (now, most) = &mut self.0.lock().unwrap().at_once;
                *now += 1;
                *most = (*most).max(*now);
            }
            tokio::task::yield_now().await;
            let mut versions = self.0.lock().unwrap();
            versions.at_once.0 -= 1;
            let chosen = choose(&mut versions);
            if versions.away {
                return Err(SecretError::Unavailable("away".to_owned()));
            }
            Ok(chosen.map(|secret| ApiCredentials::new("id", secret)))
        }
    }

    impl ReadCredentials for Secret {
        async fn current(&self) -> Result<ApiCredentials, SecretError> {
            let read = self.one(|versions| {
                versions.readings.0 += 1;
                versions.current
            });
            Ok(read.await?.unwrap())
        }

        async fn previous(&self) -> Result<Option<ApiCredentials>, SecretError> {
            let read = self.one(|versions| {
                versions.readings.1 += 1;
                versions.previous
            });
            read.await
        }
    }

    fn cache(value: &'static str) -> (Cache, Secret, FixedClock) {
        let secret = Secret::default();
        secret.put(value);
        let clock = FixedClock::at_second(1_795_000_000);
        (
            CredentialCache::new("Plaid", secret.clone(), clock.clone()),
            secret,
            clock,
        )
    }

    async fn serving(cache: &Cache) -> String {
        let credentials = cache.credentials().await.unwrap();
        credentials.expose_secret().to_owned()
    }

    async fn after(cache: &Cache, refused: &str) -> Option<String> {
        let refused = ApiCredentials::new("id", refused);
        let others = cache.credentials_after(&refused).await.unwrap();
        others.map(|others| others.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn the_secret_is_read_once_in_five_minutes() {
        let (cache, secret, clock) = cache("one");
        for _ in 0..3 {
            assert_eq!(serving(&cache).await, "one");
        }
        assert_eq!(secret.readings(), (1, 0));
        secret.put("two");
        clock.advance_seconds(299);
        assert_eq!(serving(&cache).await, "one");
        clock.advance_seconds(1);
        assert_eq!(serving(&cache).await, "two");
    }

    #[tokio::test]
    async fn a_refused_secret_is_read_again_once_for_all_who_had_it() {
        let (cache, secret, clock) = cache("one");
        assert_eq!(serving(&cache).await, "one");
        clock.advance_seconds(60);
        secret.put("two");
        let all = tokio::join!(
            after(&cache, "one"),
            after(&cache, "one"),
            after(&cache, "one")
        );
        let two = Some("two".to_owned());
        assert_eq!(all, (two.clone(), two.clone(), two));
        assert_eq!(serving(&cache).await, "two");
        assert_eq!(secret.readings(), (2, 0));
        assert_eq!(secret.0.lock().unwrap().at_once, (0, 1));
    }

    #[tokio::test]
    async fn a_rotation_right_after_the_first_reading_is_found_at_once() {
        let (cache, secret, _) = cache("one");
        assert_eq!(serving(&cache).await, "one");
        secret.put("two");
        assert_eq!(after(&cache, "one").await.as_deref(), Some("two"));
    }

    #[tokio::test]
    async fn the_previous_secret_serves_while_the_api_refuses_the_current_one() {
        let (cache, secret, clock) = cache("right");
        secret.put("wrong");
        assert_eq!(serving(&cache).await, "wrong");
        assert_eq!(after(&cache, "wrong").await.as_deref(), Some("right"));
        // One who began with it at the same time is told the same.
        assert_eq!(after(&cache, "wrong").await.as_deref(), Some("right"));
        clock.advance_seconds(299);
        assert_eq!(serving(&cache).await, "right");
        assert_eq!(secret.readings(), (2, 1));
        // With the next reading, the current one gets another chance.
        clock.advance_seconds(1);
        assert_eq!(serving(&cache).await, "wrong");
        assert_eq!(after(&cache, "wrong").await.as_deref(), Some("right"));
    }

    #[tokio::test]
    async fn kept_current_and_previous_secret_are_tried_in_this_order() {
        let (cache, secret, _) = cache("kept");
        assert_eq!(serving(&cache).await, "kept");
        secret.put("previous");
        secret.put("current");
        assert_eq!(after(&cache, "kept").await.as_deref(), Some("current"));
        assert_eq!(after(&cache, "current").await.as_deref(), Some("previous"));
        assert_eq!(after(&cache, "previous").await, None);
    }

    #[tokio::test]
    async fn a_mended_current_secret_takes_over_when_the_previous_one_is_refused() {
        let (cache, secret, clock) = cache("old");
        secret.put("wrong");
        assert_eq!(serving(&cache).await, "wrong");
        assert_eq!(after(&cache, "wrong").await.as_deref(), Some("old"));
        secret.put("new");
        clock.advance_seconds(10);
        assert_eq!(after(&cache, "old").await.as_deref(), Some("new"));
        assert_eq!(serving(&cache).await, "new");
    }

    #[tokio::test]
    async fn two_refused_secrets_are_read_once_in_ten_seconds() {
        let (cache, secret, clock) = cache("one");
        assert_eq!(serving(&cache).await, "one");
        secret.put("two");
        for readings in [(2, 1), (3, 2)] {
            assert_eq!(after(&cache, "one").await.as_deref(), Some("two"));
            assert_eq!(after(&cache, "two").await.as_deref(), Some("one"));
            for _ in 0..3 {
                assert_eq!(after(&cache, "one").await, None);
            }
            clock.advance_seconds(9);
            assert_eq!(after(&cache, "one").await, None);
            assert_eq!(secret.readings(), readings);
            clock.advance_seconds(1);
        }
    }

    #[tokio::test]
    async fn a_previous_secret_like_the_current_one_is_no_other_one() {
        let (cache, secret, _) = cache("wrong");
        secret.put("wrong");
        assert_eq!(serving(&cache).await, "wrong");
        assert_eq!(after(&cache, "wrong").await, None);
    }

    #[tokio::test]
    async fn a_secret_that_never_changed_has_nothing_to_fall_back_on() {
        let (cache, secret, _) = cache("wrong");
        assert_eq!(serving(&cache).await, "wrong");
        for _ in 0..3 {
            assert_eq!(after(&cache, "wrong").await, None);
        }
        assert_eq!(secret.readings(), (2, 1));
        assert_eq!(serving(&cache).await, "wrong");
    }

    #[tokio::test]
    async fn secrets_manager_that_is_away_is_not_asked_by_every_refused_call() {
        let (cache, secret, clock) = cache("one");
        assert_eq!(serving(&cache).await, "one");
        secret.put("two");
        secret.go_away(true);
        let one = ApiCredentials::new("id", "one");
        for _ in 0..2 {
            assert!(cache.credentials_after(&one).await.is_err());
        }
        assert_eq!(after(&cache, "one").await, None);
        assert_eq!(secret.readings(), (2, 1));
        secret.go_away(false);
        clock.advance_seconds(10);
        assert_eq!(after(&cache, "one").await.as_deref(), Some("two"));
    }

    #[tokio::test]
    async fn known_credentials_serve_on_for_an_hour_while_secrets_manager_is_away() {
        let (cache, secret, clock) = cache("right");
        secret.put("wrong");
        assert_eq!(serving(&cache).await, "wrong");
        assert_eq!(after(&cache, "wrong").await.as_deref(), Some("right"));
        secret.go_away(true);
        clock.advance_seconds(3599);
        assert_eq!(serving(&cache).await, "right");
        clock.advance_seconds(1);
        assert!(cache.credentials().await.is_err());
    }
}
