//! A user's connection to Astra: made, shown and ended.

use super::{AstraError, AstraStore, Desk};
use crate::domain::{
    AstraAuthorization, AstraAuthorizationCode, AstraConnection, AstraFailure, AstraState,
    AstraTokens, AstraUserId, Change, ConnectionState, Deadline, Sha256, TIME_TO_WRITE, UserId,
};
use crate::ports::{
    AstraAuthorizations, AstraUsers, Clock, PendingAuthorizations, StoreError, Vault, VaultError,
};
use crate::use_cases::MAX_RACES;

/// Why a connection was not made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody was sent to Astra with this state, or it was somebody else, or too long ago.
    #[error("no authorization was begun with this state")]
    UnknownState,
    /// The user came back as another user of Astra's than the one who is connected.
    #[error("the user is connected to Astra as somebody else")]
    AnotherUser,
    /// Astra did not do its part; the user has to begin anew.
    #[error("Astra did not do its part")]
    Astra(#[from] AstraFailure),
    /// The table did not do its part.
    #[error("the table did not do its part")]
    Store(#[from] StoreError),
    /// The vault did not do its part.
    #[error("the vault did not do its part")]
    Vault(#[from] VaultError),
}

impl<A, S, V, C> Desk<'_, A, S, V, C>
where
    A: AstraAuthorizations + AstraUsers,
    S: AstraStore + PendingAuthorizations,
    V: Vault,
    C: Clock,
{
    /// Remembers that the user is sent to Astra with this state.
    ///
    /// # Errors
    /// The table did not do its part.
    pub async fn send_away(
        &self,
        user_id: &UserId,
        state: &AstraState,
    ) -> Result<AstraAuthorization, StoreError> {
        let now = self.clock.now();
        let authorization = AstraAuthorization::begin(state.expose(), user_id, now);
        self.store.keep_authorization(&authorization).await?;
        Ok(authorization)
    }

    /// Connects the user who came back.
    ///
    /// # Errors
    /// See [`ConnectError`]. But for `UnknownState`, the state and the code are used up.
    pub async fn connect(
        &self,
        user_id: &UserId,
        state: &AstraState,
        code: &AstraAuthorizationCode,
        redirect_uri: &str,
        deadline: Deadline,
    ) -> Result<AstraConnection, ConnectError> {
        let state_hash = Sha256::of(state.expose().as_bytes());
        let now = self.clock.now();
        let sent = self.store.use_authorization(&state_hash, user_id, now);
        if !sent.await? {
            return Err(ConnectError::UnknownState);
        }
        let deadline = deadline.less(TIME_TO_WRITE);
        let tokens = self.astra.redeem(code, redirect_uri, deadline).await?;
        let astra_user_id = self.astra.astra_user(&tokens.access, deadline).await?;
        let made = self.record(user_id, &astra_user_id, redirect_uri, &tokens);
        made.await
    }

    async fn record(
        &self,
        user_id: &UserId,
        astra_user_id: &AstraUserId,
        redirect_uri: &str,
        tokens: &AstraTokens,
    ) -> Result<AstraConnection, ConnectError> {
        let sealed = self.seal(user_id, tokens).await?;
        for _ in 0..MAX_RACES {
            let before = self.store.astra_connection(user_id).await?;
            if before
                .as_ref()
                .is_some_and(|before| before.astra_user_id != *astra_user_id)
            {
                return Err(ConnectError::AnotherUser);
            }
            let now = self.clock.now();
            let made = AstraConnection::new(
                before.as_ref(),
                user_id,
                astra_user_id.clone(),
                redirect_uri,
                sealed.clone(),
                now,
            );
            let change = Change::of_connection(user_id, now, made.state);
            match self.keep(&made, Some(&change)).await {
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
                Ok(()) => {
                    tracing::info!(%astra_user_id, "a user is connected to Astra");
                    return Ok(made);
                }
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Forgets the user's connection with its tokens; what is at Astra stays there.
    ///
    /// # Errors
    /// `NotConnected`, or the table did not do its part.
    pub async fn disconnect(&self, user_id: &UserId) -> Result<(), AstraError> {
        for _ in 0..MAX_RACES {
            let connection = self.store.astra_connection(user_id).await?;
            let connection = connection.ok_or(AstraError::NotConnected)?;
            let now = self.clock.now();
            let change = Change::of_connection(user_id, now, ConnectionState::Disconnected);
            match self
                .store
                .delete_astra_connection(&connection, &change)
                .await
            {
                Err(StoreError::Conflict) => {}
                deleted => return Ok(deleted?),
            }
        }
        Err(StoreError::Conflict.into())
    }
}
