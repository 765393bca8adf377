//! Working for one user at Astra: under the user's lease, with a token that works. Astra
//! knows one access token of a user, so no two functions may renew it at once; and what one
//! hands over, another must not take for its own.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::{AstraApi, AstraError, AstraStore, Desk};
use crate::domain::{
    AstraAccessToken, AstraAccountId, AstraConnection, AstraFailure, AstraFailureClass,
    AstraRefreshToken, AstraTokens, AstraUserId, Change, ConnectionState, Deadline, InstitutionId,
    OwnerToken, Place, ProcessorToken, Purpose, SealedTokens, Signal, TIME_TO_WRITE, UserId,
};
use crate::ports::{Clock, Lease, SealingKey, StoreError, Vault, VaultError};
use crate::use_cases::MAX_RACES;

/// How often, and how long each time, somebody else's lease is waited for.
const MAX_WAITS: u32 = 40;
const WAIT: Duration = Duration::from_millis(250);
/// Work that is begun with less time than this would only block others.
const SHORTEST_WORK: Duration = Duration::from_secs(4);
/// What a function sent with its last breath, Astra has done or dropped after this time.
const LAST_BREATH: Duration = Duration::from_secs(15);
/// How often new tokens are written: nobody can get them again.
const MAX_WRITES: u32 = 3;

/// One function's turn for one user.
pub(super) struct Session<'a, A, S, V, C> {
    desk: &'a Desk<'a, A, S, V, C>,
    owner: OwnerToken,
    connection: AstraConnection,
    access_token: AstraAccessToken,
    deadline: Deadline,
    /// Whether something may still be on its way to Astra.
    in_doubt: bool,
}

/// Calls Astra; once more with a new token, where it does not take the one we have.
macro_rules! with_token {
    ($session:ident.$call:ident($($argument:expr),*)) => {{
        let astra = $session.desk.astra;
        let deadline = $session.deadline;
        match astra.$call(&$session.access_token, $($argument,)* deadline).await {
            Err(failure) if failure.class() == AstraFailureClass::Reauthorize => {
                $session.renew().await?;
                astra.$call(&$session.access_token, $($argument,)* deadline).await
            }
            outcome => outcome,
        }
    }};
}

impl<A, S, V, C> Desk<'_, A, S, V, C>
where
    A: AstraApi,
    S: AstraStore,
    V: Vault,
    C: Clock,
{
    /// Waits for the user's lease and takes it. MUST be given back with `close`; it ends by
    /// itself once whoever took it is surely dead.
    pub(super) async fn open(
        &self,
        user_id: &UserId,
        deadline: Deadline,
    ) -> Result<Session<'_, A, S, V, C>, AstraError> {
        let owner = OwnerToken::random();
        for _ in 0..MAX_WAITS {
            let now = self.clock.now();
            if deadline.remaining(now) < SHORTEST_WORK {
                break;
            }
            let until = Deadline::after(deadline.moment(), LAST_BREATH).moment();
            match self
                .store
                .take_astra_lease(user_id, &owner, now, until)
                .await?
            {
                Lease::Taken => return self.begin(user_id, owner, deadline).await,
                Lease::NotConnected => return Err(AstraError::NotConnected),
                Lease::Busy => self.clock.wait(WAIT).await,
            }
        }
        Err(AstraError::Busy)
    }

    async fn begin(
        &self,
        user_id: &UserId,
        owner: OwnerToken,
        deadline: Deadline,
    ) -> Result<Session<'_, A, S, V, C>, AstraError> {
        match self
            .with_token_in_hand(user_id, owner.clone(), deadline)
            .await
        {
            Ok(session) => Ok(session),
            Err(error) => {
                self.give_back(user_id, &owner).await;
                Err(error)
            }
        }
    }

    async fn with_token_in_hand(
        &self,
        user_id: &UserId,
        owner: OwnerToken,
        deadline: Deadline,
    ) -> Result<Session<'_, A, S, V, C>, AstraError> {
        let connection = self.store.astra_connection(user_id).await?;
        let connection = connection.ok_or(AstraError::NotConnected)?;
        if connection.state != ConnectionState::Connected {
            return Err(AstraError::Reauthorize);
        }
        let mut session = Session {
            desk: self,
            owner,
            access_token: self.access_token(&connection).await?,
            connection,
            deadline: deadline.less(TIME_TO_WRITE),
            in_doubt: false,
        };
        session.renew_if_stale().await?;
        Ok(session)
    }

    async fn access_token(
        &self,
        connection: &AstraConnection,
    ) -> Result<AstraAccessToken, VaultError> {
        let place = Place::astra_access_token(&connection.user_id);
        let opened = self
            .vault
            .open(&connection.access_token, Purpose::Astra, &place);
        Ok(AstraAccessToken::new(opened.await?.expose_secret()))
    }

    async fn give_back(&self, user_id: &UserId, owner: &OwnerToken) {
        if let Err(error) = self.store.return_astra_lease(user_id, owner).await {
            tracing::warn!(error = %error, "a lease ends by itself");
        }
    }
}

impl<A, S, V, C> Desk<'_, A, S, V, C>
where
    S: AstraStore,
    V: Vault,
{
    /// New tokens, sealed for the user's connection.
    pub(super) async fn seal(
        &self,
        user_id: &UserId,
        tokens: &AstraTokens,
    ) -> Result<SealedTokens, VaultError> {
        let key = self.vault.data_key(Purpose::Astra).await?;
        let refresh = tokens
            .refresh
            .as_ref()
            .map(|token| key.seal(token.expose(), &Place::astra_refresh_token(user_id)));
        Ok(SealedTokens {
            access: key.seal(tokens.access.expose(), &Place::astra_access_token(user_id))?,
            refresh: refresh.transpose()?,
            expires_in: tokens.expires_in,
        })
    }

    /// Records what nobody can get again.
    pub(super) async fn keep(
        &self,
        connection: &AstraConnection,
        change: Option<&Change>,
    ) -> Result<(), StoreError> {
        let mut written = self.store.put_astra_connection(connection, change).await;
        for _ in 1..MAX_WRITES {
            if !matches!(written, Err(StoreError::Unavailable(_))) {
                return written;
            }
            written = self.store.put_astra_connection(connection, change).await;
            if matches!(written, Err(StoreError::Conflict)) {
                // It may be the write before that was there first.
                let stored = self.store.astra_connection(&connection.user_id).await?;
                let ours = stored.is_some_and(|stored| is_the_same(&stored, connection));
                return if ours { Ok(()) } else { written };
            }
        }
        written
    }
}

impl<A, S, V, C> Session<'_, A, S, V, C>
where
    A: AstraApi,
    S: AstraStore,
    V: Vault,
    C: Clock,
{
    /// Astra's user.
    pub(super) fn astra_user_id(&self) -> &AstraUserId {
        &self.connection.astra_user_id
    }

    /// Lets others work for the user; where something may still be on its way, only once the
    /// lease ends by itself.
    pub(super) async fn close(self) {
        if self.in_doubt {
            return;
        }
        let user_id = &self.connection.user_id;
        self.desk.give_back(user_id, &self.owner).await;
    }

    /// See [`AstraHandOver::hand_over`](crate::ports::AstraHandOver::hand_over).
    pub(super) async fn hand_over(
        &mut self,
        token: &ProcessorToken,
        institution_id: Option<&InstitutionId>,
    ) -> Result<Result<AstraAccountId, AstraFailure>, AstraError> {
        let handed_over = with_token!(self.hand_over(token, institution_id));
        let silence = |f: &AstraFailure| matches!(f, AstraFailure::NoAnswer { .. });
        if let Err(failure) = &handed_over {
            self.in_doubt |= silence(failure) && failure.maybe_applied();
        }
        Ok(handed_over)
    }

    /// The user's accounts at Astra.
    pub(super) async fn accounts(&mut self) -> Result<Vec<AstraAccountId>, AstraError> {
        Ok(with_token!(self.astra_accounts())?)
    }

    /// Whether the user has this account.
    pub(super) async fn has(&mut self, id: &AstraAccountId) -> Result<bool, AstraError> {
        Ok(with_token!(self.astra_account_exists(id))?)
    }

    /// Takes the account off Astra; a refusal is an answer.
    pub(super) async fn delete(
        &mut self,
        id: &AstraAccountId,
    ) -> Result<Result<(), AstraFailure>, AstraError> {
        Ok(with_token!(self.delete_astra_account(id)))
    }

    /// As long as the present token works, a renewal that fails may wait.
    async fn renew_if_stale(&mut self) -> Result<(), AstraError> {
        let now = self.desk.clock.now();
        if !self.connection.is_stale(now) {
            return Ok(());
        }
        match self.renew().await {
            Err(AstraError::Astra(failure)) if !self.connection.has_expired(now) => {
                tracing::warn!(failure = %failure, "Astra's tokens are renewed later");
                Ok(())
            }
            renewed => renewed,
        }
    }

    async fn renew(&mut self) -> Result<(), AstraError> {
        let Some(refresh_token) = self.refresh_token().await? else {
            return Err(self.give_up().await);
        };
        let redirect_uri = &self.connection.redirect_uri;
        let astra = self.desk.astra;
        let renewed = astra.refresh(&refresh_token, redirect_uri, self.deadline);
        let tokens = match renewed.await {
            Ok(tokens) => tokens,
            Err(failure) if failure.class() == AstraFailureClass::Reauthorize => {
                return Err(self.give_up().await);
            }
            Err(failure) => return Err(failure.into()),
        };
        let sealed = self.desk.seal(&self.connection.user_id, &tokens).await?;
        self.connection = self.keep_renewed(&sealed).await?;
        self.access_token = tokens.access;
        tracing::info!("renewed a user's tokens of Astra");
        Ok(())
    }

    /// Whoever wrote the connection meanwhile has older tokens: Astra gave ours just now.
    async fn keep_renewed(&self, sealed: &SealedTokens) -> Result<AstraConnection, AstraError> {
        let mut before = self.connection.clone();
        for _ in 0..MAX_RACES {
            let renewed = before.renewed(sealed.clone(), self.desk.clock.now());
            match self.desk.keep(&renewed, None).await {
                Err(StoreError::Conflict) => {}
                written => return Ok(written.map(|()| renewed)?),
            }
            let stored = self.desk.store.astra_connection(&before.user_id).await?;
            let astra_user_id = &self.connection.astra_user_id;
            let stored = stored.filter(|stored| stored.astra_user_id == *astra_user_id);
            before = stored.ok_or(AstraError::NotConnected)?;
        }
        Err(AstraError::Busy)
    }

    async fn refresh_token(&self) -> Result<Option<AstraRefreshToken>, VaultError> {
        let Some(sealed) = &self.connection.refresh_token else {
            return Ok(None);
        };
        let place = Place::astra_refresh_token(&self.connection.user_id);
        let opened = self.desk.vault.open(sealed, Purpose::Astra, &place).await?;
        Ok(Some(AstraRefreshToken::new(opened.expose_secret())))
    }

    /// Records that only the user can go on, unless the user just did.
    async fn give_up(&self) -> AstraError {
        let now = self.desk.clock.now();
        let refused = self.connection.refused(now);
        let change = Change::of_connection(&refused.user_id, now, refused.state);
        match self.desk.keep(&refused, Some(&change)).await {
            Ok(()) => {
                let signal = Signal::AstraReauthorizationRequired.as_str();
                tracing::warn!(signal, "Astra takes a user's tokens no longer");
                AstraError::Reauthorize
            }
            Err(StoreError::Conflict) => AstraError::Busy,
            Err(error) => error.into(),
        }
    }
}

impl<A, S, V, C> Desk<'_, A, S, V, C>
where
    A: AstraApi,
    S: AstraStore,
    V: Vault,
    C: Clock,
{
    /// Renews the user's tokens, if it is time.
    ///
    /// # Errors
    /// See [`AstraError`].
    pub async fn renew(&self, user_id: &UserId, deadline: Deadline) -> Result<(), AstraError> {
        self.open(user_id, deadline).await?.close().await;
        Ok(())
    }
}

/// Whether this very version was written.
fn is_the_same(stored: &AstraConnection, written: &AstraConnection) -> bool {
    stored.version == written.version
        && stored.state == written.state
        && stored.access_token == written.access_token
}
