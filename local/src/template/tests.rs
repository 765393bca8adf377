//! What the repository's own template, and small others, are read as.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::*;

fn scope(document: &Document) -> Scope {
    let parameters = [
        ("JwtIssuer", "http://issuer"),
        ("JwtAudience", "audience"),
        ("AllowedOrigins", "http://a,http://b"),
        ("ClientName", "Name"),
        ("PlaidBaseUrl", "http://127.0.0.1:1"),
        ("AstraEnvironment", "sandbox"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut scope = Scope::new(document, &BTreeMap::from(parameters));
    for kind in [
        "AWS::KMS::Key",
        "AWS::SecretsManager::Secret",
        "AWS::DynamoDB::Table",
        "AWS::Events::EventBus",
    ] {
        for name in document.resources_of_type(kind) {
            let names = ResourceNames::new(format!("ref-of-{name}"));
            scope.insert(name, names.with("Arn", format!("arn-of-{name}")));
        }
    }
    scope
}

fn read(text: &str) -> Result<(Vec<FunctionResource>, Api), TemplateError> {
    let document = Document::parse(text)?;
    let scope = scope(&document);
    let functions = FunctionResource::read_all(&document, &scope)?;
    let api = Api::read(&document, &scope, &functions)?;
    Ok((functions, api))
}

fn function<'a>(functions: &'a [FunctionResource], package: &str) -> &'a FunctionResource {
    functions
        .iter()
        .find(|function| function.package == package)
        .unwrap()
}

fn route<'a>(api: &'a Api, method: &str, path: &str) -> &'a Route {
    let wanted = |route: &&Route| route.method.as_deref() == Some(method) && route.path == path;
    api.routes.iter().find(wanted).unwrap()
}

#[test]
fn functions_have_their_timeout_and_their_environment() {
    let (functions, _) = read(TEMPLATE).unwrap();
    let exchange = function(&functions, "exchange-and-processor-token");
    assert_eq!(exchange.logical_name, "ExchangeAndProcessorToken");
    assert_eq!(exchange.timeout, Duration::from_secs(25));
    let variables = &exchange.environment;
    assert_eq!(variables["PLAID_BASE_URL"], "http://127.0.0.1:1");
    assert_eq!(variables["TOKEN_KEY_ID"], "arn-of-TokenKey");
    assert_eq!(variables["PLAID_SECRET_ID"], "ref-of-PlaidSecret");
    assert_eq!(variables["PROCESSOR"], "astra");
}

#[test]
fn every_function_has_the_global_environment() {
    let (functions, _) = read(TEMPLATE).unwrap();
    assert!(functions.len() >= 4);
    for function in functions {
        assert_eq!(
            function.environment["TABLE_NAME"], "ref-of-Table",
            "{}",
            function.package
        );
    }
}

#[test]
fn routes_have_the_authorizer_of_the_event_or_of_the_api() {
    let (_, api) = read(TEMPLATE).unwrap();
    let webhook = route(&api, "POST", "/v1/webhooks/plaid");
    assert_eq!(webhook.function, "webhook-receipt");
    assert_eq!(webhook.authorizer, Authorizer::Nobody);
    let item = route(&api, "GET", "/v1/items/{item_id}");
    assert_eq!(item.function, "list-items");
    let jwt = JwtAuthorizer {
        header: "authorization".to_owned(),
        issuer: "http://issuer".to_owned(),
        audience: vec!["audience".to_owned()],
        scopes: vec![],
    };
    assert_eq!(item.authorizer, Authorizer::Jwt(jwt));
}

#[test]
fn cors_is_read_with_lists_from_parameters() {
    let cors = read(TEMPLATE).unwrap().1.cors.unwrap();
    assert_eq!(cors.allow_origins, ["http://a", "http://b"]);
    assert!(cors.expose_headers.contains(&"retry-after".to_owned()));
    assert_eq!(cors.max_age, Some(600));
}

#[test]
fn the_table_becomes_a_create_table_request() {
    let document = Document::parse(TEMPLATE).unwrap();
    let tables = Table::read_all(&document, &scope(&document)).unwrap();
    let [table] = tables.as_slice() else {
        panic!("{tables:?}")
    };
    assert_eq!(table.name, "local-Table");
    assert_eq!(table.time_to_live.as_deref(), Some("expires_at"));
    assert_eq!(table.create["TableName"], "local-Table");
    assert_eq!(
        table.create["StreamSpecification"],
        json!({ "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" })
    );
    assert_eq!(
        table.create["GlobalSecondaryIndexes"][0]["IndexName"],
        "due"
    );
    assert_eq!(table.create.get("SSESpecification"), None);
}

const SMALL: &str = "
Globals:
  Function:
    Timeout: 7
    Environment: { Variables: { A: global, B: global } }
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth: { EnableIamAuthorizer: true }
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/f/
      Environment: { Variables: { B: own, N: 5, T: true } }
      Events:
        A: { Type: HttpApi, Properties: { Method: any, Path: /a, Auth: { Authorizer: AWS_IAM } } }
        B: { Type: HttpApi, Properties: { Method: get, Path: /b } }
        C: { Type: Schedule, Properties: { Schedule: rate(1 minute) } }
";

#[test]
fn a_functions_own_settings_go_before_the_global_ones() {
    let (functions, _) = read(SMALL).unwrap();
    let f = function(&functions, "f");
    assert_eq!(f.timeout, Duration::from_secs(7));
    let expected = [("A", "global"), ("B", "own"), ("N", "5"), ("T", "true")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(f.environment, BTreeMap::from(expected));
}

#[test]
fn routes_may_need_iam_or_nothing_and_take_any_method() {
    let (_, api) = read(SMALL).unwrap();
    let routes: Vec<_> = api
        .routes
        .iter()
        .map(|route| {
            (
                route.method.as_deref(),
                route.path.as_str(),
                route.authorizer.clone(),
            )
        })
        .collect();
    let expected = [
        (None, "/a", Authorizer::Iam),
        (Some("GET"), "/b", Authorizer::Nobody),
    ];
    assert_eq!(routes, expected);
}

#[test]
fn a_function_without_routes_is_a_function_all_the_same() {
    let (functions, api) = read(TEMPLATE).unwrap();
    let reconciler = function(&functions, "reconcile-items");
    assert_eq!(reconciler.timeout, Duration::from_mins(1));
    assert_eq!(reconciler.environment["MAX_ITEMS_PER_USER"], "25");
    let mut routes = api.routes.iter();
    assert!(routes.all(|route| route.function != "reconcile-items"));
}

#[test]
fn servers_routes_need_iam_and_users_routes_a_jwt() {
    let (_, api) = read(TEMPLATE).unwrap();
    let servers = |route: &&Route| route.path.starts_with("/v1/server/");
    assert!(api.routes.iter().filter(servers).count() >= 5);
    for route in &api.routes {
        let iam = route.authorizer == Authorizer::Iam;
        assert_eq!(iam, servers(&route), "{}", route.path);
    }
}

/// F with a condition, which holds or not by its parameter.
fn small_with_condition(stage: &str) -> String {
    let condition = "Type: AWS::Serverless::Function\n    Condition: IsLive";
    format!(
        "Parameters: {{ Stage: {{ Type: String, Default: {stage} }} }}\n\
         Conditions: {{ IsLive: !Equals [!Ref Stage, live] }}\n{}",
        SMALL.replace("Type: AWS::Serverless::Function", condition)
    )
}

#[test]
fn a_function_is_there_only_where_its_condition_holds_and_its_routes_with_it() {
    let (functions, api) = read(&small_with_condition("live")).unwrap();
    assert_eq!((functions.len(), api.routes.len()), (1, 2));
    let (functions, api) = read(&small_with_condition("off")).unwrap();
    assert!(functions.is_empty() && api.routes.is_empty());
    let nobody = small_with_condition("off").replace("Condition: IsLive", "Condition: IsNobody");
    let error = read(&nobody).unwrap_err().to_string();
    assert!(
        error.contains("`IsNobody`") && error.contains("Resources.F.Condition"),
        "{error}"
    );
}

#[test]
fn an_unknown_authorizer_is_named() {
    let text = SMALL.replace("AWS_IAM", "Nobody");
    let error = read(&text).unwrap_err().to_string();
    assert!(
        error.contains("`Nobody`") && error.contains("Events.A"),
        "{error}"
    );
}

#[test]
fn a_reference_to_a_resource_that_is_not_local_is_named() {
    let text = SMALL.replace("B: own", "B: !GetAtt Bus.Arn");
    let error = read(&text).unwrap_err().to_string();
    assert!(
        error.contains("`Bus.Arn`") && error.contains("Variables.B"),
        "{error}"
    );
}

#[test]
fn a_function_without_code_is_named() {
    let error = read(&SMALL.replace("CodeUri", "Code"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("Resources.F.Properties.CodeUri"), "{error}");
}

#[test]
fn what_is_no_yaml_is_refused() {
    assert!(matches!(
        Document::parse("a: [b"),
        Err(TemplateError::Yaml(_))
    ));
}
