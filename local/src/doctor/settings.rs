//! The settings that the functions read when they start.

use shared::settings::{
    AstraSettings, AwsSettings, Environment, LinkSettings, PlaidSettings, Reader, SettingsError,
    VaultSettings,
};

use super::report::{Check, Finding, Trouble};

/// The variables that a parameter of the template sets alone.
pub(super) const PARAMETERS: [(&str, &str); 16] = [
    ("PLAID_ENVIRONMENT", "PlaidEnvironment"),
    ("PLAID_BASE_URL", "PlaidBaseUrl"),
    ("PLAID_CLIENT_NAME", "ClientName"),
    ("PLAID_COUNTRY_CODES", "CountryCodes"),
    ("PLAID_LANGUAGE", "Language"),
    ("PLAID_MICRODEPOSITS", "Microdeposits"),
    ("PLAID_REDIRECT_URI", "RedirectUri"),
    ("PROCESSOR", "Processor"),
    ("ASTRA_ENVIRONMENT", "AstraEnvironment"),
    ("ASTRA_BASE_URL", "AstraBaseUrl"),
    ("ASTRA_REDIRECT_URI", "AstraRedirectUri"),
    ("ASTRA_AUTHORIZE_URL", "AstraAuthorizeUrl"),
    ("RETURN_PROCESSOR_TOKEN", "ReturnProcessorToken"),
    ("MAX_ITEMS_PER_USER", "MaxItemsPerUser"),
    ("VAULT_ID", "VaultId"),
    ("WEBHOOK_BASE_URL", "WebhookBaseUrl"),
];
const CLIENT_NAME: &str = "PLAID_CLIENT_NAME";

/// What could be read; a function lacks nothing of what is `Some`.
pub(super) struct Settings {
    pub(super) aws: Option<AwsSettings>,
    pub(super) table: Option<String>,
    pub(super) plaid: Option<PlaidSettings>,
    pub(super) vault: Option<VaultSettings>,
    pub(super) link: Option<LinkSettings>,
    pub(super) astra: Option<Astra>,
    /// Where Plaid sends webhooks.
    pub(super) webhook: Option<String>,
}

/// Astra, which a stack need not have.
pub(super) enum Astra {
    Off,
    On(Box<AstraSettings>),
}

/// Reads everything that any function reads, by the functions' own rules.
pub(super) fn read(environment: &Environment) -> (Settings, Vec<Finding>) {
    let mut problems = Problems::default();
    let astra = problems.kept(Reader::read(environment, Reader::astra));
    let settings = Settings {
        aws: problems.kept(Reader::read(environment, Reader::aws)),
        table: problems.kept(Reader::read(environment, Reader::table_name)),
        plaid: problems.kept(Reader::read(environment, Reader::plaid)),
        vault: problems.kept(Reader::read(environment, Reader::vault)),
        link: problems.kept(Reader::read(environment, Reader::link)),
        astra: astra.map(|found| found.map_or(Astra::Off, |of| Astra::On(Box::new(of)))),
        webhook: problems.kept(Reader::read(environment, Reader::webhook_url)),
    };
    problems.kept(Reader::read(environment, Reader::linking));
    problems.kept(Reader::read(environment, Reader::event_bus));
    (settings, problems.findings())
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn kept<T>(&mut self, result: Result<T, SettingsError>) -> Option<T> {
        match result {
            Ok(settings) => Some(settings),
            Err(error) => {
                for problem in error.problems() {
                    if !self.0.contains(problem) {
                        self.0.push(problem.clone());
                    }
                }
                None
            }
        }
    }

    /// A line for each problem; the client's name has its own.
    fn findings(self) -> Vec<Finding> {
        let (of_name, others): (Vec<_>, Vec<_>) = self
            .0
            .into_iter()
            .partition(|problem| variable(problem) == CLIENT_NAME);
        let mut findings = lines(Check::Settings, others);
        findings.extend(lines(Check::ClientName, of_name));
        findings
    }
}

fn lines(check: Check, problems: Vec<String>) -> Vec<Finding> {
    if problems.is_empty() {
        return vec![Finding::ok(check)];
    }
    let failed = |problem: String| {
        let mend = mend(variable(&problem));
        Finding::fail(check, Trouble::new(problem, mend))
    };
    problems.into_iter().map(failed).collect()
}

fn variable(problem: &str) -> &str {
    problem.split(' ').next().unwrap_or_default()
}

fn mend(variable: &str) -> String {
    let parameter = PARAMETERS.iter().find(|(name, _)| *name == variable);
    match parameter {
        Some((_, parameter)) => format!(
            "deploy again with another value of the parameter {parameter}; on a laptop, stop \
             `cargo local` and start it again"
        ),
        None if variable.starts_with("AWS_") => {
            "Lambda sets it; here, put it into the environment or into the file".to_owned()
        }
        None => "template.yaml sets it: deploy again, or start `cargo local` again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::TEMPLATE;

    #[test]
    fn the_parameters_are_those_of_the_template() {
        for (variable, parameter) in PARAMETERS {
            let line = format!("          {variable}: !Ref {parameter}\n");
            assert!(TEMPLATE.contains(&line), "{line}");
        }
    }

    #[test]
    fn every_missing_variable_is_a_line_of_its_own() {
        let (settings, findings) = read(&Environment::default());
        assert!(settings.aws.is_none() && settings.link.is_none() && settings.webhook.is_none());
        let failed: Vec<_> = findings.iter().filter(|f| f.is_failure()).collect();
        assert_eq!(failed.len(), findings.len());
        let named = |variable: &str| {
            let line = format!("{variable} is missing");
            let of = |f: &&&Finding| matches!(&f.outcome, super::super::Outcome::Fail(t) if t.found == line);
            failed.iter().filter(of).count()
        };
        for variable in [
            "TABLE_NAME",
            "PLAID_SECRET_ID",
            "PROCESSOR",
            "EVENT_BUS_NAME",
        ] {
            assert_eq!(named(variable), 1, "{variable}");
        }
    }
}
