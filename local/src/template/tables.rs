//! DynamoDB tables, as the `CreateTable` request that `CloudFormation` would make of them.

use serde_json::{Map, Value as Json, json};

use super::{Document, STACK_NAME, Scope, TemplateError};

/// A table of the template.
#[derive(Clone, Debug)]
pub struct Table {
    /// The logical name of the resource.
    pub logical_name: String,
    /// The table's name.
    pub name: String,
    /// The body of a `CreateTable` request.
    pub create: Json,
    /// The attribute with the time at which a record expires.
    pub time_to_live: Option<String>,
}

/// What `CreateTable` and `CloudFormation` write alike. Left out: encryption at rest and
/// point-in-time recovery, which the local database does not have.
const COPIED: [&str; 6] = [
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "BillingMode",
    "ProvisionedThroughput",
];

impl Table {
    /// All tables of the template.
    ///
    /// # Errors
    ///
    /// Something in a table cannot be resolved or read.
    pub fn read_all(document: &Document, scope: &Scope) -> Result<Vec<Self>, TemplateError> {
        document
            .resources_of_type("AWS::DynamoDB::Table")
            .into_iter()
            .map(|logical_name| {
                let path = ["Resources", logical_name, "Properties"];
                let properties: Map<String, Json> =
                    document.typed_part(&path, scope)?.unwrap_or_default();
                Ok(Self::of(logical_name, &properties))
            })
            .collect()
    }

    fn of(logical_name: &str, properties: &Map<String, Json>) -> Self {
        let name = properties
            .get("TableName")
            .and_then(Json::as_str)
            .map_or_else(|| format!("{STACK_NAME}-{logical_name}"), str::to_owned);
        let mut create = Map::new();
        create.insert("TableName".to_owned(), name.clone().into());
        for key in COPIED {
            if let Some(value) = properties.get(key) {
                create.insert(key.to_owned(), value.clone());
            }
        }
        if let Some(view) = properties
            .get("StreamSpecification")
            .and_then(|s| s.get("StreamViewType"))
        {
            create.insert(
                "StreamSpecification".to_owned(),
                json!({ "StreamEnabled": true, "StreamViewType": view }),
            );
        }
        let time_to_live = properties
            .get("TimeToLiveSpecification")
            .filter(|specification| specification.get("Enabled") == Some(&Json::Bool(true)))
            .and_then(|specification| specification.get("AttributeName"))
            .and_then(Json::as_str)
            .map(str::to_owned);
        Self {
            logical_name: logical_name.to_owned(),
            name,
            create: create.into(),
            time_to_live,
        }
    }
}
