//! A stack that is healthy until a test breaks something, and how findings are looked at.

use std::collections::BTreeMap;
use std::net::TcpListener;

use local::doctor::{self, Check, Finding, Outcome, Subject};
use local::{Options, Stack};
use reqwest::Client;
use serde_json::{Value, json};
use shared::settings::Environment;
use tempfile::TempDir;

use crate::support::{aws, client};

pub async fn examine(subject: &Subject) -> Vec<Finding> {
    let mut findings = Vec::new();
    let show = |finding| findings.push(finding);
    let examined = doctor::examine(subject, &Environment::default(), show).await;
    examined.unwrap();
    findings
}

/// An address where nobody listens.
pub fn nowhere() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The checks that failed.
pub fn failures(findings: &[Finding]) -> Vec<Check> {
    let failed = findings.iter().filter(|finding| finding.is_failure());
    failed.map(|finding| finding.check).collect()
}

/// That this failed alone, with these words in what was found and in how to mend it.
pub fn assert_broken(findings: &[Finding], check: Check, found: &str, mend: &str) {
    assert_eq!(failures(findings), [check], "{findings:#?}");
    assert_says(findings, check, found, mend);
}

pub fn assert_says(findings: &[Finding], check: Check, found: &str, mend: &str) {
    let outcome = outcome(findings, check);
    let Outcome::Fail(trouble) = outcome else {
        panic!("{check}: {outcome:?}");
    };
    assert!(trouble.found.contains(found), "{check}: {}", trouble.found);
    assert!(trouble.mend.contains(mend), "{check}: {}", trouble.mend);
}

pub fn assert_skipped(findings: &[Finding], checks: &[Check]) {
    for check in checks {
        let outcome = outcome(findings, *check);
        assert!(
            matches!(outcome, Outcome::Skipped(_)),
            "{check}: {outcome:?}"
        );
    }
}

fn outcome(findings: &[Finding], check: Check) -> &Outcome {
    let mut of_check = findings.iter().filter(|finding| finding.check == check);
    let found = of_check
        .next()
        .unwrap_or_else(|| panic!("no line for {check}"));
    assert!(of_check.next().is_none(), "two lines for {check}");
    &found.outcome
}

/// A stack with a folder that has its variables.
pub struct Ward {
    pub stack: Stack,
    pub client: Client,
    pub folder: TempDir,
    variables: BTreeMap<String, String>,
}

impl Ward {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            env_file: Some(folder.path().join("env")),
            ..Options::default()
        };
        let stack = Stack::start(options).await.unwrap();
        let variables = stack.environment().clone();
        Self {
            stack,
            client: client(),
            folder,
            variables,
        }
    }

    pub fn variable(&self, name: &str) -> &str {
        &self.variables[name]
    }

    /// Writes the folder's variables with another value of one; empty is none.
    pub fn set(&self, name: &str, value: &str) {
        self.set_all(&[(name, value)]);
    }

    /// The same with other values of several.
    pub fn set_all(&self, others: &[(&str, &str)]) {
        let mut variables = self.variables.clone();
        let others = others.iter();
        variables.extend(others.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let set = variables.iter().filter(|(_, value)| !value.is_empty());
        let lines: Vec<_> = set
            .map(|(name, value)| format!("{name}='{value}'\n"))
            .collect();
        std::fs::write(self.folder.path().join("env"), lines.concat()).unwrap();
    }

    /// What is found from inside.
    pub async fn examine(&self) -> Vec<Finding> {
        examine(&Subject::Local(self.folder.path().to_owned())).await
    }

    /// What is found from inside with another value of one variable.
    pub async fn examine_with(&self, name: &str, value: &str) -> Vec<Finding> {
        self.set(name, value);
        self.examine().await
    }

    /// What is found from outside.
    pub async fn examine_from_outside(
        &self,
        token: Option<&str>,
        origin: Option<&str>,
    ) -> Vec<Finding> {
        from_outside(self.stack.gateway_url(), token, origin).await
    }

    pub async fn aws(&self, target: &str, body: Value) -> Value {
        let url = if target.starts_with("DynamoDB") {
            self.stack.dynamodb_url()
        } else {
            self.stack.aws_url()
        };
        aws(&self.client, url, target, &body).await.unwrap()
    }

    /// Puts another value into the secret that a variable names.
    pub async fn put_secret(&self, variable: &str, value: &str) {
        let body = json!({ "SecretId": self.variable(variable), "SecretString": value });
        self.aws("secretsmanager.PutSecretValue", body).await;
    }

    pub async fn disable_token_key(&self) {
        let body = json!({ "KeyId": self.variable("TOKEN_KEY_ID") });
        self.aws("TrentService.DisableKey", body).await;
    }

    /// Lets the simulator answer the next call with an error.
    pub async fn plaid_refuses(&self, endpoint: &str, error_type: &str, error_code: &str) {
        let fault = json!({
            "endpoint": endpoint,
            "kind": "plaid_error",
            "error_type": error_type,
            "error_code": error_code,
            "status": 400,
        });
        self.plaid("faults", &fault).await;
    }

    /// Tells Plaid's simulator something.
    pub async fn plaid(&self, control: &str, body: &Value) {
        self.tell(self.stack.plaid_url(), control, body).await;
    }

    /// Tells Astra's simulator something.
    pub async fn astra(&self, control: &str, body: &Value) {
        self.tell(self.stack.astra_url(), control, body).await;
    }

    async fn tell(&self, simulator: Option<&str>, control: &str, body: &Value) {
        let url = format!("{}/simulator/{control}", simulator.unwrap());
        let response = self.client.post(url).json(body).send().await.unwrap();
        assert!(
            response.status().is_success(),
            "{}",
            response.text().await.unwrap()
        );
    }
}

pub async fn from_outside(url: &str, token: Option<&str>, origin: Option<&str>) -> Vec<Finding> {
    let subject = Subject::Outside {
        url: url.parse().unwrap(),
        token: token.map(str::to_owned),
        origin: origin.map(str::to_owned),
    };
    examine(&subject).await
}
