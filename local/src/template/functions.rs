//! Functions: their routes, timeouts and environment variables.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::api::{self, Authorizer};
use super::{Document, Scope, TemplateError};

/// Lambda's defaults, where the template says nothing.
const DEFAULT_TIMEOUT_SECONDS: u64 = 3;
const DEFAULT_RETRIES: u64 = 2;
const DEFAULT_MAX_AGE_SECONDS: u64 = 6 * 60 * 60;

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
    /// How often an event that nobody waits for is tried again when the function fails.
    pub event_retries: u64,
    /// How long such an event is tried.
    pub event_max_age: Duration,
}

/// One of a function's `Events`. Its properties are only resolved where they are asked
/// for: some name resources that there are none of on a laptop.
pub(crate) struct EventSource<'a> {
    document: &'a Document,
    scope: &'a Scope,
    path: [&'a str; 5],
    /// Its name within the function.
    pub(crate) name: &'a str,
    /// Its type, e.g. `HttpApi`.
    pub(crate) kind: String,
}

impl EventSource<'_> {
    /// Where it is, for errors.
    pub(crate) fn at(&self) -> String {
        self.path.join(".")
    }

    fn properties<'b>(&'b self, rest: &[&'b str]) -> Vec<&'b str> {
        [&self.path, ["Properties"].as_slice(), rest].concat()
    }

    /// The names of its properties.
    pub(crate) fn property_names(&self) -> Vec<&str> {
        self.document.keys(&self.properties(&[]))
    }

    /// A property as a type; `None` when the template does not have it.
    pub(crate) fn property<T: DeserializeOwned>(
        &self,
        names: &[&str],
    ) -> Result<Option<T>, TemplateError> {
        self.document
            .typed_part(&self.properties(names), self.scope)
    }

    /// A whole number, which a parameter gives as text.
    pub(crate) fn integer(&self, names: &[&str]) -> Result<Option<i64>, TemplateError> {
        integer(self.document, self.scope, &self.properties(names))
    }

    /// A setting that the local stack does not know.
    pub(crate) fn unsupported(&self, what: impl Into<String>) -> TemplateError {
        TemplateError::Unsupported {
            at: self.at(),
            function: what.into(),
        }
    }

    /// A property that has to be there and is not.
    pub(crate) fn missing(&self, property: &str) -> TemplateError {
        TemplateError::Missing {
            what: self.properties(&[property]).join("."),
        }
    }
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
struct HttpApiEvent {
    method: String,
    path: String,
    #[serde(default)]
    auth: api::EventAuth,
    payload_format_version: Option<String>,
}

impl FunctionResource {
    /// All functions of the template whose conditions hold.
    ///
    /// # Errors
    ///
    /// Something in a function cannot be resolved or read.
    pub fn read_all(document: &Document, scope: &Scope) -> Result<Vec<Self>, TemplateError> {
        document
            .made_of_type("AWS::Serverless::Function", scope)?
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
        let of_events = |setting| {
            let own = [
                "Resources",
                name,
                "Properties",
                "EventInvokeConfig",
                setting,
            ];
            let all = ["Globals", "Function", "EventInvokeConfig", setting];
            match integer(document, scope, &own)? {
                Some(own) => Ok(Some(own)),
                None => integer(document, scope, &all),
            }
        };
        let retries = of_events("MaximumRetryAttempts")?;
        let max_age = of_events("MaximumEventAgeInSeconds")?;
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
            event_retries: natural(retries).unwrap_or(DEFAULT_RETRIES),
            event_max_age: Duration::from_secs(natural(max_age).unwrap_or(DEFAULT_MAX_AGE_SECONDS)),
        })
    }

    /// Everything that starts this function.
    pub(crate) fn event_sources<'a>(
        &'a self,
        document: &'a Document,
        scope: &'a Scope,
    ) -> Result<Vec<EventSource<'a>>, TemplateError> {
        let path = ["Resources", &self.logical_name, "Properties", "Events"];
        document
            .keys(&path)
            .into_iter()
            .map(|name| {
                let [resources, function, properties, events] = path;
                let path = [resources, function, properties, events, name];
                let kind = [path.as_slice(), &["Type"]].concat();
                let kind = document.typed_part(&kind, scope)?;
                let kind = kind.ok_or_else(|| TemplateError::Missing {
                    what: format!("{}.Type", path.join(".")),
                })?;
                Ok(EventSource {
                    document,
                    scope,
                    path,
                    name,
                    kind,
                })
            })
            .collect()
    }

    /// The routes of this function.
    pub(super) fn routes(
        &self,
        document: &Document,
        scope: &Scope,
        auth: &api::ApiAuth,
    ) -> Result<Vec<Route>, TemplateError> {
        self.event_sources(document, scope)?
            .into_iter()
            .filter(|event| event.kind == "HttpApi")
            .map(|event| {
                let properties = event.property(&[])?.unwrap_or_default();
                self.route(properties, auth, &event.at())
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

fn integer(
    document: &Document,
    scope: &Scope,
    path: &[&str],
) -> Result<Option<i64>, TemplateError> {
    let value: Option<Json> = document.typed_part(path, scope)?;
    let Some(value) = value else { return Ok(None) };
    let number = match &value {
        Json::String(text) => text.parse().ok(),
        value => value.as_i64(),
    };
    let unsupported = || TemplateError::Unsupported {
        at: path.join("."),
        function: format!("{value} as a number"),
    };
    number.map(Some).ok_or_else(unsupported)
}

/// A limit; `None` for a negative one, with which AWS means that there is none.
pub(crate) fn natural(number: Option<i64>) -> Option<u64> {
    number.and_then(|number| number.try_into().ok())
}

fn missing(resource: &str, property: &str) -> TemplateError {
    TemplateError::Missing {
        what: format!("Resources.{resource}.Properties.{property}"),
    }
}
