//! A look into the stack's table, past every function.

use std::time::Instant;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, PutRequest,
    ScalarAttributeType, WriteRequest,
};
use shared::aws::sdk_config;
use shared::settings::{Environment, Reader};

use crate::scene::{Failure, PATIENCE, POLL, Scene};

/// A record as it is stored.
pub type Row = std::collections::HashMap<String, AttributeValue>;

/// Every record of the table.
///
/// # Errors
/// The table cannot be read.
pub async fn records(scene: &Scene) -> Result<Vec<Row>, Failure> {
    let (client, table) = client(scene)?;
    let answer = client.scan().table_name(table).send().await?;
    Ok(answer.items.unwrap_or_default())
}

/// The records whose partition key begins so.
///
/// # Errors
/// The table cannot be read.
pub async fn records_of(scene: &Scene, prefix: &str) -> Result<Vec<Row>, Failure> {
    let mut rows = records(scene).await?;
    rows.retain(|row| text(row, "pk").is_some_and(|pk| pk.starts_with(prefix)));
    Ok(rows)
}

/// Looks again until one of these records is as wanted.
///
/// # Errors
/// None is in time.
pub async fn wait_for(
    scene: &Scene,
    prefix: &str,
    wanted: impl Fn(&Row) -> bool,
) -> Result<Row, Failure> {
    let begun = Instant::now();
    loop {
        if let Some(row) = records_of(scene, prefix).await?.into_iter().find(&wanted) {
            return Ok(row);
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("no record {prefix} is as wanted").into());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Replaces a record.
///
/// # Errors
/// The table cannot be written.
pub async fn put(scene: &Scene, row: Row) -> Result<(), Failure> {
    let (client, table) = client(scene)?;
    client
        .put_item()
        .table_name(table)
        .set_item(Some(row))
        .send()
        .await?;
    Ok(())
}

/// Puts as many records as one call takes.
///
/// # Errors
/// The table cannot be written, or does not take all of them.
pub async fn put_all(scene: &Scene, rows: &[Row]) -> Result<(), Failure> {
    let (client, table) = client(scene)?;
    let write = |row: &Row| {
        let put = PutRequest::builder().set_item(Some(row.clone())).build()?;
        Ok::<_, Failure>(WriteRequest::builder().put_request(put).build())
    };
    let writes: Vec<WriteRequest> = rows.iter().map(write).collect::<Result<_, _>>()?;
    let answer = client.batch_write_item().request_items(table, writes);
    let left = answer.send().await?.unprocessed_items.unwrap_or_default();
    if left.is_empty() {
        Ok(())
    } else {
        Err("the table did not take everything".into())
    }
}

/// Makes a table with the keys of the stack's own, as a restore does, and fills it.
///
/// # Errors
/// It cannot be made, or not be written.
pub async fn create_beside(scene: &Scene, name: &str, rows: &[Row]) -> Result<(), Failure> {
    let (client, _) = client(scene)?;
    let mut create = client.create_table().table_name(name);
    for (attribute, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let defined = AttributeDefinition::builder().attribute_name(attribute);
        let defined = defined.attribute_type(ScalarAttributeType::S).build()?;
        let key = KeySchemaElement::builder().attribute_name(attribute);
        create = create
            .attribute_definitions(defined)
            .key_schema(key.key_type(kind).build()?);
    }
    create
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await?;
    for row in rows {
        let put = client.put_item().table_name(name);
        put.set_item(Some(row.clone())).send().await?;
    }
    Ok(())
}

/// An attribute that is text.
pub fn text<'a>(row: &'a Row, name: &str) -> Option<&'a str> {
    row.get(name)?.as_s().ok().map(String::as_str)
}

fn client(scene: &Scene) -> Result<(Client, String), Failure> {
    let environment: Environment = scene.stack().environment().clone().into_iter().collect();
    let (aws, table) = Reader::read(&environment, |reader| {
        let aws = reader.aws();
        let table = reader.table_name();
        Some((aws?, table?))
    })?;
    let config = sdk_config(&aws)?;
    let mut config = aws_sdk_dynamodb::config::Builder::from(&config);
    config.set_endpoint_url(aws.dynamodb_endpoint_url);
    // Whoever looks past the functions has more time than they have.
    config.set_timeout_config(Some(TimeoutConfig::disabled()));
    Ok((Client::from_conf(config.build()), table))
}
