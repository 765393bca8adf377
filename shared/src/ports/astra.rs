//! What Astra is asked for. Every call has a deadline, and no failure of any of them
//! contains a token.

use std::future::Future;

use crate::domain::{
    AstraAccessToken, AstraAccountId, AstraAuthorizationCode, AstraFailure, AstraRefreshToken,
    AstraTokens, AstraUserId, Deadline, InstitutionId, ProcessorToken,
};

/// Who we are at Astra.
pub trait AstraClientId: Send + Sync {
    /// The public half of our keys, for the address of Astra's page.
    ///
    /// # Errors
    /// The keys could not be read.
    fn astra_client_id(&self) -> impl Future<Output = Result<String, AstraFailure>> + Send;
}

/// Astra's `POST /v1/oauth/token`. Each answer ends the user's earlier access token.
pub trait AstraAuthorizations: Send + Sync {
    /// Tokens for a code, which is good once: MUST NOT be sent again after anything that may
    /// have used it up. `redirect_uri` is the one that the user was sent away with.
    ///
    /// # Errors
    /// `Reauthorize`: the code is used up, too old, or never was one.
    fn redeem(
        &self,
        code: &AstraAuthorizationCode,
        redirect_uri: &str,
        deadline: Deadline,
    ) -> impl Future<Output = Result<AstraTokens, AstraFailure>> + Send;

    /// New tokens of the same user. MAY be sent again. A failure that `maybe_applied` may have
    /// ended the access token that is known.
    ///
    /// # Errors
    /// `Reauthorize`: the refresh token is over.
    fn refresh(
        &self,
        refresh_token: &AstraRefreshToken,
        redirect_uri: &str,
        deadline: Deadline,
    ) -> impl Future<Output = Result<AstraTokens, AstraFailure>> + Send;
}

/// Astra's `GET /v1/user`.
pub trait AstraUsers: Send + Sync {
    /// Whose token it is.
    ///
    /// # Errors
    /// `Reauthorize`: nobody's, or no longer.
    fn astra_user(
        &self,
        access_token: &AstraAccessToken,
        deadline: Deadline,
    ) -> impl Future<Output = Result<AstraUserId, AstraFailure>> + Send;
}

/// Astra's `POST /v1/accounts/processor_token`, and the looks that tell what became of it.
pub trait AstraHandOver: Send + Sync {
    /// Makes an account of the user. MUST NOT be sent twice: Astra documents no idempotency.
    ///
    /// # Errors
    /// `AlreadyThere`: Astra has the account; which one it is, it does not say. A failure MUST
    /// tell whether Astra may have made it all the same, an answer without an id included.
    fn hand_over(
        &self,
        access_token: &AstraAccessToken,
        processor_token: &ProcessorToken,
        institution_id: Option<&InstitutionId>,
        deadline: Deadline,
    ) -> impl Future<Output = Result<AstraAccountId, AstraFailure>> + Send;

    /// The ids of all accounts of the user, in Astra's order. MUST be all of them, or a
    /// failure.
    ///
    /// # Errors
    /// `Reauthorize`: the access token is over.
    fn astra_accounts(
        &self,
        access_token: &AstraAccessToken,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Vec<AstraAccountId>, AstraFailure>> + Send;

    /// Whether the user has this account; no longer having it is not having it.
    ///
    /// # Errors
    /// `Reauthorize`: the access token is over.
    fn astra_account_exists(
        &self,
        access_token: &AstraAccessToken,
        account_id: &AstraAccountId,
        deadline: Deadline,
    ) -> impl Future<Output = Result<bool, AstraFailure>> + Send;
}

/// Astra's `DELETE /v1/accounts/{id}`.
pub trait AstraAccountRemoval: Send + Sync {
    /// Takes the account off Astra. One that Astra no longer knows MUST count as taken off.
    ///
    /// # Errors
    /// `Refused`: Astra keeps it, while routines use it for example.
    fn delete_astra_account(
        &self,
        access_token: &AstraAccessToken,
        account_id: &AstraAccountId,
        deadline: Deadline,
    ) -> impl Future<Output = Result<(), AstraFailure>> + Send;
}
