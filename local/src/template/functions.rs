//! Functions: their routes, timeouts and environment variables.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;

use super::api::{self, Authorizer};
use super::{Document, Scope, TemplateError};

/// Lambda's default, where the template says nothing.
const DEFAULT_TIMEOUT_SECONDS: u64 = 3;

/// A function of the template.
#[derive(Clone, Debug)]
pub struct FunctionResource {
    /// The logical name of the resource.
    pub logical_name: String,
    /// The package, which is the last part of `CodeUri` and the binary's name.
    pub package: String,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// The environment variables that the template sets.
    pub environment: BTreeMap<String, String>,
}

/// One route of the HTTP API.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method in capitals; `None` for any.
    pub method: Option<String>,
    /// The path with its `{parameters}`.
    pub path: String,
    /// Who may call it.
    pub authorizer: Authorizer,
    /// The package of the function that answers.
    pub function: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Variables {
    variables: BTreeMap<String, Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    r#type: String,
    #[serde(default)]
    properties: Json,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HttpApiEvent {
    method: String,
    path: String,
    #[serde(default)]
    auth: api::EventAuth,
    payload_format_version: Option<String>,
}

impl FunctionResource {
    /// All functions of the template.
    ///
    /// # Errors
    ///
    /// Something in a function cannot be resolved or read.
    pub fn read_all(document: &Document, scope: &Scope) -> Result<Vec<Self>, TemplateError> {
        document
            .resources_of_type("AWS::Serverless::Function")
            .into_iter()
            .map(|name| Self::read(document, scope, name))
            .collect()
    }

    fn read(document: &Document, scope: &Scope, name: &str) -> Result<Self, TemplateError> {
        let property = |property| ["Resources", name, "Properties", property];
        let code: Option<String> = document.typed_part(&property("CodeUri"), scope)?;
        let code = code.ok_or_else(|| missing(name, "CodeUri"))?;
        let timeout: Option<u64> = match document.typed_part(&property("Timeout"), scope)? {
            Some(seconds) => Some(seconds),
            None => document.typed_part(&["Globals", "Function", "Timeout"], scope)?,
        };
        let mut environment = variables(document, scope, &["Globals", "Function", "Environment"])?;
        environment.extend(variables(document, scope, &property("Environment"))?);
        Ok(Self {
            logical_name: name.to_owned(),
            package: code
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or(&code)
                .to_owned(),
            timeout: Duration::from_secs(timeout.unwrap_or(DEFAULT_TIMEOUT_SECONDS)),
            environment,
        })
    }

    /// The routes of this function.
    pub(super) fn routes(
        &self,
        document: &Document,
        scope: &Scope,
        auth: &api::ApiAuth,
    ) -> Result<Vec<Route>, TemplateError> {
        let path = ["Resources", &self.logical_name, "Properties", "Events"];
        let events: BTreeMap<String, Event> =
            document.typed_part(&path, scope)?.unwrap_or_default();
        events
            .into_iter()
            .filter(|(_, event)| event.r#type == "HttpApi")
            .map(|(name, event)| {
                let at = format!("{}.{name}", path.join("."));
                self.route(event.properties, auth, &at)
            })
            .collect()
    }

    fn route(
        &self,
        properties: Json,
        auth: &api::ApiAuth,
        at: &str,
    ) -> Result<Route, TemplateError> {
        let event: HttpApiEvent =
            serde_json::from_value(properties).map_err(|source| TemplateError::Shape {
                at: at.to_owned(),
                source,
            })?;
        if event
            .payload_format_version
            .is_some_and(|version| version != "2.0")
        {
            return Err(TemplateError::Unsupported {
                at: at.to_owned(),
                function: "a PayloadFormatVersion other than 2.0".to_owned(),
            });
        }
        let method = event.method.to_ascii_uppercase();
        Ok(Route {
            method: (method != "ANY" && method != "*").then_some(method),
            path: event.path,
            authorizer: auth.authorizer(event.auth, at)?,
            function: self.package.clone(),
        })
    }
}

fn variables(
    document: &Document,
    scope: &Scope,
    path: &[&str],
) -> Result<BTreeMap<String, String>, TemplateError> {
    let variables: Variables = document.typed_part(path, scope)?.unwrap_or_default();
    variables
        .variables
        .into_iter()
        .map(|(name, value)| match value {
            Json::String(text) => Ok((name, text)),
            Json::Number(_) | Json::Bool(_) => Ok((name, value.to_string())),
            _ => Err(TemplateError::Unsupported {
                at: format!("{}.Variables.{name}", path.join(".")),
                function: "a value that is no text".to_owned(),
            }),
        })
        .collect()
}

fn missing(resource: &str, property: &str) -> TemplateError {
    TemplateError::Missing {
        what: format!("Resources.{resource}.Properties.{property}"),
    }
}
