//! Reads `template.yaml`: the local stack has the routes, authorizers, timeouts,
//! environment variables, CORS rules and tables that AWS would make of it.
//!
//! [`Document`] is the file as written. Intrinsic functions (`!Ref`, `!Sub`,
//! `!GetAtt`, `!If`) are resolved against a [`Scope`], part by part and only where a part is
//! needed: the names that AWS would give to keys and secrets are only known once the
//! local ones exist.

mod api;
mod document;
mod functions;
mod resolve;
mod scope;
mod tables;
#[cfg(test)]
mod tests;

pub use api::{Api, Authorizer, Cors, JwtAuthorizer};
pub use document::Document;
pub(crate) use functions::{EventSource, natural};
pub use functions::{FunctionResource, Route};
pub use scope::{ACCOUNT_ID, REGION, ResourceNames, STACK_NAME, Scope};
pub use tables::Table;

/// The repository's template, compiled in so that the program works from any folder.
pub const TEMPLATE: &str = include_str!("../../../template.yaml");

/// Why the template cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The text is not YAML.
    #[error("template.yaml is not valid YAML")]
    Yaml(#[from] serde_norway::Error),
    /// A name that the local stack has no value for.
    #[error("template.yaml, {at}: nothing is known locally about `{name}`")]
    Unknown {
        /// Where in the template.
        at: String,
        /// What was referred to, e.g. `Queue.Arn`.
        name: String,
    },
    /// A parameter that has neither a default nor a local value.
    #[error("template.yaml, {at}: the parameter `{name}` has no default and no local value")]
    NoValue {
        /// Where in the template.
        at: String,
        /// The parameter.
        name: String,
    },
    /// An intrinsic function that the local stack does not know.
    #[error("template.yaml, {at}: the local stack does not understand `{function}` here")]
    Unsupported {
        /// Where in the template.
        at: String,
        /// The function or setting.
        function: String,
    },
    /// A part that does not have the shape that SAM asks for.
    #[error("template.yaml, {at}: unexpected content")]
    Shape {
        /// Where in the template.
        at: String,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// A part that has to be there and is not.
    #[error("template.yaml has no {what}")]
    Missing {
        /// The part.
        what: String,
    },
}
