//! The records of Items that came out of an exchange too late.

use super::write::Write;
use super::{Table, rows};
use crate::domain::{ExchangeKey, ItemId, RecordKey, Stray};
use crate::ports::{StoreError, Strays};

impl Strays for Table {
    async fn keep_stray(&self, stray: &Stray) -> Result<(), StoreError> {
        Ok(self.write(Write::put(rows::stray_row(stray)?)).await?)
    }

    async fn stray(
        &self,
        key: &ExchangeKey,
        item_id: &ItemId,
    ) -> Result<Option<Stray>, StoreError> {
        let row = self.get(&RecordKey::stray(key, item_id)).await?;
        row.map(rows::read_stray).transpose()
    }

    async fn drop_stray(&self, stray: &Stray) -> Result<(), StoreError> {
        let key = RecordKey::stray(&stray.key, &stray.item_id);
        Ok(self.write(Write::delete(key)).await?)
    }
}
