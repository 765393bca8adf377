//! Records as tests need them.

use jiff::Timestamp;

use super::MemoryVault;
use crate::domain::{
    Account, ExchangeKey, Health, Institution, InstitutionId, Item, ItemId, Lifecycle, Place,
    PlaidAccount, Processor, Purpose, Reads, UserId,
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
