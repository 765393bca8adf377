//! Records as tests need them.

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::MemoryVault;
use crate::domain::{
    Account, AccountId, AstraAccessToken, AstraConnection, AstraRefreshToken, AstraTokens,
    AstraUserId, ExchangeKey, Health, Institution, InstitutionId, Item, ItemId, Lifecycle, Place,
    PlaidAccount, Processor, Purpose, Reads, SealedTokens, UserId,
};
use crate::ports::{SealingKey, Vault};

/// A healthy Item of First Platypus Bank with these accounts and without any token.
///
/// # Panics
/// Never: the processor's name is well-formed.
#[expect(clippy::expect_used, reason = "a constant that parses")]
pub fn linked_item(user_id: &str, item_id: &str, accounts: Vec<PlaidAccount>) -> Item {
    let processor: Processor = "astra".parse().expect("a processor's name");
    Item {
        item_id: ItemId::new(item_id),
        user_id: UserId::new(user_id),
        exchange: ExchangeKey::stored(format!("exchange-of-{item_id}")),
        institution: Some(Institution {
            institution_id: InstitutionId::new("ins_109508"),
            name: Some("First Platypus Bank".to_owned()),
        }),
        accounts: accounts.into_iter().map(Account::new).collect(),
        chosen_account: None,
        processor,
        access_token: None,
        lifecycle: Lifecycle::Linked,
        health: Health::Good,
        consent_expires_at: None,
        notices: Vec::new(),
        notices_cleared_at: None,
        reads: Reads::default(),
        due_at: None,
        version: 1,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

/// The same Item with its access token, sealed by the vault in memory.
///
/// # Panics
/// The cryptography library fails.
#[expect(clippy::expect_used, reason = "a test without its token cannot go on")]
pub async fn with_access_token(mut item: Item, access_token: &str) -> Item {
    let key = MemoryVault.data_key(Purpose::Access).await;
    let place = Place::access_token(&item.user_id, &item.item_id);
    let sealed = key.and_then(|key| key.seal(access_token, &place));
    item.access_token = Some(sealed.expect("a sealed token"));
    item
}

/// Gives an account of the Item its next processor token, sealed by the vault in memory.
///
/// # Panics
/// The cryptography library fails.
#[expect(clippy::expect_used, reason = "a test without its token cannot go on")]
pub async fn give_processor_token(item: &mut Item, account_id: &str, token: &str) {
    let key = MemoryVault.data_key(Purpose::Processor).await;
    let account_id = AccountId::new(account_id);
    let place = Place::processor_token(&item.user_id, &item.item_id, &account_id);
    let sealed = key.and_then(|key| key.seal(token, &place));
    if let Some(account) = item.account_mut(&account_id) {
        account.give_token(sealed.expect("a sealed token"));
    }
}

/// A user's first connection to Astra, with these tokens sealed by the vault in memory.
///
/// # Panics
/// The cryptography library fails.
#[expect(clippy::expect_used, reason = "a test without its tokens cannot go on")]
pub async fn astra_connection(
    user_id: &str,
    astra_user_id: &str,
    redirect_uri: &str,
    tokens: &AstraTokens,
    now: Timestamp,
) -> AstraConnection {
    let user_id = UserId::new(user_id);
    let key = MemoryVault.data_key(Purpose::Astra).await;
    let key = key.expect("a data key");
    let seal = |token: &str, place| key.seal(token, &place).expect("a sealed token");
    let refresh = tokens.refresh.as_ref();
    let sealed = SealedTokens {
        access: seal(tokens.access.expose(), Place::astra_access_token(&user_id)),
        refresh: refresh.map(|t| seal(t.expose(), Place::astra_refresh_token(&user_id))),
        expires_in: tokens.expires_in,
    };
    let astra_user_id = AstraUserId::new(astra_user_id);
    AstraConnection::new(None, &user_id, astra_user_id, redirect_uri, sealed, now)
}

/// The tokens of a connection, as the vault in memory opens them.
///
/// # Panics
/// They do not open.
#[expect(
    clippy::expect_used,
    reason = "a connection without its tokens is none"
)]
pub async fn open_astra_tokens(
    connection: &AstraConnection,
) -> (AstraAccessToken, Option<AstraRefreshToken>) {
    let user_id = &connection.user_id;
    let place = Place::astra_access_token(user_id);
    let access = MemoryVault
        .open(&connection.access_token, Purpose::Astra, &place)
        .await;
    let access = AstraAccessToken::new(access.expect("a token").expose_secret());
    let Some(refresh) = &connection.refresh_token else {
        return (access, None);
    };
    let place = Place::astra_refresh_token(user_id);
    let refresh = MemoryVault.open(refresh, Purpose::Astra, &place).await;
    let refresh = refresh.expect("a token");
    (
        access,
        Some(AstraRefreshToken::new(refresh.expose_secret())),
    )
}
