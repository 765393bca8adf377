//! What several functions drive, over ports only: no HTTP, no SDK.

pub mod astra;
pub mod exchange;
pub mod hosted;
pub mod inbox;
pub mod item_sync;
pub mod processor_token;
pub mod publish;
pub mod removal;

use secrecy::ExposeSecret;

use crate::domain::{AccessToken, Item, Place, Purpose};
use crate::ports::{Vault, VaultError};

/// How often work is begun anew because somebody else wrote in between.
const MAX_RACES: u32 = 4;

/// The access token of an Item that has one.
///
/// # Errors
/// The vault does not answer, or the token does not open; also when it was erased.
pub async fn open_access_token<V: Vault>(
    vault: &V,
    item: &Item,
) -> Result<AccessToken, VaultError> {
    let sealed = item.access_token.as_ref().ok_or(VaultError::DoesNotOpen)?;
    let place = Place::access_token(&item.user_id, &item.item_id);
    let opened = vault.open(sealed, Purpose::Access, &place).await?;
    Ok(AccessToken::new(opened.expose_secret()))
}
