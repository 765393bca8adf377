//! Plaid's OpenAPI description, as validators.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use super::translate::{Schemas, TranslateError};
use super::webhooks::SCHEMAS;

/// The environment variable that says where the description is.
pub const VARIABLE: &str = "PLAID_OPENAPI";
/// What every answer but 200 must be.
const ERROR: &str = "PlaidError";

/// Why there is no usable description.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// The file is missing or cannot be read.
    #[error("the description {path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// The file is not JSON.
    #[error("the description is not JSON")]
    NotJson(#[from] serde_json::Error),
    /// Something that must be there is not.
    #[error("the description has no {0}")]
    Lacks(String),
    /// A schema could not be translated.
    #[error("the description cannot be translated")]
    Untranslatable(#[from] TranslateError),
    /// A translated schema is no JSON Schema.
    #[error("the schema {name} is not usable: {reason}")]
    Unusable {
        /// Its name.
        name: String,
        /// The reason.
        reason: String,
    },
}

/// What Plaid says about its API.
#[derive(Debug)]
pub struct Description {
    calls: BTreeMap<String, Call>,
    error: Validator,
    webhooks: BTreeMap<String, Validator>,
    /// The names of all schemas of webhooks, the ones unknown to us included.
    webhook_names: Vec<String>,
}

/// What a call asks and answers.
#[derive(Debug)]
struct Call {
    request: Validator,
    answer: Validator,
}

impl Description {
    /// The description that the environment names; `None` when it names none.
    ///
    /// # Errors
    /// It names one that cannot be used.
    pub fn from_environment() -> Result<Option<Self>, DescriptionError> {
        std::env::var_os(VARIABLE)
            .map(|path| Self::load(Path::new(&path)))
            .transpose()
    }

    /// The description in this file.
    ///
    /// # Errors
    /// The file cannot be read, or is no description that can be translated in full.
    pub fn load(path: &Path) -> Result<Self, DescriptionError> {
        let text = std::fs::read(path).map_err(|source| DescriptionError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::read(&serde_json::from_slice(&text)?)
    }

    /// The description in this document.
    ///
    /// # Errors
    /// The document is no description that can be translated in full.
    pub fn read(document: &Value) -> Result<Self, DescriptionError> {
        let components = object(document, "/components/schemas")?;
        let schemas = Schemas(components);
        let definitions = schemas.definitions()?;
        let mut calls = BTreeMap::new();
        for (path, operations) in object(document, "/paths")? {
            let part = |pointer: &str| {
                let schema = operations
                    .pointer(pointer)
                    .ok_or_else(|| lacks(path, pointer))?;
                validator(path, &schemas.translate(schema)?, &definitions)
            };
            let request = part("/post/requestBody/content/application~1json/schema")?;
            let answer = part("/post/responses/200/content/application~1json/schema")?;
            calls.insert(path.clone(), Call { request, answer });
        }
        let named = |name: &str| validator(name, &reference(name), &definitions);
        let mut webhooks = BTreeMap::new();
        for (_, _, name) in SCHEMAS
            .iter()
            .filter(|(_, _, name)| components.contains_key(*name))
        {
            webhooks.insert((*name).to_owned(), named(name)?);
        }
        let error = named(ERROR)?;
        let webhook_names = components
            .iter()
            .filter(|(name, schema)| is_webhook(name, schema));
        let webhook_names = webhook_names.map(|(name, _)| name.clone()).collect();
        Ok(Self {
            calls,
            error,
            webhooks,
            webhook_names,
        })
    }

    /// The paths of all calls.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.calls.keys().map(String::as_str)
    }

    /// What a request of this path must be.
    pub fn request(&self, path: &str) -> Option<&Validator> {
        self.calls.get(path).map(|call| &call.request)
    }

    /// What an answer with status 200 of this path must be.
    pub fn answer(&self, path: &str) -> Option<&Validator> {
        self.calls.get(path).map(|call| &call.answer)
    }

    /// What every other answer must be.
    pub fn error(&self) -> &Validator {
        &self.error
    }

    /// What a webhook of this schema must be.
    pub fn webhook(&self, name: &str) -> Option<&Validator> {
        self.webhooks.get(name)
    }

    /// The names of the schemas of webhooks.
    pub fn webhook_names(&self) -> &[String] {
        &self.webhook_names
    }
}

fn lacks(path: &str, pointer: &str) -> DescriptionError {
    DescriptionError::Lacks(format!("{pointer} at {path}"))
}

fn object<'a>(
    document: &'a Value,
    pointer: &str,
) -> Result<&'a Map<String, Value>, DescriptionError> {
    let found = document.pointer(pointer).and_then(Value::as_object);
    found.ok_or_else(|| DescriptionError::Lacks(pointer.to_owned()))
}

fn is_webhook(name: &str, schema: &Value) -> bool {
    let has = |field: &str| schema.pointer(&format!("/properties/{field}")).is_some();
    has("webhook_type") && has("webhook_code") && !name.ends_with("Request")
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// A validator of `schema` with the definitions that it leads to.
fn validator(
    name: &str,
    schema: &Value,
    definitions: &Map<String, Value>,
) -> Result<Validator, DescriptionError> {
    let mut needed = Map::new();
    gather(schema, definitions, &mut needed);
    let root = json!({"allOf": [schema], "$defs": needed});
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(&root)
        .map_err(|error| DescriptionError::Unusable {
            name: name.to_owned(),
            reason: error.to_string(),
        })
}

/// Adds to `needed` all definitions that `schema` leads to.
fn gather(schema: &Value, definitions: &Map<String, Value>, needed: &mut Map<String, Value>) {
    match schema {
        Value::Object(map) => {
            let name = map.get("$ref").and_then(Value::as_str);
            let name = name.and_then(|text| text.strip_prefix("#/$defs/"));
            if let Some((name, found)) = name.and_then(|name| definitions.get_key_value(name))
                && !needed.contains_key(name)
            {
                needed.insert(name.clone(), found.clone());
                gather(found, definitions, needed);
            }
            map.values()
                .for_each(|value| gather(value, definitions, needed));
        }
        Value::Array(list) => list
            .iter()
            .for_each(|value| gather(value, definitions, needed)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn description_that_is_missing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Description::load(&folder.path().join("openapi.json"));
        assert!(matches!(missing, Err(DescriptionError::Unreadable { .. })));
        let unreadable = Description::load(folder.path());
        assert!(matches!(
            unreadable,
            Err(DescriptionError::Unreadable { .. })
        ));
    }

    #[test]
    fn description_that_is_none_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("openapi.json");
        std::fs::write(&path, "openapi: 3.0.0").unwrap();
        assert!(matches!(
            Description::load(&path),
            Err(DescriptionError::NotJson(_))
        ));
        std::fs::write(&path, "{}").unwrap();
        assert!(matches!(
            Description::load(&path),
            Err(DescriptionError::Lacks(_))
        ));
    }

    #[test]
    fn keyword_that_would_be_lost_is_an_error() {
        let document = json!({"paths": {}, "components": {"schemas": {"A": {"oneOf": []}}}});
        assert!(matches!(
            Description::read(&document),
            Err(DescriptionError::Untranslatable(TranslateError::Keyword(keyword))) if keyword == "oneOf"
        ));
    }
}
