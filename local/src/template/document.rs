//! The template as written, before anything in it is resolved.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_norway::Value as Yaml;

use super::resolve::resolve;
use super::{Scope, TemplateError};

/// A parsed template.
#[derive(Clone, Debug)]
pub struct Document {
    root: Yaml,
}

impl Document {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// The text is not YAML.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Ok(Self {
            root: serde_norway::from_str(text)?,
        })
    }

    /// The logical names of all resources of a type, in the order of the template.
    pub fn resources_of_type(&self, kind: &str) -> Vec<&str> {
        let resources = self.root.get("Resources").and_then(Yaml::as_mapping);
        resources
            .into_iter()
            .flatten()
            .filter(|(_, resource)| resource.get("Type").and_then(Yaml::as_str) == Some(kind))
            .filter_map(|(name, _)| name.as_str())
            .collect()
    }

    /// Those of them that are made: whose condition holds, where they have one.
    ///
    /// # Errors
    ///
    /// Nothing is known about the condition of one.
    pub fn made_of_type(&self, kind: &str, scope: &Scope) -> Result<Vec<&str>, TemplateError> {
        let mut made = Vec::new();
        for name in self.resources_of_type(kind) {
            if self.is_made(name, scope)? {
                made.push(name);
            }
        }
        Ok(made)
    }

    fn is_made(&self, name: &str, scope: &Scope) -> Result<bool, TemplateError> {
        let path = ["Resources", name, "Condition"];
        let condition: Option<String> = self.typed_part(&path, scope)?;
        let Some(condition) = condition else {
            return Ok(true);
        };
        let holds = scope.condition(&condition);
        holds.ok_or_else(|| TemplateError::Unknown {
            at: path.join("."),
            name: condition,
        })
    }

    /// The keys of a mapping, in the order of the template; none when it is not there.
    pub(crate) fn keys(&self, path: &[&str]) -> Vec<&str> {
        let mut part = Some(&self.root);
        for step in path {
            part = part.and_then(|part| part.get(*step));
        }
        let mapping = part.and_then(Yaml::as_mapping);
        mapping
            .into_iter()
            .flatten()
            .filter_map(|(key, _)| key.as_str())
            .collect()
    }

    /// The names and definitions of the parameters.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&str, &Yaml)> {
        let parameters = self.root.get("Parameters").and_then(Yaml::as_mapping);
        parameters
            .into_iter()
            .flatten()
            .filter_map(|(name, definition)| Some((name.as_str()?, definition)))
    }

    /// Which of the template's conditions hold; without those that cannot be told.
    pub(super) fn conditions(&self, scope: &Scope) -> BTreeMap<String, bool> {
        let names = self.keys(&["Conditions"]);
        names
            .into_iter()
            .filter_map(|name| {
                let holds = self.part(&["Conditions", name], scope).ok()??;
                Some((name.to_owned(), holds.as_bool()?))
            })
            .collect()
    }

    /// One part of the template with its intrinsic functions resolved; `None` when the
    /// template does not have it.
    fn part(&self, path: &[&str], scope: &Scope) -> Result<Option<Json>, TemplateError> {
        let mut part = &self.root;
        for step in path {
            let Some(next) = part.get(*step) else {
                return Ok(None);
            };
            part = next;
        }
        resolve(part, scope, &path.join(".")).map(Some)
    }

    /// Like [`Document::part`], read as a type.
    pub(crate) fn typed_part<T: serde::de::DeserializeOwned>(
        &self,
        path: &[&str],
        scope: &Scope,
    ) -> Result<Option<T>, TemplateError> {
        self.part(path, scope)?
            .map(|part| {
                serde_json::from_value(part).map_err(|source| TemplateError::Shape {
                    at: path.join("."),
                    source,
                })
            })
            .transpose()
    }
}
