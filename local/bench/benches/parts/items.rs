//! Items as the table holds them: every account with a processor token.

use shared::domain::{Account, Item, Place, Purpose, Sealed, VaultId};
use shared::ports::SealingKey;
use shared::test_util::{account, linked_item};
use shared::vault::DataKey;

use crate::Failure;
use crate::webhook::account_id;

/// In clear.
const KEY: [u8; 32] = [7; 32];
/// As KMS wraps a data key of 32 bytes.
const WRAPPED: usize = 184;
/// Of the shape that Plaid's have.
pub(crate) const ACCESS_TOKEN: &str = "access-sandbox-de3ce8ef-33f8-452c-a685-8671031fc0f6";
const PROCESSOR_TOKEN: &str = "processor-sandbox-0asd1-a92nc-4d5e-8a3b-1f2e3d4c5b6a";

/// A key for one purpose, as it comes from KMS.
pub(crate) fn data_key(purpose: Purpose) -> Result<DataKey, Failure> {
    let vault = VaultId::new("bench");
    Ok(DataKey::new(&KEY, vec![1; WRAPPED], vault, purpose)?)
}

/// A user's Item with so many accounts.
pub(crate) fn item(user_id: &str, item_id: &str, accounts: usize) -> Result<Item, Failure> {
    let accounts = (0..accounts).map(|number| account(&account_id(number), "checking", None));
    let mut item = linked_item(user_id, item_id, accounts.collect());
    item.access_token = Some(access_token(&item)?);
    let key = data_key(Purpose::Processor)?;
    let (user_id, item_id) = (&item.user_id, &item.item_id);
    let with_token = |account: &Account| -> Result<Account, Failure> {
        let place = Place::processor_token(user_id, item_id, &account.plaid.account_id);
        Ok(Account {
            processor_token: Some(key.seal(PROCESSOR_TOKEN, &place)?),
            ..account.clone()
        })
    };
    item.accounts = item
        .accounts
        .iter()
        .map(with_token)
        .collect::<Result<_, _>>()?;
    Ok(item)
}

fn access_token(item: &Item) -> Result<Sealed, Failure> {
    let place = Place::access_token(&item.user_id, &item.item_id);
    Ok(data_key(Purpose::Access)?.seal(ACCESS_TOKEN, &place)?)
}
