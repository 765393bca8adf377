//! What Plaid's refusal of a link token means, and how to mend it: the same for what Plaid
//! says to us and for what our API tells of it.

use super::report::{Check, Finding, Trouble};

/// What a call to Plaid says something about, in the order in which it does.
pub(super) const CHECKS: [Check; 7] = [
    Check::Plaid,
    Check::PlaidKeys,
    Check::PlaidEnvironment,
    Check::Products,
    Check::RedirectUri,
    Check::Customization,
    Check::LinkRequest,
];

/// Plaid's refusal, as much of it as is known here.
pub(super) struct Refusal<'a> {
    pub(super) error_type: &'a str,
    pub(super) error_code: &'a str,
    /// For developers; our API keeps it to its log.
    pub(super) message: Option<&'a str>,
}

/// What is to blame.
#[derive(Debug)]
pub(super) struct Blame {
    pub(super) check: Check,
    pub(super) trouble: Trouble,
}

/// Whether the keys were told to be good before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    Good,
    Unknown,
}

const KEYS: &str = "put client_id and the secret of this environment from \
    https://dashboard.plaid.com/developers/keys into the secret that the stack's output \
    PlaidSecretArn names: Sandbox and Production have a secret each, and the parameter \
    PlaidEnvironment says which is meant";
const ENVIRONMENT: &str = "ask for access to Production in the Plaid Dashboard, or deploy with the \
    parameter PlaidEnvironment sandbox";
const PRODUCTS: &str = "ask for the product Auth in the Plaid Dashboard (Settings, Team Settings, \
    Products), and enable the processor at https://dashboard.plaid.com/developers/integrations";
const REDIRECT_URI: &str = "add exactly this URI to the allowed redirect URIs at \
    https://dashboard.plaid.com/developers/api, or deploy with another value of the parameter \
    RedirectUri (https, no query; http only for localhost in Sandbox)";
const CUSTOMIZATION: &str = "the parameter LinkCustomization must name a customization that is \
    published at https://dashboard.plaid.com/link, with the same countries and language, and in \
    Production with a use case of Data Transparency; empty means the default one";
const COUNTRIES: &str = "deploy with other values of the parameters CountryCodes and Language: \
    countries that the Plaid Dashboard has enabled, a language that Link speaks, and for \
    Microdeposits the US alone";
const WEBHOOK_URL: &str = "deploy with another value of the parameter WebhookBaseUrl, a public URL";
const CLIENT_NAME: &str = "deploy with another value of the parameter ClientName";
const ANY_FIELD: &str = "the log of create-link-token has Plaid's own words; most often the \
    parameter RedirectUri is not on the list at https://dashboard.plaid.com/developers/api, else \
    look at CountryCodes, Language, Microdeposits and WebhookBaseUrl";
const OUR_REQUEST: &str = "Plaid's API and this backend have grown apart: deploy a newer version, \
    and tell its authors of the code";
const OTHER: &str = "look the code up at https://plaid.com/docs/errors/";
const CREDITS: &str = "the free calls of this Plaid account are used up: see its billing in the \
    Plaid Dashboard";
const PATIENCE: &str = "wait a minute and look again; if it lasts, see https://status.plaid.com";

/// Finds what a refusal is about, by Plaid's codes (plaid.com/docs/errors).
pub(super) fn blame(refusal: &Refusal<'_>) -> Blame {
    let code = refusal.error_code.to_ascii_uppercase();
    let (check, mend) = match code.as_str() {
        "INVALID_API_KEYS" => (Check::PlaidKeys, KEYS),
        "UNAUTHORIZED_ENVIRONMENT" => (Check::PlaidEnvironment, ENVIRONMENT),
        "INVALID_LINK_CUSTOMIZATION" => (Check::Customization, CUSTOMIZATION),
        "INVALID_PRODUCT" | "INVALID_PRODUCTS" | "UNAUTHORIZED_ROUTE_ACCESS" => {
            (Check::Products, PRODUCTS)
        }
        // PRODUCTS_NOT_SUPPORTED, PRODUCT_NOT_ENABLED, and their like of next year.
        product if product.starts_with("PRODUCT") && product.contains("_NOT_") => {
            (Check::Products, PRODUCTS)
        }
        "INVALID_FIELD" => field(refusal.message),
        "MISSING_FIELDS" | "UNKNOWN_FIELDS" | "INVALID_BODY" | "INVALID_HEADERS" => {
            (Check::LinkRequest, OUR_REQUEST)
        }
        "CREDITS_EXHAUSTED" => (Check::Plaid, CREDITS),
        _ if is_theirs(refusal.error_type) => (Check::Plaid, PATIENCE),
        _ => (Check::LinkRequest, OTHER),
    };
    let trouble = Trouble::new(said(refusal), mend);
    Blame { check, trouble }
}

/// Which field it is, only the message says.
fn field(message: Option<&str>) -> (Check, &'static str) {
    let Some(message) = message.map(str::to_ascii_lowercase) else {
        return (Check::LinkRequest, ANY_FIELD);
    };
    let names = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if names(&["redirect"]) {
        (Check::RedirectUri, REDIRECT_URI)
    } else if names(&["customization"]) {
        (Check::Customization, CUSTOMIZATION)
    } else if names(&["product"]) {
        (Check::Products, PRODUCTS)
    } else if names(&["client_name", "client name"]) {
        (Check::LinkRequest, CLIENT_NAME)
    } else if names(&["webhook"]) {
        (Check::LinkRequest, WEBHOOK_URL)
    } else if names(&["country", "countries", "language", "deposit"]) {
        (Check::LinkRequest, COUNTRIES)
    } else {
        (Check::LinkRequest, ANY_FIELD)
    }
}

fn is_theirs(error_type: &str) -> bool {
    ["API_ERROR", "RATE_LIMIT_EXCEEDED"]
        .iter()
        .any(|theirs| theirs.eq_ignore_ascii_case(error_type))
}

fn said(refusal: &Refusal<'_>) -> String {
    let Refusal {
        error_type,
        error_code,
        message,
    } = refusal;
    match message {
        Some(message) => format!("Plaid answers {error_type} {error_code}: {message}"),
        None => format!("Plaid answers {error_type} {error_code}"),
    }
}

/// A line for each of [`CHECKS`]. Plaid names one thing at a time: what it did not come to
/// is not called good.
pub(super) fn verdicts(blamed: Option<Blame>, keys: Keys) -> Vec<Finding> {
    let Some(Blame { check, trouble }) = blamed else {
        return CHECKS.map(Finding::ok).to_vec();
    };
    let why = format!("Plaid says one thing at a time: first the {check}");
    let answered = check != Check::Plaid;
    let verdict = |of| match of {
        _ if of == check => Finding::fail(check, trouble.clone()),
        Check::Plaid if answered => Finding::ok(of),
        Check::PlaidKeys | Check::PlaidEnvironment if keys == Keys::Good => Finding::ok(of),
        _ if answered => Finding::skipped(of, why.clone()),
        _ => Finding::skipped(of, "Plaid did not do its part"),
    };
    CHECKS.map(verdict).to_vec()
}

/// The same lines, none of them looked at.
pub(super) fn skipped(why: &str) -> Vec<Finding> {
    CHECKS.map(|check| Finding::skipped(check, why)).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::Outcome;

    fn blamed(error_type: &str, error_code: &str, message: Option<&str>) -> Blame {
        blame(&Refusal {
            error_type,
            error_code,
            message,
        })
    }

    const REDIRECT: &str = "OAuth redirect URI must be configured in the developer dashboard";

    /// Type, code, message, and what it is about and who has the mend.
    const CASES: [(&str, &str, &str, Check, &str); 17] = [
        (
            "INVALID_INPUT",
            "INVALID_API_KEYS",
            "",
            Check::PlaidKeys,
            "developers/keys",
        ),
        (
            "INVALID_INPUT",
            "UNAUTHORIZED_ENVIRONMENT",
            "",
            Check::PlaidEnvironment,
            "PlaidEnvironment",
        ),
        (
            "INVALID_INPUT",
            "INVALID_PRODUCT",
            "",
            Check::Products,
            "Auth",
        ),
        (
            "ITEM_ERROR",
            "PRODUCTS_NOT_SUPPORTED",
            "",
            Check::Products,
            "Auth",
        ),
        (
            "INVALID_INPUT",
            "PRODUCT_NOT_ENABLED",
            "",
            Check::Products,
            "Auth",
        ),
        (
            "INVALID_INPUT",
            "UNAUTHORIZED_ROUTE_ACCESS",
            "",
            Check::Products,
            "Auth",
        ),
        (
            "INVALID_REQUEST",
            "INVALID_FIELD",
            REDIRECT,
            Check::RedirectUri,
            "RedirectUri",
        ),
        (
            "INVALID_REQUEST",
            "INVALID_FIELD",
            "country_codes",
            Check::LinkRequest,
            "CountryCodes",
        ),
        (
            "INVALID_REQUEST",
            "INVALID_FIELD",
            "webhook",
            Check::LinkRequest,
            "WebhookBaseUrl",
        ),
        (
            "INVALID_REQUEST",
            "INVALID_FIELD",
            "client_name",
            Check::LinkRequest,
            "ClientName",
        ),
        (
            "INVALID_REQUEST",
            "INVALID_FIELD",
            "",
            Check::LinkRequest,
            "RedirectUri",
        ),
        (
            "INVALID_INPUT",
            "INVALID_LINK_CUSTOMIZATION",
            "",
            Check::Customization,
            "LinkCustomization",
        ),
        (
            "INVALID_REQUEST",
            "UNKNOWN_FIELDS",
            "",
            Check::LinkRequest,
            "newer version",
        ),
        (
            "RATE_LIMIT_EXCEEDED",
            "CREDITS_EXHAUSTED",
            "",
            Check::Plaid,
            "billing",
        ),
        (
            "RATE_LIMIT_EXCEEDED",
            "RATE_LIMIT",
            "",
            Check::Plaid,
            "wait",
        ),
        (
            "API_ERROR",
            "PLANNED_MAINTENANCE",
            "",
            Check::Plaid,
            "status.plaid.com",
        ),
        (
            "A_TYPE_OF_NEXT_YEAR",
            "A_CODE",
            "",
            Check::LinkRequest,
            "plaid.com/docs/errors",
        ),
    ];

    #[test]
    fn every_code_is_about_something_and_says_what_to_do() {
        for (error_type, code, message, check, mend) in CASES {
            let message = (!message.is_empty()).then_some(message);
            let Blame { check: of, trouble } = blamed(error_type, code, message);
            assert_eq!(of, check, "{code}");
            assert!(trouble.found.contains(code), "{code}");
            assert!(trouble.mend.contains(mend), "{code}: {}", trouble.mend);
        }
    }

    #[test]
    fn what_plaid_did_not_come_to_is_not_called_good() {
        let outcome = |keys, of: Check| {
            let blame = blamed("INVALID_INPUT", "INVALID_PRODUCT", None);
            let findings = verdicts(Some(blame), keys);
            let found = findings.into_iter().find(|finding| finding.check == of);
            found.unwrap().outcome
        };
        assert_eq!(outcome(Keys::Good, Check::PlaidKeys), Outcome::Ok);
        for (keys, of) in [
            (Keys::Unknown, Check::PlaidKeys),
            (Keys::Good, Check::RedirectUri),
        ] {
            assert!(matches!(outcome(keys, of), Outcome::Skipped(_)), "{of}");
        }
        assert!(matches!(
            outcome(Keys::Good, Check::Products),
            Outcome::Fail(_)
        ));
    }
}
