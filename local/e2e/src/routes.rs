//! The routes of `template.yaml`, each with who may call it.

use std::collections::BTreeMap;

use local::template::{
    Api, Authorizer, Document, FunctionResource, ResourceNames, Scope, TEMPLATE,
};

use crate::scene::Failure;

/// Parameters without a default; whatever they are, the routes are the same.
const PARAMETERS: [&str; 4] = ["ClientName", "JwtIssuer", "JwtAudience", "AllowedOrigins"];
/// What functions' environment variables name.
const NAMED: [&str; 4] = [
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::KMS::Key",
    "AWS::SecretsManager::Secret",
];

/// Authorizers by route, as in `GET /v1/items`.
///
/// # Errors
/// The template cannot be read.
pub fn of_template() -> Result<BTreeMap<String, Authorizer>, Failure> {
    let document = Document::parse(TEMPLATE)?;
    let parameters = PARAMETERS.map(|name| (name.to_owned(), "any".to_owned()));
    let mut parameters = BTreeMap::from(parameters);
    // What is made only where something is switched on is described all the same.
    parameters.insert("AstraEnvironment".to_owned(), "sandbox".to_owned());
    let mut scope = Scope::new(&document, &parameters);
    for kind in NAMED {
        for name in document.resources_of_type(kind) {
            scope.insert(name, ResourceNames::new(name).with("Arn", name));
        }
    }
    let functions = FunctionResource::read_all(&document, &scope)?;
    let api = Api::read(&document, &scope, &functions)?;
    let routes = api.routes.into_iter().map(|route| {
        let method = route.method.unwrap_or_else(|| "ANY".to_owned());
        (format!("{method} {}", route.path), route.authorizer)
    });
    Ok(routes.collect())
}
