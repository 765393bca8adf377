//! The HTTP API: routes, authorizers and CORS.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Document, FunctionResource, Route, Scope, TemplateError};

/// The HTTP API of the template.
#[derive(Clone, Debug)]
pub struct Api {
    /// Every function's routes.
    pub routes: Vec<Route>,
    /// The CORS rules, when the template has any.
    pub cors: Option<Cors>,
}

/// Who may call a route.
#[derive(Clone, Debug, PartialEq)]
pub enum Authorizer {
    /// Everybody.
    Nobody,
    /// Whoever has a JWT.
    Jwt(JwtAuthorizer),
    /// Whoever signs with IAM credentials; locally, whoever has a server's token.
    Iam,
}

/// What a JWT authorizer asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct JwtAuthorizer {
    /// The header with the token, in lower case.
    pub header: String,
    /// The only issuer that is accepted.
    pub issuer: String,
    /// The audiences of which a token must have one.
    pub audience: Vec<String>,
    /// The scopes of which a token must have one, if any are listed.
    pub scopes: Vec<String>,
}

/// The API's CORS rules.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct Cors {
    /// Origins whose pages may read answers.
    pub allow_origins: Vec<String>,
    /// Methods that they may use.
    pub allow_methods: Vec<String>,
    /// Headers that they may send.
    pub allow_headers: Vec<String>,
    /// Headers that they may read.
    pub expose_headers: Vec<String>,
    /// How long a browser may remember the answer to a preflight request, in seconds.
    pub max_age: Option<u64>,
    /// Whether cookies may be sent.
    pub allow_credentials: bool,
}

impl Api {
    /// Reads the API and the routes of `functions`.
    ///
    /// # Errors
    ///
    /// Something in the API or an event cannot be resolved or read.
    pub fn read(
        document: &Document,
        scope: &Scope,
        functions: &[FunctionResource],
    ) -> Result<Self, TemplateError> {
        let apis = document.resources_of_type("AWS::Serverless::HttpApi");
        let [api] = apis.as_slice() else {
            return Err(TemplateError::Missing {
                what: "AWS::Serverless::HttpApi, or more than one".to_owned(),
            });
        };
        let property = |property| ["Resources", api, "Properties", property];
        let auth: ApiAuth = document
            .typed_part(&property("Auth"), scope)?
            .unwrap_or_default();
        let cors = document.typed_part(&property("CorsConfiguration"), scope)?;
        let mut routes = Vec::new();
        for function in functions {
            routes.extend(function.routes(document, scope, &auth)?);
        }
        Ok(Self { routes, cors })
    }
}

/// `Auth` of the API.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ApiAuth {
    default_authorizer: Option<String>,
    authorizers: BTreeMap<String, AuthorizerDefinition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AuthorizerDefinition {
    identity_source: Option<String>,
    jwt_configuration: JwtConfiguration,
    #[serde(default)]
    authorization_scopes: Vec<String>,
}

#[derive(Deserialize)]
struct JwtConfiguration {
    issuer: String,
    audience: Vec<String>,
}

/// `Auth` of a route.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct EventAuth {
    authorizer: Option<String>,
    authorization_scopes: Option<Vec<String>>,
}

impl ApiAuth {
    /// The authorizer of a route: its own, else the API's default.
    pub(super) fn authorizer(
        &self,
        event: EventAuth,
        at: &str,
    ) -> Result<Authorizer, TemplateError> {
        let name = match event
            .authorizer
            .as_deref()
            .or(self.default_authorizer.as_deref())
        {
            None | Some("NONE") => return Ok(Authorizer::Nobody),
            Some("AWS_IAM") => return Ok(Authorizer::Iam),
            Some(name) => name,
        };
        let definition = self
            .authorizers
            .get(name)
            .ok_or_else(|| TemplateError::Unknown {
                at: at.to_owned(),
                name: name.to_owned(),
            })?;
        let source = definition
            .identity_source
            .as_deref()
            .unwrap_or("$request.header.Authorization");
        let header =
            source
                .strip_prefix("$request.header.")
                .ok_or_else(|| TemplateError::Unsupported {
                    at: at.to_owned(),
                    function: format!("IdentitySource {source}"),
                })?;
        Ok(Authorizer::Jwt(JwtAuthorizer {
            header: header.to_ascii_lowercase(),
            issuer: definition.jwt_configuration.issuer.clone(),
            audience: definition.jwt_configuration.audience.clone(),
            scopes: event
                .authorization_scopes
                .unwrap_or_else(|| definition.authorization_scopes.clone()),
        }))
    }
}
