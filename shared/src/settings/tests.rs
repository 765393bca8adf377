//! Settings that are complete, missing and malformed.

use super::*;

const COMPLETE: [(&str, &str); 16] = [
    ("AWS_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "key"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("TABLE_NAME", "table"),
    ("EVENT_BUS_NAME", "bus"),
    ("PLAID_SECRET_ID", "arn"),
    ("PLAID_ENVIRONMENT", "sandbox"),
    ("TOKEN_KEY_ID", "arn"),
    ("VAULT_ID", "main"),
    ("PLAID_CLIENT_NAME", "Demo"),
    ("PLAID_COUNTRY_CODES", "US,CA"),
    ("PLAID_LANGUAGE", "en"),
    ("PROCESSOR", "astra"),
    ("RETURN_PROCESSOR_TOKEN", "true"),
    ("MAX_ITEMS_PER_USER", "25"),
    ("PLAID_BASE_URL", ""),
];

type All = (
    AwsSettings,
    [String; 2],
    PlaidSettings,
    VaultSettings,
    LinkSettings,
    LinkingSettings,
);

fn read(environment: &Environment) -> Result<All, SettingsError> {
    Reader::read(environment, |reader| {
        let aws = reader.aws();
        let table = reader.table_name();
        let bus = reader.event_bus();
        let plaid = reader.plaid();
        let vault = reader.vault();
        let link = reader.link();
        let linking = reader.linking();
        Some((aws?, [table?, bus?], plaid?, vault?, link?, linking?))
    })
}

fn with(name: &str, value: &str) -> Environment {
    COMPLETE.into_iter().chain([(name, value)]).collect()
}

#[test]
fn a_complete_environment_is_read() {
    let (_, _, plaid, _, link, linking) = read(&COMPLETE.into_iter().collect()).unwrap();
    assert_eq!(plaid.base_url.as_str(), "https://sandbox.plaid.com/");
    assert_eq!(link.country_codes, ["US", "CA"]);
    assert_eq!(
        (linking.processor.as_str(), linking.max_items),
        ("astra", 25)
    );
}

#[test]
fn an_error_names_every_missing_variable_at_once() {
    let error = read(&Environment::default()).err().unwrap();
    for (name, _) in COMPLETE
        .iter()
        .filter(|(name, _)| *name != "PLAID_BASE_URL")
    {
        assert!(
            error.to_string().contains(&format!("{name} is missing")),
            "{error}"
        );
    }
    assert_eq!(error.problems().len(), COMPLETE.len() - 1);
}

#[test]
fn malformed_variables_are_named_without_their_value() {
    let malformed = [
        ("PLAID_ENVIRONMENT", "development"),
        ("PLAID_BASE_URL", "https://evil.example"),
        ("PLAID_BASE_URL", "127.0.0.1:3001"),
        (
            "PLAID_CLIENT_NAME",
            "A name that has more than 30 characters",
        ),
        ("PLAID_MICRODEPOSITS", "same-day"),
        ("PLAID_MICRODEPOSITS", "automated"),
        ("PROCESSOR", "Astra!"),
        ("RETURN_PROCESSOR_TOKEN", "perhaps"),
        ("MAX_ITEMS_PER_USER", "many"),
        ("WEBHOOK_BASE_URL", "https://api.example/?x"),
    ];
    for (name, value) in malformed {
        let error = read(&with(name, value)).err().unwrap();
        assert_eq!(error.problems().len(), 1, "{error}");
        assert!(error.problems()[0].starts_with(name), "{error}");
        assert!(!error.to_string().contains(value), "{error}");
    }
}

#[test]
fn micro_deposits_are_for_the_us_alone() {
    let us = COMPLETE.into_iter().chain([
        ("PLAID_COUNTRY_CODES", "US"),
        ("PLAID_MICRODEPOSITS", "automated,same_day"),
    ]);
    let (_, _, _, _, link, _) = read(&us.collect()).unwrap();
    let flows = link.microdeposits;
    assert_eq!(
        (flows.automated, flows.same_day, flows.instant),
        (true, true, false)
    );
}

#[test]
fn webhooks_go_to_the_configured_address_or_to_the_apis_own() {
    let read = |variables: &[(&str, &str)]| {
        let environment = variables.iter().copied().collect();
        Reader::read(&environment, Reader::webhook_url)
    };
    let own = (
        "API_ENDPOINT",
        "https://a1.execute-api.us-east-1.amazonaws.com",
    );
    let url = read(&[("WEBHOOK_BASE_URL", ""), own]).unwrap();
    let path = "/v1/webhooks/plaid";
    assert_eq!(url, format!("{}{path}", own.1));
    let url = read(&[("WEBHOOK_BASE_URL", "https://api.example/"), own]).unwrap();
    assert_eq!(url, format!("https://api.example{path}"));
    let error = read(&[]).err().unwrap();
    assert!(error.to_string().contains("API_ENDPOINT is missing"));
}
