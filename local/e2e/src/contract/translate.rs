//! From the schemas of OpenAPI 3.0 to JSON Schema.
//!
//! Plaid marks nearly every object with `additionalProperties: true`, to say that it may
//! grow. What is sent today has no other fields than those listed, so an object that
//! lists its fields is closed here; one that lists none stays open.

use serde_json::{Map, Value, json};

/// Where the schemas are in a description.
const PREFIX: &str = "#/components/schemas/";
/// Fields that newer references of Plaid's have and older descriptions lack: the schema,
/// the field, and its values.
const GROWN: &[(&str, &str, &[&str])] = &[
    (
        "LinkEventsWebhook",
        "environment",
        &["production", "sandbox"],
    ),
    (
        "Institution",
        "connection_availability",
        &["SUPPORTED", "NOT_SUPPORTED"],
    ),
];

/// What makes a description unusable.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TranslateError {
    /// A keyword that would be lost, and with it what it forbids.
    #[error("the keyword {0} is not translated yet")]
    Keyword(String),
    /// Something that is no schema stands where a schema should.
    #[error("{0} is not a schema")]
    NotASchema(String),
    /// A reference leads nowhere.
    #[error("the reference {0} leads nowhere")]
    Reference(String),
}

/// The schemas of a description.
pub(super) struct Schemas<'a>(pub(super) &'a Map<String, Value>);

impl Schemas<'_> {
    /// All schemas, translated, by name.
    pub(super) fn definitions(&self) -> Result<Map<String, Value>, TranslateError> {
        let mut definitions = Map::new();
        for (name, schema) in self.0 {
            definitions.insert(name.clone(), self.translate(schema)?);
        }
        for (name, field, values) in GROWN {
            let properties = definitions
                .get_mut(*name)
                .and_then(|to| to.get_mut("properties"));
            if let Some(Value::Object(properties)) = properties {
                properties
                    .entry(*field)
                    .or_insert(json!({"type": "string", "enum": values}));
            }
        }
        Ok(definitions)
    }

    /// One schema, translated. Its references lead to `#/$defs/`.
    pub(super) fn translate(&self, schema: &Value) -> Result<Value, TranslateError> {
        let map = as_schema(schema)?;
        if let Some(reference) = map.get("$ref") {
            let (name, _) = self.resolve(reference)?;
            return Ok(json!({"$ref": format!("#/$defs/{name}")}));
        }
        if map.contains_key("allOf") {
            return self.plain(&self.merge(map)?);
        }
        self.plain(map)
    }

    fn resolve<'s>(&'s self, reference: &'s Value) -> Result<(&'s str, &'s Value), TranslateError> {
        let lost = || TranslateError::Reference(reference.to_string());
        let name = reference
            .as_str()
            .and_then(|text| text.strip_prefix(PREFIX))
            .ok_or_else(lost)?;
        Ok((name, self.0.get(name).ok_or_else(lost)?))
    }

    /// The parts of an `allOf` as one schema: only that can be closed.
    fn merge(&self, schema: &Map<String, Value>) -> Result<Map<String, Value>, TranslateError> {
        let mut merged = schema.clone();
        let parts = merged.remove("allOf").unwrap_or_default();
        for part in parts.as_array().into_iter().flatten() {
            let mut part = as_schema(part)?;
            while let Some(reference) = part.get("$ref") {
                part = as_schema(self.resolve(reference)?.1)?;
            }
            for (keyword, value) in self.merge(part)? {
                merge_keyword(&mut merged, keyword, value);
            }
        }
        Ok(merged)
    }

    /// A schema that is neither a reference nor a combination.
    fn plain(&self, schema: &Map<String, Value>) -> Result<Value, TranslateError> {
        let mut to = Map::new();
        for (keyword, value) in schema {
            if let Some(value) = self.keyword(keyword, value)? {
                to.insert(keyword.clone(), value);
            }
        }
        self.close(schema, &mut to)?;
        Ok(if schema.get("nullable") == Some(&Value::Bool(true)) {
            nullable(to)
        } else {
            to.into()
        })
    }

    /// What becomes of a keyword; `None` when it forbids nothing.
    fn keyword(&self, keyword: &str, value: &Value) -> Result<Option<Value>, TranslateError> {
        Ok(match keyword {
            "type" | "required" | "enum" | "minimum" | "maximum" | "minLength" | "maxLength"
            | "minItems" | "maxItems" => Some(value.clone()),
            "format" => (value == "date-time").then(|| value.clone()),
            "items" => Some(self.translate(value)?),
            "properties" => {
                let mut properties = Map::new();
                for (name, schema) in as_schema(value)? {
                    properties.insert(name.clone(), self.translate(schema)?);
                }
                Some(properties.into())
            }
            // The first two are for `plain` and `close`.
            "nullable"
            | "additionalProperties"
            | "title"
            | "description"
            | "default"
            | "deprecated"
            | "example" => None,
            other if other.starts_with("x-") => None,
            other => return Err(TranslateError::Keyword(other.to_owned())),
        })
    }

    fn close(
        &self,
        schema: &Map<String, Value>,
        to: &mut Map<String, Value>,
    ) -> Result<(), TranslateError> {
        if schema.get("type").is_some_and(|kind| kind != "object") {
            // One of Plaid's strings lists properties; they mean nothing.
            to.remove("properties");
            return Ok(());
        }
        let more = match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) => self.translate(values)?,
            Some(Value::Bool(false)) => false.into(),
            _ if schema.contains_key("properties") => false.into(),
            _ => return Ok(()),
        };
        to.insert("additionalProperties".to_owned(), more);
        Ok(())
    }
}

fn as_schema(value: &Value) -> Result<&Map<String, Value>, TranslateError> {
    value
        .as_object()
        .ok_or_else(|| TranslateError::NotASchema(value.to_string()))
}

fn merge_keyword(merged: &mut Map<String, Value>, keyword: String, value: Value) {
    match (merged.get_mut(&keyword), value) {
        (Some(Value::Object(to)), Value::Object(from)) if keyword == "properties" => {
            to.extend(from);
        }
        (Some(Value::Array(to)), Value::Array(from)) if keyword == "required" => to.extend(from),
        (Some(_), _) => {}
        (None, value) => {
            merged.insert(keyword, value);
        }
    }
}

/// The same schema, or null.
fn nullable(mut schema: Map<String, Value>) -> Value {
    match schema.get_mut("type") {
        Some(kind @ Value::String(_)) => *kind = json!([kind.take(), "null"]),
        _ => return json!({"anyOf": [schema, {"type": "null"}]}),
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    schema.into()
}
