//! The environment variables of the functions.

use std::collections::BTreeMap;

use url::Url;

use crate::Options;
use crate::gateway::{ASTRA_RETURN, USER_AUDIENCE, USER_ISSUER};
use crate::template::{FunctionResource, REGION};

/// A function's variables by name.
pub(crate) type Variables = BTreeMap<String, String>;

/// The base URLs of a stack.
pub(crate) struct Urls {
    pub(crate) gateway: String,
    /// `None` with Plaid's own Sandbox.
    pub(crate) plaid: Option<String>,
    /// `None` where Astra is switched off.
    pub(crate) astra: Option<String>,
    pub(crate) aws: String,
    pub(crate) dynamodb: String,
}

/// The template's parameters as they are on a laptop; the others keep their defaults.
pub(crate) fn parameters(urls: &Urls, gateway_port: u16) -> BTreeMap<String, String> {
    let back_from_astra = format!("{}{ASTRA_RETURN}", urls.gateway);
    let (astra, astra_url, back_from_astra) = match &urls.astra {
        Some(url) => ("sandbox", url.as_str(), back_from_astra.as_str()),
        None => ("", "", ""),
    };
    let origins = format!("{},http://localhost:{gateway_port}", urls.gateway);
    [
        ("PlaidEnvironment", "sandbox"),
        ("PlaidBaseUrl", urls.plaid.as_deref().unwrap_or_default()),
        ("AstraEnvironment", astra),
        ("AstraBaseUrl", astra_url),
        ("AstraRedirectUri", back_from_astra),
        ("ClientName", "Local Demo"),
        ("Microdeposits", "automated,same_day,instant"),
        ("RedirectUri", ""),
        ("ReturnProcessorToken", "true"),
        ("WebhookBaseUrl", &urls.gateway),
        ("JwtIssuer", USER_ISSUER),
        ("JwtAudience", USER_AUDIENCE),
        ("AllowedOrigins", &origins),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// What every function needs to reach the local AWS.
pub(crate) fn aws(urls: &Urls, options: &Options) -> Variables {
    let by = |proxy: &Option<Url>, url: &str| proxy.as_ref().map_or(url, Url::as_str).to_owned();
    let aws = by(&options.aws_proxy, &urls.aws);
    let dynamodb = by(&options.dynamodb_proxy, &urls.dynamodb);
    [
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", &aws),
        ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb),
        ("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", &urls.dynamodb),
        // Without it the SDK may ask an address that only exists on EC2, and wait.
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// The variables of one function. As in AWS, it has credentials of its own: its package
/// names them.
pub(crate) fn of_function(function: &FunctionResource, aws: &Variables) -> Variables {
    let mut variables = function.environment.clone();
    variables.extend(aws.clone());
    for name in ["AWS_ACCESS_KEY_ID", "AWS_LAMBDA_FUNCTION_NAME"] {
        variables.insert(name.to_owned(), function.package.clone());
    }
    variables
}

/// All that any function needs, for a program that runs all of them with one
/// environment. Where functions disagree, the first one of the template wins.
pub(crate) fn of_all(functions: &[FunctionResource], aws: &Variables) -> Variables {
    let mut all = aws.clone();
    for (name, value) in functions.iter().flat_map(|function| &function.environment) {
        let kept = all.entry(name.clone()).or_insert_with(|| value.clone());
        if kept != value {
            tracing::warn!(name, "functions disagree about an environment variable");
        }
    }
    all
}

/// As a file of KEY=VALUE lines, for `cargo lambda watch --env-file` and for a shell.
/// An empty variable is left out: to the functions it is the same as none.
pub(crate) fn as_file(variables: &Variables) -> String {
    let set = variables.iter().filter(|(_, value)| !value.is_empty());
    let lines: Vec<_> = set
        .map(|(name, value)| format!("{name}={}\n", quoted(value)))
        .collect();
    lines.concat()
}

/// In quotes where it has more than the characters of names, numbers and URLs:
/// cargo-lambda refuses a bare value with a space.
fn quoted(value: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "-_./:,@+%=".contains(c);
    if value.chars().all(is_bare) {
        value.to_owned()
    } else if value.contains('\'') {
        format!("\"{value}\"")
    } else {
        format!("'{value}'")
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::Microdeposits;

    use super::*;

    #[test]
    fn every_micro_deposit_flow_can_be_tried() {
        let urls = Urls {
            gateway: String::new(),
            plaid: None,
            astra: None,
            aws: String::new(),
            dynamodb: String::new(),
        };
        let flows: Microdeposits = parameters(&urls, 1)["Microdeposits"].parse().unwrap();
        assert!(flows.automated && flows.same_day && flows.instant);
    }

    #[test]
    fn the_file_quotes_what_needs_it_and_leaves_out_what_is_empty() {
        let variables = [
            ("A", "http://127.0.0.1:1"),
            ("B", "Local Demo"),
            ("C", ""),
            ("D", "it's"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let file = as_file(&Variables::from(variables));
        assert_eq!(file, "A=http://127.0.0.1:1\nB='Local Demo'\nD=\"it's\"\n");
    }
}
