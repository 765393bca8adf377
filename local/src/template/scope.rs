//! What names in the template stand for on this machine.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_norway::Value as Yaml;

use super::Document;

/// The AWS account of the local stack.
pub const ACCOUNT_ID: &str = "123456789012";
/// The AWS region of the local stack.
pub const REGION: &str = "us-east-1";
/// The name of the local stack.
pub const STACK_NAME: &str = "local";

/// What `!Ref` and `!GetAtt` give for one resource.
#[derive(Clone, Debug, Default)]
pub struct ResourceNames {
    reference: String,
    attributes: BTreeMap<String, String>,
}

impl ResourceNames {
    /// A resource whose `!Ref` is `reference`.
    pub fn new(reference: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            attributes: BTreeMap::new(),
        }
    }

    /// Adds an attribute of `!GetAtt`.
    #[must_use]
    pub fn with(mut self, attribute: &str, value: impl Into<String>) -> Self {
        self.attributes.insert(attribute.to_owned(), value.into());
        self
    }
}

/// Values for the names that a template may use.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// `None`: declared, but without a value.
    parameters: BTreeMap<String, Option<Json>>,
    resources: BTreeMap<String, ResourceNames>,
    /// Those that parameters with values decide.
    conditions: BTreeMap<String, bool>,
}

/// What a name was found to stand for.
pub(super) enum Found<'a> {
    Value(Json),
    NoValue,
    Unknown(&'a str),
}

impl Scope {
    /// The template's parameters with the given values, else their defaults; and the
    /// resources whose names need nothing but the template.
    pub fn new(document: &Document, parameters: &BTreeMap<String, String>) -> Self {
        let parameters = document
            .parameters()
            .map(|(name, definition)| {
                let given = parameters
                    .get(name)
                    .cloned()
                    .or_else(|| default_of(definition));
                (
                    name.to_owned(),
                    given.map(|value| typed(definition, &value)),
                )
            })
            .collect();
        let mut scope = Self {
            parameters,
            resources: BTreeMap::new(),
            conditions: BTreeMap::new(),
        };
        scope.conditions = document.conditions(&scope);
        for name in document.resources_of_type("AWS::IAM::Role") {
            let arn = format!("arn:aws:iam::{ACCOUNT_ID}:role/{STACK_NAME}-{name}");
            scope.insert(
                name,
                ResourceNames::new(format!("{STACK_NAME}-{name}")).with("Arn", arn),
            );
        }
        for name in document.resources_of_type("AWS::Serverless::Function") {
            let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{STACK_NAME}-{name}");
            scope.insert(
                name,
                ResourceNames::new(format!("{STACK_NAME}-{name}")).with("Arn", arn),
            );
        }
        for name in document.resources_of_type("AWS::Serverless::HttpApi") {
            let endpoint = format!("https://{name}.execute-api.{REGION}.amazonaws.com");
            scope.insert(name, ResourceNames::new(name).with("ApiEndpoint", endpoint));
        }
        scope
    }

    /// Makes a resource known.
    pub fn insert(&mut self, logical_name: &str, names: ResourceNames) {
        self.resources.insert(logical_name.to_owned(), names);
    }

    /// What `!Ref name` stands for.
    pub(super) fn reference<'a>(&self, name: &'a str) -> Found<'a> {
        let pseudo = match name {
            "AWS::AccountId" => Some(ACCOUNT_ID),
            "AWS::Region" => Some(REGION),
            "AWS::StackName" => Some(STACK_NAME),
            "AWS::Partition" => Some("aws"),
            "AWS::URLSuffix" => Some("amazonaws.com"),
            _ => None,
        };
        if let Some(value) = pseudo {
            return Found::Value(value.into());
        }
        match self.parameters.get(name) {
            Some(Some(value)) => return Found::Value(value.clone()),
            Some(None) => return Found::NoValue,
            None => {}
        }
        match self.resources.get(name) {
            Some(names) => Found::Value(names.reference.clone().into()),
            None => Found::Unknown(name),
        }
    }

    /// Whether a condition holds; `None` where nothing is known about it.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        self.conditions.get(name).copied()
    }

    /// What `!GetAtt resource.attribute` stands for.
    pub(super) fn attribute(&self, resource: &str, attribute: &str) -> Option<&str> {
        self.resources
            .get(resource)?
            .attributes
            .get(attribute)
            .map(String::as_str)
    }
}

/// A parameter's default, as text: `CloudFormation` treats every value so.
fn default_of(definition: &Yaml) -> Option<String> {
    match definition.get("Default")? {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn typed(definition: &Yaml, value: &str) -> Json {
    match definition.get("Type").and_then(Yaml::as_str) {
        Some("CommaDelimitedList" | "List<String>" | "List<Number>") => {
            value.split(',').map(str::trim).collect()
        }
        _ => value.into(),
    }
}
