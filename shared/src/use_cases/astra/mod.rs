//! Bringing accounts to Astra and off it again, for users who let us.

pub mod connect;
pub mod hand_over;
mod record;
mod session;
pub mod take_off;

use crate::domain::AstraFailure;
use crate::ports::{
    AstraAccountRemoval, AstraAuthorizations, AstraConnections, AstraHandOver, AstraLeases,
    AstraUsers, ItemChanges, ItemRecords, StoreError, VaultError,
};

/// The calls of Astra's that are made for a user.
pub trait AstraApi: AstraAuthorizations + AstraUsers + AstraHandOver + AstraAccountRemoval {}
impl<T: AstraAuthorizations + AstraUsers + AstraHandOver + AstraAccountRemoval> AstraApi for T {}

/// The records that this needs.
pub trait AstraStore: AstraConnections + AstraLeases + ItemRecords + ItemChanges {}
impl<T: AstraConnections + AstraLeases + ItemRecords + ItemChanges> AstraStore for T {}

/// Astra, and what working there needs.
#[derive(Debug)]
pub struct Desk<'a, A, S, V, C> {
    /// Astra.
    pub astra: &'a A,
    /// The table.
    pub store: &'a S,
    /// The vault.
    pub vault: &'a V,
    /// The time.
    pub clock: &'a C,
}

/// Why nothing was done at Astra, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum AstraError {
    /// The user has no connection to Astra.
    #[error("the user is not connected to Astra")]
    NotConnected,
    /// Astra takes the user's tokens no longer.
    #[error("the user must authorise us at Astra again")]
    Reauthorize,
    /// Somebody else works for the user at Astra.
    #[error("somebody else works for the user at Astra")]
    Busy,
    /// An account at Astra has to go first, which is on its way.
    #[error("an account of a replaced Item is still at Astra")]
    Waits,
    /// Astra did not do its part.
    #[error("Astra did not do its part: {0}")]
    Astra(#[from] AstraFailure),
    /// The table did not do its part.
    #[error("the table did not do its part: {0}")]
    Store(#[from] StoreError),
    /// The vault did not do its part.
    #[error("the vault did not do its part: {0}")]
    Vault(#[from] VaultError),
}
