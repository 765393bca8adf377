//! A link token, and the record by which its session is found again.

use shared::domain::{
    Deadline, HostedLink, ItemId, LinkId, LinkPurpose, LinkSession, LinkTokenRequest, Place,
    PlaidFailure, Purpose, Sha256, Signal, TIME_TO_WRITE, UserId, VaultId, token_hash,
};
use shared::ports::{
    Clock, CreatedLinkToken, ItemRecords, LinkSessions, LinkTokens, SealingKey, StoreError, Vault,
    VaultError,
};
use shared::settings::LinkSettings;
use shared::use_cases::open_access_token;

use crate::Deps;

/// What the caller wants.
pub(crate) struct CreateLinkToken {
    pub(crate) user_id: UserId,
    pub(crate) language: String,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) android_package_name: Option<String>,
    pub(crate) wanted: Wanted,
    pub(crate) hosted: Option<HostedLink>,
}

/// What Link is wanted for.
pub(crate) enum Wanted {
    /// To link a bank; Plaid posts webhooks to this URL.
    NewItem { webhook: String },
    /// To mend or change one of the caller's Items; a page of Plaid's own posts webhooks to
    /// this URL.
    Update {
        item_id: ItemId,
        webhook: Option<String>,
        account_selection_enabled: bool,
    },
}

/// What the caller gets.
pub(crate) struct Created {
    pub(crate) link_id: LinkId,
    pub(crate) token: CreatedLinkToken,
}

/// Why the caller gets none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateError {
    #[error("the user has no such Item")]
    NoSuchItem,
    #[error("the Item was removed")]
    ItemRemoved,
    #[error("Plaid made no link token")]
    Plaid(#[from] PlaidFailure),
    #[error("the session could not be recorded")]
    Store(#[from] StoreError),
    #[error("a token could not be sealed or opened")]
    Vault(#[from] VaultError),
}

/// Asks Plaid for the token while KMS makes the key that seals it, then records the
/// session. A token whose session could not be recorded is not given out: its webhooks
/// would find nobody.
pub(crate) async fn create_link_token<P, S, V, C>(
    deps: &Deps<P, S, V, C>,
    command: CreateLinkToken,
    deadline: Deadline,
) -> Result<Created, CreateError>
where
    P: LinkTokens,
    S: LinkSessions + ItemRecords,
    V: Vault,
    C: Clock,
{
    let item_id = match &command.wanted {
        Wanted::NewItem { .. } => None,
        Wanted::Update { item_id, .. } => Some(item_id.clone()),
    };
    let hosted = command.hosted.is_some();
    let purpose = purpose(deps, &command.user_id, command.wanted).await?;
    let request = LinkTokenRequest {
        language: command.language,
        redirect_uri: command.redirect_uri,
        android_package_name: command.android_package_name,
        hosted: command.hosted,
        ..plain_request(&deps.link, &deps.vault_id, &command.user_id, purpose)
    };
    let (token, key) = tokio::join!(
        deps.plaid
            .create_link_token(&request, deadline.less(TIME_TO_WRITE)),
        deps.vault.data_key(Purpose::Link),
    );
    let (token, key) = (token?, key?);
    let link_id = LinkId::new(uuid::Uuid::now_v7().to_string());
    let place = Place::link_token(&command.user_id, &link_id);
    let session = LinkSession {
        link_token_hash: token_hash(token.link_token.expose()),
        link_token: key.seal(token.link_token.expose(), &place)?,
        link_id: link_id.clone(),
        user_id: command.user_id,
        item_id,
        hosted,
        exit: None,
        refreshed_at: None,
        results: None,
        expires_at: token.expiration,
        created_at: deps.clock.now(),
    };
    deps.store.record_session(&session).await?;
    let opens_a_new_item = session.item_id.is_none();
    tracing::info!(
        signal = opens_a_new_item.then_some(Signal::LinkOpened.as_str()),
        %link_id,
        item_id = session.item_id.as_ref().map(ItemId::as_str),
        plaid_request_id = %token.request_id,
        "created a link token"
    );
    Ok(Created { link_id, token })
}

/// What Plaid is asked for where the front end wishes nothing.
pub fn plain_request(
    link: &LinkSettings,
    vault_id: &VaultId,
    user_id: &UserId,
    purpose: LinkPurpose,
) -> LinkTokenRequest {
    LinkTokenRequest {
        client_name: link.client_name.clone(),
        country_codes: link.country_codes.clone(),
        link_customization: link.customization.clone(),
        client_user_id: client_user_id(vault_id, user_id),
        language: link.language.clone(),
        redirect_uri: link.redirect_uri.clone(),
        android_package_name: match &link.redirect_uri {
            Some(_) => None,
            None => link.android_package_name.clone(),
        },
        purpose,
        hosted: None,
    }
}

/// For update mode, the Item's access token: only its own user's request gets this far.
async fn purpose<P, S, V, C>(
    deps: &Deps<P, S, V, C>,
    user_id: &UserId,
    wanted: Wanted,
) -> Result<LinkPurpose, CreateError>
where
    S: ItemRecords,
    V: Vault,
{
    match wanted {
        Wanted::NewItem { webhook } => {
            let microdeposits = deps.link.microdeposits;
            Ok(LinkPurpose::NewItem {
                webhook,
                microdeposits,
            })
        }
        Wanted::Update {
            item_id,
            webhook,
            account_selection_enabled,
        } => {
            let item = deps.store.item(user_id, &item_id).await?;
            let item = item.ok_or(CreateError::NoSuchItem)?;
            if !item.is_live() {
                return Err(CreateError::ItemRemoved);
            }
            let access_token = open_access_token(&deps.vault, &item).await?;
            Ok(LinkPurpose::Update {
                access_token,
                webhook,
                account_selection_enabled,
            })
        }
    }
}

/// The user as Plaid may know them. A plain hash of an e-mail address could be guessed
/// back; the vault's name makes the same user another one in each stack, and no more.
fn client_user_id(vault_id: &VaultId, user_id: &UserId) -> String {
    Sha256::of(format!("{vault_id}\n{user_id}").as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plaid_knows_users_by_a_hash_that_is_stable_and_their_own() {
        let id = |vault: &str, user: &str| client_user_id(&VaultId::new(vault), &UserId::new(user));
        assert_eq!(
            id("main", "alice@example.com"),
            id("main", "alice@example.com")
        );
        assert_ne!(
            id("main", "alice@example.com"),
            id("main", "bob@example.com")
        );
        assert_ne!(
            id("main", "alice@example.com"),
            id("other", "alice@example.com")
        );
        assert!(!id("main", "alice@example.com").contains("alice"));
    }
}
