//! The records of Items.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::Table;
use super::conditions::unavailable;
use super::exchanges::{binary, number, text};
use super::rows::{self, milliseconds};
use super::transaction::built;
use crate::domain::record_key::ITEM_PREFIX;
use crate::domain::{Item, ItemId, RecordKey, UserId};
use crate::ports::{ItemChanges, ItemPage, ItemRecords, ReplayableAnswer, StoreError};

impl ItemRecords for Table {
    async fn item(&self, user_id: &UserId, item_id: &ItemId) -> Result<Option<Item>, StoreError> {
        let row = self.get(&RecordKey::item(user_id, item_id)).await?;
        row.map(rows::read_item).transpose()
    }

    async fn items(
        &self,
        user_id: &UserId,
        after: Option<&ItemId>,
        limit: u32,
    ) -> Result<ItemPage, StoreError> {
        let mut query = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(&RecordKey::user_partition(user_id)))
            .expression_attribute_values(":prefix", text(ITEM_PREFIX))
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        if let Some(item_id) = after {
            let key = RecordKey::item(user_id, item_id);
            query = query
                .exclusive_start_key("pk", text(&key.pk))
                .exclusive_start_key("sk", text(&key.sk));
        }
        let answer = query.send().await.map_err(|error| unavailable(&error))?;
        let last = answer
            .last_evaluated_key
            .as_ref()
            .and_then(|key| key.get("sk"));
        let next = last
            .and_then(|sk| sk.as_s().ok())
            .and_then(|sk| sk.strip_prefix(ITEM_PREFIX))
            .map(ItemId::new);
        let rows = answer.items.unwrap_or_default();
        let items = rows
            .into_iter()
            .map(rows::read_item)
            .collect::<Result<_, _>>()?;
        Ok(ItemPage { items, next })
    }
}

impl ItemChanges for Table {
    async fn record_choice(
        &self,
        item: &Item,
        answer: &ReplayableAnswer,
    ) -> Result<(), StoreError> {
        let key = RecordKey::exchange(&item.exchange);
        let update = Update::builder()
            .table_name(&self.name)
            .key("pk", text(&key.pk))
            .key("sk", text(&key.sk))
            .condition_expression("step = :finished")
            .update_expression("SET answer = :answer, answer_until = :until")
            .expression_attribute_values(":finished", text("finished"))
            .expression_attribute_values(":answer", binary(&answer.sealed))
            .expression_attribute_values(":until", number(milliseconds(answer.until)))
            .build();
        let writes = vec![
            TransactWriteItem::builder()
                .put(self.replace_item(item)?)
                .build(),
            TransactWriteItem::builder().update(built(update)?).build(),
        ];
        // The sealed answer is unlike any other, so its hash names this very write.
        let answer_hash = crate::domain::Sha256::of(answer.sealed.as_bytes());
        self.transact(&format!("{}/choice/{answer_hash}", item.item_id), writes)
            .await
    }
}
