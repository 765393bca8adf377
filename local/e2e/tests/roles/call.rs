//! What a function asks AWS for, as a policy sees it: an action on a resource, with the values
//! that a condition may look at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use e2e::scene::Failure;
use serde_json::Value;

/// One action. Users, Items and tokens are left out, so that equal calls are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    /// The access key that signed it: the function's package.
    pub(crate) function: String,
    /// In IAM's spelling, such as `dynamodb:GetItem`.
    pub(crate) action: String,
    /// The logical name of the resource, with what follows it in its ARN.
    pub(crate) resource: String,
    /// The partition key, up to what tells it from others of its kind.
    pub(crate) leading_key: Option<String>,
    /// The purpose in KMS's encryption context.
    pub(crate) purpose: Option<String>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        let values = [&self.leading_key, &self.purpose];
        values
            .into_iter()
            .flatten()
            .try_for_each(|value| write!(f, " for {value}"))
    }
}

/// A request that was signed and sent.
pub(crate) struct Asked<'a> {
    pub(crate) function: &'a str,
    /// The header `x-amz-target`: the service's own name, and the operation.
    pub(crate) target: &'a str,
    pub(crate) body: &'a Value,
}

/// What the environment names resources by, and their logical names.
pub(crate) type Names = BTreeMap<String, String>;

impl Asked<'_> {
    /// The actions that IAM judges: a transaction is judged by its parts.
    pub(crate) fn calls(&self, names: &Names) -> Result<BTreeSet<Call>, Failure> {
        let (service, operation) = self.target.split_once('.').ok_or("no operation")?;
        match (service, operation) {
            ("DynamoDB_20120810", "TransactWriteItems") => self.parts(names),
            ("DynamoDB_20120810", _) => Ok([self.on_table(operation, self.body, names)?].into()),
            ("TrentService", _) => Ok([self.on_key(operation, names)?].into()),
            ("secretsmanager", _) => {
                let secret = named(self.body, "SecretId", names)?;
                Ok([self.call("secretsmanager", operation, secret)].into())
            }
            ("AWSEvents", _) => self.on_buses(operation, names),
            _ => Err(format!("nobody knows {}", self.target).into()),
        }
    }

    fn call(&self, service: &str, operation: &str, resource: String) -> Call {
        Call {
            function: self.function.to_owned(),
            action: format!("{service}:{operation}"),
            resource,
            leading_key: None,
            purpose: None,
        }
    }

    fn parts(&self, names: &Names) -> Result<BTreeSet<Call>, Failure> {
        let items = self.body["TransactItems"].as_array();
        let parts = items.ok_or("no parts")?.iter().filter_map(Value::as_object);
        parts
            .flatten()
            .map(|(kind, part)| match kind.as_str() {
                "ConditionCheck" => self.on_table("ConditionCheckItem", part, names),
                kind => self.on_table(&format!("{kind}Item"), part, names),
            })
            .collect()
    }

    fn on_table(&self, operation: &str, body: &Value, names: &Names) -> Result<Call, Failure> {
        let mut resource = named(body, "TableName", names)?;
        if let Some(index) = body["IndexName"].as_str() {
            resource = format!("{resource}/index/{index}");
        }
        let key = ["Key", "Item"].map(|name| &body[name]["pk"]["S"]);
        let key = key
            .into_iter()
            .find_map(Value::as_str)
            .or_else(|| queried(body));
        Ok(Call {
            leading_key: key.map(kind_of_key),
            ..self.call("dynamodb", operation, resource)
        })
    }

    fn on_key(&self, operation: &str, names: &Names) -> Result<Call, Failure> {
        let purpose = self.body["EncryptionContext"]["purpose"].as_str();
        Ok(Call {
            purpose: purpose.map(str::to_owned),
            ..self.call("kms", operation, named(self.body, "KeyId", names)?)
        })
    }

    fn on_buses(&self, operation: &str, names: &Names) -> Result<BTreeSet<Call>, Failure> {
        let entries = self.body["Entries"].as_array().ok_or("no entries")?;
        entries
            .iter()
            .map(|entry| {
                let bus = named(entry, "EventBusName", names)?;
                Ok(self.call("events", operation, bus))
            })
            .collect()
    }
}

/// The partition that a query is about: the value behind the first `=` of its condition.
fn queried(body: &Value) -> Option<&str> {
    let condition = body["KeyConditionExpression"].as_str()?;
    let (_, behind) = condition.split_once('=')?;
    let value = behind.split_whitespace().next()?;
    body["ExpressionAttributeValues"][value]["S"].as_str()
}

fn kind_of_key(key: &str) -> String {
    let kind = key.split_inclusive('#').next();
    kind.unwrap_or_default().to_owned()
}

fn named(body: &Value, field: &str, names: &Names) -> Result<String, Failure> {
    let name = body[field].as_str().ok_or(format!("no {field}"))?;
    let logical = names.get(name).cloned();
    logical.ok_or_else(|| format!("{field} {name} is no resource of the template").into())
}
