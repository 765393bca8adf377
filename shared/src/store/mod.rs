//! The one DynamoDB table: `pk`, `sk`, and the sparse index `due`. Which record is where
//! is in `domain::record_key`; how each looks is in `rows`.

mod astra;
mod attributes;
mod changes;
mod due;
mod erasures;
mod exchanges;
mod expressions;
mod inbox;
mod item_writes;
mod items;
mod link_sessions;
#[cfg(feature = "test-util")]
pub mod mapping;
mod query;
mod refusal;
mod rows;
mod shards;
mod strays;
mod transaction;
mod write;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;

use crate::domain::{RecordKey, UserId};
use crate::ports::StoreError;
use crate::settings::AwsSettings;

use self::refusal::unavailable;
use self::rows::Row;
use self::write::attributes;

/// The table.
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// The table with this name.
    pub fn new(config: &SdkConfig, settings: &AwsSettings, name: impl Into<String>) -> Self {
        let mut config = aws_sdk_dynamodb::config::Builder::from(config);
        if let Some(url) = &settings.dynamodb_endpoint_url {
            config = config.endpoint_url(url);
        }
        Self {
            client: Client::from_conf(config.build()),
            name: name.into(),
        }
    }

    /// Reads one record, consistently.
    async fn get(&self, key: &RecordKey) -> Result<Option<Row>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(attributes(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        Ok(answer.item)
    }

    /// Opens a connection to DynamoDB, so that the first request finds one. A failure is
    /// no failure: the first request would meet it too.
    pub async fn warm_up(&self, time: Duration) {
        let nobody = RecordKey {
            pk: RecordKey::user_partition(&UserId::new("")),
            sk: RecordKey::user_partition(&UserId::new("")),
        };
        let connected = tokio::time::timeout(time, self.get(&nobody)).await.is_ok();
        tracing::debug!(connected, "warmed up");
    }
}
