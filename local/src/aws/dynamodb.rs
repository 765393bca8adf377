//! DynamoDB: dynoxide, with the tables of the template.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use dynoxide::storage::Storage;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::template::{ACCOUNT_ID, REGION, ResourceNames, Table};

/// How often expired records are removed. AWS takes up to a few days.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// The database looks for the end of the stream at every write, and we look for it all the
/// time; without an index each look reads the whole stream. What is older than a week goes
/// at the start: AWS keeps a day, but AWS is not switched off over a weekend.
const INDEX_STREAM: &str = "
    CREATE INDEX IF NOT EXISTS local_stream_order
        ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
    DELETE FROM _stream_records WHERE created_at < unixepoch() - 7 * 24 * 60 * 60;";

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DynamoDbError {
    /// The file's path is no text.
    #[error("{} cannot be the path of the database", .0.display())]
    Path(PathBuf),
    /// The file is no database.
    #[error("{} cannot be opened: delete the data folder, or choose another with --data-dir", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: DynoxideError,
    },
    /// What the database answers is not what its protocol says.
    #[error("the local DynamoDB cannot read its stream")]
    Stream(#[source] serde_json::Error),
    /// A task of the database panicked.
    #[error("the local DynamoDB panicked")]
    Panicked(#[source] tokio::task::JoinError),
    /// The database refused.
    #[error("the local DynamoDB failed while {doing}")]
    Database {
        /// What was being done.
        doing: String,
        /// The database's error.
        #[source]
        source: DynoxideError,
    },
    /// The template's table is not what the database understands.
    #[error("the local DynamoDB does not understand the table {table}")]
    Request {
        /// The table.
        table: String,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// The table of an older template.
    #[error(
        "the table {table} in the data folder has another schema than template.yaml: \
         delete the folder, or choose another with --data-dir"
    )]
    Schema {
        /// The table.
        table: String,
    },
    /// The server failed.
    #[error("the server of the local DynamoDB failed: {0}")]
    Server(String),
}

/// An embedded DynamoDB.
#[derive(Clone)]
pub struct DynamoDb {
    database: Database,
}

impl DynamoDb {
    /// Opens the database in a file, or one in memory.
    ///
    /// # Errors
    ///
    /// The file cannot be opened as a database.
    pub fn open(file: Option<&Path>) -> Result<Self, DynamoDbError> {
        let path = file.map(|file| {
            file.to_str()
                .ok_or_else(|| DynamoDbError::Path(file.to_owned()))
        });
        let database = match path.transpose()? {
            None => in_memory().map_err(failed("opening the database"))?,
            Some(path) => on_disk(path).map_err(|source| DynamoDbError::File {
                path: path.into(),
                source,
            })?,
        };
        Ok(Self { database })
    }

    /// Makes a table if it is not there yet; returns its names.
    ///
    /// # Errors
    ///
    /// The table cannot be made, or is there with another schema.
    pub fn ensure(&self, table: &Table) -> Result<ResourceNames, DynamoDbError> {
        let description = match self.describe(table)? {
            Some(description) if has_schema(&description, &table.create) => description,
            Some(_) => {
                return Err(DynamoDbError::Schema {
                    table: table.name.clone(),
                });
            }
            None => {
                let request = request(table, &table.create)?;
                self.database
                    .create_table(request)
                    .map_err(failed("creating a table"))?;
                self.describe(table)?.unwrap_or_default()
            }
        };
        self.ensure_time_to_live(table)?;
        let arn = format!(
            "arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{}",
            table.name
        );
        let mut names = ResourceNames::new(&table.name).with("Arn", &arn);
        // The database's own ARN has another region and account. To its stream operations
        // only the table in it matters.
        if let Some(label) = description.get("LatestStreamLabel").and_then(Value::as_str) {
            names = names.with("StreamArn", format!("{arn}/stream/{label}"));
        }
        Ok(names)
    }

    fn describe(&self, table: &Table) -> Result<Option<Value>, DynamoDbError> {
        let request = request(table, &json!({ "TableName": table.name }))?;
        match self.database.describe_table(request) {
            Ok(response) => serde_json::to_value(response.table)
                .map(Some)
                .map_err(|source| DynamoDbError::Request {
                    table: table.name.clone(),
                    source,
                }),
            Err(DynoxideError::ResourceNotFoundException(_)) => Ok(None),
            Err(error) => Err(failed("describing a table")(error)),
        }
    }

    fn ensure_time_to_live(&self, table: &Table) -> Result<(), DynamoDbError> {
        let Some(attribute) = &table.time_to_live else {
            return Ok(());
        };
        let describe = request(table, &json!({ "TableName": table.name }))?;
        let now = self.database.describe_time_to_live(describe);
        let now = now
            .map_err(failed("reading a time to live"))?
            .time_to_live_description;
        if now.attribute_name.as_ref() == Some(attribute) {
            return Ok(());
        }
        let update = json!({
            "TableName": table.name,
            "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
        });
        let updated = self.database.update_time_to_live(request(table, &update)?);
        updated.map(drop).map_err(failed("setting a time to live"))
    }

    /// The sequence number of a stream's last record, if it has any.
    pub(crate) async fn end_of_stream(&self, arn: &str) -> Result<Option<String>, DynamoDbError> {
        let request = json!({ "StreamArn": arn });
        let doing = "describing a stream";
        let answer = self
            .stream_call(doing, request, |database, request| {
                database.describe_stream(request)
            })
            .await?;
        let end = "/StreamDescription/Shards/0/SequenceNumberRange/EndingSequenceNumber";
        Ok(answer
            .pointer(end)
            .and_then(Value::as_str)
            .map(str::to_owned))
    }

    /// The records of a stream after a sequence number, or from its beginning, in order.
    pub(crate) async fn records_after(
        &self,
        arn: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Value>, DynamoDbError> {
        // A table has one shard here, so that its order is the order of all writes.
        let table = arn.split('/').nth(1).unwrap_or_default();
        let mut request = json!({
            "StreamArn": arn,
            "ShardId": dynoxide::streams::shard_id(table),
            "ShardIteratorType": "TRIM_HORIZON",
        });
        if let (Some(after), Some(fields)) = (after, request.as_object_mut()) {
            fields.insert(
                "ShardIteratorType".to_owned(),
                "AFTER_SEQUENCE_NUMBER".into(),
            );
            fields.insert("SequenceNumber".to_owned(), after.into());
        }
        let doing = "reading a stream";
        let answer = self
            .stream_call(doing, request, |database, request| {
                database.get_shard_iterator(request)
            })
            .await?;
        let request = json!({ "ShardIterator": answer.get("ShardIterator"), "Limit": limit });
        let mut answer = self
            .stream_call(doing, request, |database, request| {
                database.get_records(request)
            })
            .await?;
        match answer.get_mut("Records").map(Value::take) {
            Some(Value::Array(records)) => Ok(records),
            _ => Ok(Vec::new()),
        }
    }

    /// One call of the Streams API, on a thread where it may wait for the database.
    async fn stream_call<Q, R>(
        &self,
        doing: &'static str,
        request: Value,
        call: impl FnOnce(&Database, Q) -> Result<R, DynoxideError> + Send + 'static,
    ) -> Result<Value, DynamoDbError>
    where
        Q: DeserializeOwned,
        R: Serialize,
    {
        let database = self.database.clone();
        let calling = move || {
            let request = serde_json::from_value(request).map_err(DynamoDbError::Stream)?;
            let answer = call(&database, request).map_err(failed(doing))?;
            serde_json::to_value(answer).map_err(DynamoDbError::Stream)
        };
        tokio::task::spawn_blocking(calling)
            .await
            .map_err(DynamoDbError::Panicked)?
    }

    /// Removes expired records, again and again.
    pub async fn sweep_expired(self) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            let database = self.database.clone();
            match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
                Ok(Ok(0)) => {}
                Ok(Ok(records)) => tracing::info!(records, "expired records were removed"),
                Ok(Err(error)) => tracing::error!(%error, "expired records could not be removed"),
                Err(error) => tracing::error!(%error, "the removal of expired records panicked"),
            }
        }
    }

    /// Serves until `shutdown` is ready.
    ///
    /// # Errors
    ///
    /// The listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), DynamoDbError> {
        dynoxide::server::serve_with_shutdown(listener, self.database, shutdown)
            .await
            .map_err(DynamoDbError::Server)
    }
}

/// The index is made before the database opens the file: it gives nobody its connection.
fn on_disk(path: &str) -> Result<Database, DynoxideError> {
    Storage::new(path)?.conn().execute_batch(INDEX_STREAM)?;
    Database::new(path)
}

/// The index goes the way of a snapshot, since nothing else gets into this database.
fn in_memory() -> Result<Database, DynoxideError> {
    let database = Database::memory()?;
    let snapshot = std::env::temp_dir().join(format!("local-{}.sqlite", Uuid::new_v4()));
    // Without it the database only becomes slower.
    let Some(path) = snapshot.to_str() else {
        return Ok(database);
    };
    let storage = Storage::memory()?;
    storage.conn().execute_batch(INDEX_STREAM)?;
    let restored = storage
        .vacuum_into(path)
        .and_then(|()| database.restore_from(path));
    drop(std::fs::remove_file(&snapshot));
    restored?;
    Ok(database)
}

fn request<T: DeserializeOwned>(table: &Table, body: &Value) -> Result<T, DynamoDbError> {
    // Through text: the database reads numbers and absent fields as from the network.
    serde_json::from_str(&body.to_string()).map_err(|source| DynamoDbError::Request {
        table: table.name.clone(),
        source,
    })
}

fn failed(doing: &str) -> impl FnOnce(DynoxideError) -> DynamoDbError {
    let doing = doing.to_owned();
    move |source| DynamoDbError::Database { doing, source }
}

/// Whether a table has the keys, indexes and stream that a `CreateTable` request asks for.
fn has_schema(description: &Value, create: &Value) -> bool {
    let view = |table: &Value| {
        table
            .pointer("/StreamSpecification/StreamViewType")
            .cloned()
    };
    description.get("KeySchema") == create.get("KeySchema")
        && indexes(description) == indexes(create)
        && view(description) == view(create)
}

fn indexes(table: &Value) -> Vec<(Value, Value, Value)> {
    let field = |index: &Value, name: &str| index.get(name).cloned().unwrap_or_default();
    let mut indexes: Vec<_> = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"]
        .into_iter()
        .filter_map(|kind| table.get(kind)?.as_array())
        .flatten()
        .map(|i| {
            (
                field(i, "IndexName"),
                field(i, "KeySchema"),
                field(i, "Projection"),
            )
        })
        .collect();
    indexes.sort_by_key(|(name, _, _)| name.to_string());
    indexes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(index: &str) -> Table {
        let key = |name: &str| json!([{ "AttributeName": name, "KeyType": "HASH" }]);
        Table {
            logical_name: "Table".to_owned(),
            name: "the-table".to_owned(),
            create: json!({
                "TableName": "the-table",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    { "AttributeName": "pk", "AttributeType": "S" },
                    { "AttributeName": "due", "AttributeType": "S" },
                ],
                "KeySchema": key("pk"),
                "GlobalSecondaryIndexes": [{
                    "IndexName": index,
                    "KeySchema": key("due"),
                    "Projection": { "ProjectionType": "KEYS_ONLY" },
                }],
                "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
            }),
            time_to_live: Some("expires_at".to_owned()),
        }
    }

    #[test]
    fn a_table_is_made_once_and_keeps_its_stream() {
        let database = DynamoDb::open(None).unwrap();
        let first = format!("{:?}", database.ensure(&table("due")).unwrap());
        assert!(first.contains("arn:aws:dynamodb:us-east-1:123456789012:table/the-table"));
        assert!(first.contains("StreamArn"), "{first}");
        assert_eq!(
            format!("{:?}", database.ensure(&table("due")).unwrap()),
            first
        );
    }

    /// How many indexes the stream has in a copy of the database.
    fn stream_indexes(database: &DynamoDb, dir: &Path) -> i64 {
        let copy = dir.join("copy.sqlite");
        let copy = copy.to_str().unwrap();
        database.database.vacuum_into(copy).unwrap();
        let query = "SELECT count(*) FROM sqlite_master \
                     WHERE type = 'index' AND tbl_name = '_stream_records'";
        let storage = Storage::new(copy).unwrap();
        storage
            .conn()
            .query_row(query, [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn the_stream_has_an_index_wherever_the_database_is() {
        let (memory, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let in_memory = DynamoDb::open(None).unwrap();
        assert_eq!(stream_indexes(&in_memory, memory.path()), 1);
        let on_disk = DynamoDb::open(Some(&disk.path().join("db.sqlite"))).unwrap();
        assert_eq!(stream_indexes(&on_disk, disk.path()), 1);
    }

    #[test]
    fn a_table_of_an_older_template_is_refused_with_a_way_out() {
        let database = DynamoDb::open(None).unwrap();
        database.ensure(&table("due")).unwrap();
        let error = database.ensure(&table("later")).unwrap_err();
        assert!(matches!(error, DynamoDbError::Schema { .. }), "{error}");
        assert!(error.to_string().contains("--data-dir"));
    }
}
