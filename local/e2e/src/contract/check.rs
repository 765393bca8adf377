//! The verdict on what was recorded.

use std::collections::BTreeSet;
use std::fmt;

use axum::http::{HeaderMap, StatusCode};
use jsonschema::Validator;
use serde_json::Value;

use super::stage::FOREIGN_BODY;
use super::{Description, Exchange, Sender, Webhook, schema_name};

/// The version of the API that the description describes.
const VERSION: &str = "2020-09-14";
/// Long lists of allowed values say no more than their beginning.
const LONGEST_PROBLEM: usize = 300;

/// Something that is not as Plaid describes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which request, answer or webhook, with its status if it has one.
    pub place: String,
    /// The JSON pointer to what is wrong in its body.
    pub pointer: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at \"{}\": {}",
            self.place, self.pointer, self.problem
        )
    }
}

impl Finding {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            pointer: String::new(),
            problem: problem.into(),
        }
    }
}

/// All that is wrong with these exchanges, each thing once.
pub fn exchanges(description: &Description, exchanges: &[Exchange]) -> BTreeSet<Finding> {
    exchanges
        .iter()
        .flat_map(|exchange| self::exchange(description, exchange))
        .collect()
}

/// All that is wrong with these webhooks, each thing once.
pub fn webhooks(description: &Description, webhooks: &[Webhook]) -> BTreeSet<Finding> {
    webhooks
        .iter()
        .flat_map(|webhook| self::webhook(description, webhook))
        .collect()
}

/// The paths among `expected` that were not recorded both well and with an error.
pub fn unseen_paths<'a>(
    expected: impl IntoIterator<Item = &'a str>,
    exchanges: &[Exchange],
) -> BTreeSet<Finding> {
    let seen = |path: &str, good: bool| {
        exchanges.iter().any(|exchange| {
            let status = exchange.status();
            exchange.path == path && status.is_some_and(|status| (status == StatusCode::OK) == good)
        })
    };
    let mut findings = BTreeSet::new();
    for path in expected {
        for (good, answer) in [(true, "answer with status 200"), (false, "error")] {
            if !seen(path, good) {
                findings.insert(Finding::new(path, format!("no {answer} was recorded")));
            }
        }
    }
    findings
}

/// The schemas of webhooks of which none came.
pub fn unseen_webhooks(description: &Description, webhooks: &[Webhook]) -> BTreeSet<Finding> {
    let seen: BTreeSet<_> = webhooks
        .iter()
        .filter_map(|one| schema_name(&one.json()))
        .collect();
    let names = description.webhook_names().iter();
    names
        .filter(|name| !seen.contains(name.as_str()))
        .map(|name| Finding::new(name, "no such webhook came"))
        .collect()
}

fn exchange(description: &Description, exchange: &Exchange) -> Vec<Finding> {
    let path = &exchange.path;
    let mut findings = Vec::new();
    let wrong = wrong_request(description, exchange);
    if exchange.sender == Sender::Client {
        findings.extend(wrong_headers(path, &exchange.headers));
        findings.extend(wrong);
    } else if !wrong.is_empty() && !refused_as_invalid(exchange) {
        let place = format!("{path}, a request that Plaid refuses");
        let status = exchange
            .status()
            .map_or("none".to_owned(), |status| status.to_string());
        let problem = format!("the answer is no INVALID_REQUEST: {status}");
        findings.extend(wrong.into_iter().map(|finding| Finding {
            place: place.clone(),
            problem: format!("{}; {problem}", finding.problem),
            ..finding
        }));
    }
    if let Some((status, body)) = &exchange.answer {
        findings.extend(wrong_answer(description, path, *status, body));
    }
    findings
}

fn wrong_request(description: &Description, exchange: &Exchange) -> Vec<Finding> {
    let place = format!("{}, request", exchange.path);
    let Some(validator) = description.request(&exchange.path) else {
        return vec![Finding::new(place, "Plaid has no such path")];
    };
    if exchange.method != "POST" {
        return vec![Finding::new(
            place,
            format!("the method is {}", exchange.method),
        )];
    }
    match exchange.request_json() {
        Some(body) => wrong_body(&place, validator, &body),
        None => vec![Finding::new(place, "the body is not JSON")],
    }
}

fn wrong_headers(path: &str, headers: &HeaderMap) -> Vec<Finding> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let has = |name: &str| text(name).is_some_and(|value| !value.is_empty());
    let right = [
        ("PLAID-CLIENT-ID", has("plaid-client-id")),
        ("PLAID-SECRET", has("plaid-secret")),
        ("Plaid-Version", text("plaid-version") == Some(VERSION)),
        (
            "Content-Type",
            text("content-type") == Some("application/json"),
        ),
    ];
    let wrong = right.into_iter().filter(|(_, right)| !right);
    wrong
        .map(|(name, _)| Finding::new(format!("{path}, request"), format!("the header {name}")))
        .collect()
}

fn refused_as_invalid(exchange: &Exchange) -> bool {
    let Some((status, body)) = &exchange.answer else {
        return false;
    };
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    status.is_client_error()
        && body
            .get("error_type")
            .is_some_and(|kind| kind == "INVALID_REQUEST")
}

fn wrong_answer(
    description: &Description,
    path: &str,
    status: StatusCode,
    body: &[u8],
) -> Vec<Finding> {
    if body == FOREIGN_BODY.as_bytes() {
        // A scripted fault: not Plaid's answer.
        return Vec::new();
    }
    let place = format!("{path}, answer {}", status.as_u16());
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return vec![Finding::new(place, "the body is not JSON")];
    };
    if status != StatusCode::OK {
        let mut findings = wrong_body(&place, description.error(), &body);
        // Where the schema leaves both optional, an HTTP answer does not.
        if body.get("request_id").is_none_or(|id| !id.is_string()) {
            findings.push(Finding::new(place, "an error over HTTP has a request_id"));
        }
        return findings;
    }
    match description.answer(path) {
        Some(validator) => wrong_body(&place, validator, &body),
        None => vec![Finding::new(place, "Plaid has no such path")],
    }
}

fn webhook(description: &Description, webhook: &Webhook) -> Vec<Finding> {
    let body = webhook.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or("?");
    let place = format!("webhook {}/{}", text("webhook_type"), text("webhook_code"));
    let mut findings = Vec::new();
    if webhook.header("plaid-verification").is_none() {
        findings.push(Finding::new(
            &place,
            "the header Plaid-Verification is not there",
        ));
    }
    if !webhook
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"))
    {
        findings.push(Finding::new(
            &place,
            "the header Content-Type is not JSON's",
        ));
    }
    match schema_name(&body).and_then(|name| description.webhook(name)) {
        Some(validator) => findings.extend(wrong_body(&place, validator, &body)),
        None => findings.push(Finding::new(&place, "the description has no such webhook")),
    }
    findings
}

/// What `validator` finds wrong with a body.
fn wrong_body(place: &str, validator: &Validator, body: &Value) -> Vec<Finding> {
    if !body.is_object() {
        return vec![Finding::new(place, "the body is not an object")];
    }
    let errors = validator.iter_errors(body);
    errors
        .map(|error| Finding {
            place: place.to_owned(),
            pointer: error.instance_path().to_string(),
            problem: error.to_string().chars().take(LONGEST_PROBLEM).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
