//! What was looked at and how it was found, for people and for programs.

use std::fmt;
use std::io::{self, Write};

use serde_json::{Value, json};

/// Something that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// A local stack has run, and runs.
    Stack,
    /// Every function finds its settings.
    Settings,
    /// The product's name as Link shows it.
    ClientName,
    /// The secret with Plaid's keys.
    Secret,
    /// The table and its key.
    Table,
    /// The table's sparse index.
    Index,
    /// What lets old records go.
    TimeToLive,
    /// What starts functions after a write.
    Stream,
    /// The key that seals tokens.
    TokenKey,
    /// Plaid's API answers.
    Plaid,
    /// Plaid knows our keys.
    PlaidKeys,
    /// They are for the configured environment.
    PlaidEnvironment,
    /// Plaid lets us use the products that Link is opened for.
    Products,
    /// OAuth banks may return to it.
    RedirectUri,
    /// The customization of the Plaid Dashboard.
    Customization,
    /// What else a link token is asked for with: countries, language, webhook URL.
    LinkRequest,
    /// The secret with Astra's keys.
    AstraSecret,
    /// Astra's API answers.
    Astra,
    /// Astra knows our keys.
    AstraKeys,
    /// Astra's page lets us send users there.
    AstraPage,
    /// Plaid's webhooks reach the function that verifies them.
    Webhook,
    /// The API answers at its URL.
    Url,
    /// Nobody gets in without a token.
    Authorizer,
    /// Nobody gets in with a token that somebody made up.
    ForgedToken,
    /// The servers' routes are closed to everybody else.
    ServerRoutes,
    /// A front end's pages may call the API.
    Cors,
    /// The API accepts the token that was given.
    Token,
    /// The function that makes link tokens runs.
    CreateLinkToken,
    /// The function that sends users to Astra runs.
    ConnectAstra,
}

impl Check {
    /// The name in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::Settings => "settings",
            Self::ClientName => "client name",
            Self::Secret => "secret",
            Self::Table => "table",
            Self::Index => "index",
            Self::TimeToLive => "time to live",
            Self::Stream => "stream",
            Self::TokenKey => "token key",
            Self::Plaid => "Plaid",
            Self::PlaidKeys => "Plaid keys",
            Self::PlaidEnvironment => "Plaid environment",
            Self::Products => "products",
            Self::RedirectUri => "redirect URI",
            Self::Customization => "Link customization",
            Self::LinkRequest => "Link request",
            Self::AstraSecret => "Astra secret",
            Self::Astra => "Astra",
            Self::AstraKeys => "Astra keys",
            Self::AstraPage => "Astra page",
            Self::Webhook => "webhook",
            Self::Url => "URL",
            Self::Authorizer => "authorizer",
            Self::ForgedToken => "forged token",
            Self::ServerRoutes => "server routes",
            Self::Cors => "CORS",
            Self::Token => "token",
            Self::CreateLinkToken => "create-link-token",
            Self::ConnectAstra => "connect-astra",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What is wrong, and how to mend it. Neither holds a secret or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub mend: String,
}

impl Trouble {
    pub(super) fn new(found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            found: found.into(),
            mend: mend.into(),
        }
    }
}

/// How something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works, but not for everybody or not as meant.
    Warn(Trouble),
    /// It does not work.
    Fail(Trouble),
    /// It was not looked at, and why.
    Skipped(String),
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How it was found.
    pub outcome: Outcome,
}

impl Finding {
    pub(super) fn ok(check: Check) -> Self {
        let outcome = Outcome::Ok;
        Self { check, outcome }
    }

    pub(super) fn warn(check: Check, trouble: Trouble) -> Self {
        let outcome = Outcome::Warn(trouble);
        Self { check, outcome }
    }

    pub(super) fn fail(check: Check, trouble: Trouble) -> Self {
        let outcome = Outcome::Fail(trouble);
        Self { check, outcome }
    }

    pub(super) fn skipped(check: Check, why: impl Into<String>) -> Self {
        let outcome = Outcome::Skipped(why.into());
        Self { check, outcome }
    }

    /// `Ok` or `Fail`.
    pub(super) fn of(check: Check, result: Result<(), Trouble>) -> Self {
        match result {
            Ok(()) => Self::ok(check),
            Err(trouble) => Self::fail(check, trouble),
        }
    }

    /// Whether this alone makes the stack fail.
    pub fn is_failure(&self) -> bool {
        matches!(self.outcome, Outcome::Fail(_))
    }

    /// Writes it for people: a line, and two more for what is not as it should be.
    ///
    /// # Errors
    /// The writer fails.
    pub fn write(&self, writer: &mut impl Write, colours: bool) -> io::Result<()> {
        let (word, colour) = match self.outcome {
            Outcome::Ok => ("ok", "32"),
            Outcome::Warn(_) => ("warn", "33"),
            Outcome::Fail(_) => ("FAIL", "31"),
            Outcome::Skipped(_) => ("skipped", "2"),
        };
        let word = format!("{word:<7}");
        let check = self.check;
        if colours {
            write!(writer, "\x1b[{colour}m{word}\x1b[0m  {check}")?;
        } else {
            write!(writer, "{word}  {check}")?;
        }
        match &self.outcome {
            Outcome::Ok => writeln!(writer),
            Outcome::Skipped(why) => writeln!(writer, " ({why})"),
            Outcome::Warn(trouble) | Outcome::Fail(trouble) => writeln!(
                writer,
                "\n         found: {}\n         mend:  {}",
                trouble.found, trouble.mend
            ),
        }
    }

    /// As a line of JSON, for programs.
    pub fn to_json(&self) -> Value {
        let check = self.check.as_str();
        match &self.outcome {
            Outcome::Ok => json!({ "check": check, "outcome": "ok" }),
            Outcome::Skipped(why) => json!({ "check": check, "outcome": "skipped", "why": why }),
            Outcome::Warn(trouble) => with_trouble(check, "warn", trouble),
            Outcome::Fail(trouble) => with_trouble(check, "fail", trouble),
        }
    }
}

fn with_trouble(check: &str, outcome: &str, trouble: &Trouble) -> Value {
    let Trouble { found, mend } = trouble;
    json!({ "check": check, "outcome": outcome, "found": found, "mend": mend })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(finding: &Finding, colours: bool) -> String {
        let mut text = Vec::new();
        finding.write(&mut text, colours).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_finding_is_one_line_and_a_trouble_two_more() {
        let trouble = Trouble::new("the key is disabled", "enable it");
        let failed = Finding::fail(Check::TokenKey, trouble);
        let text =
            "FAIL     token key\n         found: the key is disabled\n         mend:  enable it\n";
        assert_eq!(written(&failed, false), text);
        let skipped = Finding::skipped(Check::Table, "no settings");
        assert_eq!(written(&skipped, false), "skipped  table (no settings)\n");
        assert_eq!(written(&Finding::ok(Check::Cors), false), "ok       CORS\n");
    }

    #[test]
    fn colours_are_only_there_when_asked_for() {
        let ok = Finding::ok(Check::Cors);
        assert!(written(&ok, true).contains('\x1b') && !written(&ok, false).contains('\x1b'));
    }

    #[test]
    fn programs_get_the_same_as_people() {
        let warned = Finding::warn(Check::Webhook, Trouble::new("a", "b"));
        let expected = json!({ "check": "webhook", "outcome": "warn", "found": "a", "mend": "b" });
        assert_eq!(warned.to_json(), expected);
        let skipped = Finding::skipped(Check::Cors, "no --origin").to_json();
        assert_eq!(skipped["why"], "no --origin");
    }
}
