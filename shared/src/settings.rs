//! The environment as typed settings. It is read here and nowhere else, once, when a
//! function starts; an error names everything that is wrong with it.

#[cfg(any(test, feature = "test-util"))]
mod asked;
mod astra;
mod on_this_machine;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::domain::{
    Microdeposits, PlaidEnvironment, Processor, UnknownFlow, VaultId, webhook_url,
};

pub use astra::AstraSettings;
pub use on_this_machine::LocalRoot;
use on_this_machine::{is_loopback, loopback_url};

/// The variables that a function is configured with.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    #[cfg(any(test, feature = "test-util"))]
    asked: asked::Asked,
}

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        std::env::vars().collect()
    }

    /// The value of a variable; an empty one counts as absent, because that is how a
    /// template leaves a parameter out.
    pub fn get(&self, name: &str) -> Option<&str> {
        #[cfg(any(test, feature = "test-util"))]
        self.asked.note(name);
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The variables that were asked for, there or not.
    #[cfg(any(test, feature = "test-util"))]
    pub fn asked(&self) -> std::collections::BTreeSet<String> {
        self.asked.names()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self {
            variables,
            #[cfg(any(test, feature = "test-util"))]
            asked: asked::Asked::default(),
        }
    }
}

/// Everything that is wrong with the environment. Values are not repeated: some are
/// secrets.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment is not complete: {}", .0.join("; "))]
pub struct SettingsError(Vec<String>);

impl SettingsError {
    /// One line for each variable.
    pub fn problems(&self) -> &[String] {
        &self.0
    }
}

/// Reads settings and collects what is wrong on the way.
pub struct Reader<'a> {
    environment: &'a Environment,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Reads everything that `read` asks for.
    ///
    /// # Errors
    /// Names every variable that is missing or malformed.
    pub fn read<T>(
        environment: &'a Environment,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Result<T, SettingsError> {
        let mut reader = Self {
            environment,
            problems: Vec::new(),
        };
        let settings = read(&mut reader);
        match settings {
            Some(settings) if reader.problems.is_empty() => Ok(settings),
            _ => Err(SettingsError(reader.problems)),
        }
    }

    /// A variable that may be absent.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.environment.get(name).map(str::to_owned)
    }

    /// A variable that must be there.
    pub fn required(&mut self, name: &str) -> Option<String> {
        let value = self.optional(name);
        if value.is_none() {
            self.problems.push(format!("{name} is missing"));
        }
        value
    }

    /// A variable that must be there and mean something.
    pub fn parsed<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Option<T> {
        let text = self.required(name)?;
        self.understand(name, text.parse())
    }

    fn understand<T, E: fmt::Display>(&mut self, name: &str, value: Result<T, E>) -> Option<T> {
        value
            .map_err(|error| self.problems.push(format!("{name} {error}")))
            .ok()
    }

    /// Where AWS is and who we are there.
    pub fn aws(&mut self) -> Option<AwsSettings> {
        let region = self.required("AWS_REGION");
        let access_key_id = self.required("AWS_ACCESS_KEY_ID");
        let secret_access_key = self.required("AWS_SECRET_ACCESS_KEY");
        let local_root = self.local_root();
        Some(AwsSettings {
            region: region?,
            access_key_id: access_key_id?,
            secret_access_key: SecretString::from(secret_access_key?),
            session_token: self.optional("AWS_SESSION_TOKEN").map(SecretString::from),
            endpoint_url: self.optional("AWS_ENDPOINT_URL"),
            dynamodb_endpoint_url: self.optional("AWS_ENDPOINT_URL_DYNAMODB"),
            local_root,
        })
    }

    /// The authority whose certificates emulators on this machine have. Where AWS is elsewhere
    /// it is not looked at: many shells have one set, and no stranger vouches for AWS.
    fn local_root(&mut self) -> Option<LocalRoot> {
        let path = self.optional(CA_BUNDLE)?;
        let mut endpoints = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"].into_iter();
        let is_here = |name| self.optional(name).is_some_and(|url| is_loopback(&url));
        if !endpoints.all(is_here) {
            return None;
        }
        self.understand(CA_BUNDLE, LocalRoot::read(&path))
    }

    /// The table.
    pub fn table_name(&mut self) -> Option<String> {
        self.required("TABLE_NAME")
    }

    /// The event bus.
    pub fn event_bus(&mut self) -> Option<String> {
        self.required("EVENT_BUS_NAME")
    }

    /// Where Plaid sends webhooks, for a function that no request tells: at the configured
    /// base URL, or at API Gateway's own.
    pub fn webhook_url(&mut self) -> Option<String> {
        let name = match self.optional("WEBHOOK_BASE_URL") {
            Some(_) => "WEBHOOK_BASE_URL",
            None => "API_ENDPOINT",
        };
        let base = self.required(name)?;
        self.understand(name, web_url(&base).map(|_| webhook_url(&base)))
    }

    /// Plaid's API.
    pub fn plaid(&mut self) -> Option<PlaidSettings> {
        let secret_id = self.required("PLAID_SECRET_ID");
        let environment = self.parsed("PLAID_ENVIRONMENT");
        let override_url = self.optional("PLAID_BASE_URL");
        let override_url =
            override_url.map(|text| self.understand("PLAID_BASE_URL", loopback_url(&text)));
        let environment: PlaidEnvironment = environment?;
        let (base_url, local_root) = match override_url {
            Some(url) => (url?, self.local_root()),
            None => (
                self.understand("PLAID_ENVIRONMENT", environment.base_url().parse())?,
                None,
            ),
        };
        Some(PlaidSettings {
            secret_id: secret_id?,
            environment,
            base_url,
            local_root,
        })
    }

    /// The vault.
    pub fn vault(&mut self) -> Option<VaultSettings> {
        let token_key_id = self.required("TOKEN_KEY_ID");
        let vault_id = self.required("VAULT_ID").map(VaultId::new);
        Some(VaultSettings {
            token_key_id: token_key_id?,
            vault_id: vault_id?,
        })
    }

    /// Link's appearance and return.
    pub fn link(&mut self) -> Option<LinkSettings> {
        let client_name = self.required("PLAID_CLIENT_NAME");
        let client_name = client_name
            .and_then(|name| self.understand("PLAID_CLIENT_NAME", client_name_rule(name)));
        let country_codes = self.required("PLAID_COUNTRY_CODES");
        let language = self.required("PLAID_LANGUAGE");
        let microdeposits = match self.optional("PLAID_MICRODEPOSITS") {
            Some(text) => self.understand(
                "PLAID_MICRODEPOSITS",
                in_the_us(&text, country_codes.as_deref()),
            ),
            None => Some(Microdeposits::default()),
        };
        let webhook_base_url = self.optional("WEBHOOK_BASE_URL");
        let webhook_base_url = webhook_base_url
            .map(|text| self.understand("WEBHOOK_BASE_URL", web_url(&text).map(|_| text.clone())));
        Some(LinkSettings {
            client_name: client_name?,
            country_codes: country_codes?.split(',').map(str::to_owned).collect(),
            language: language?,
            microdeposits: microdeposits?,
            redirect_uri: self.optional("PLAID_REDIRECT_URI"),
            android_package_name: self.optional("PLAID_ANDROID_PACKAGE_NAME"),
            customization: self.optional("PLAID_LINK_CUSTOMIZATION"),
            webhook_base_url: match webhook_base_url {
                Some(url) => Some(url?),
                None => None,
            },
        })
    }

    /// The processor that tokens are made for.
    pub fn processor(&mut self) -> Option<Processor> {
        self.parsed("PROCESSOR")
    }

    /// How bank accounts are linked.
    pub fn linking(&mut self) -> Option<LinkingSettings> {
        let processor = self.processor();
        let return_token = self.parsed("RETURN_PROCESSOR_TOKEN");
        let max_items = self.parsed("MAX_ITEMS_PER_USER");
        Some(LinkingSettings {
            processor: processor?,
            return_token: return_token?,
            max_items: max_items?,
        })
    }
}

/// Where AWS is and who we are there.
#[derive(Clone)]
pub struct AwsSettings {
    /// The region.
    pub region: String,
    /// The role's key.
    pub access_key_id: String,
    /// The role's secret.
    pub secret_access_key: SecretString,
    /// The role's session.
    pub session_token: Option<SecretString>,
    /// For KMS and Secrets Manager on a laptop.
    pub endpoint_url: Option<String>,
    /// For DynamoDB on a laptop.
    pub dynamodb_endpoint_url: Option<String>,
    /// For TLS on a laptop.
    pub local_root: Option<LocalRoot>,
}

/// Plaid's API.
#[derive(Debug, Clone)]
pub struct PlaidSettings {
    /// The secret with `client_id` and `secret`.
    pub secret_id: String,
    /// The environment that tokens must belong to.
    pub environment: PlaidEnvironment,
    /// Where the API is: Plaid's own host, or a simulator on this machine.
    pub base_url: Url,
    /// For TLS towards that simulator.
    pub local_root: Option<LocalRoot>,
}

/// The vault.
#[derive(Debug, Clone)]
pub struct VaultSettings {
    /// The KMS key that wraps data keys.
    pub token_key_id: String,
    /// The name that sealed values are bound to.
    pub vault_id: VaultId,
}

/// Link's appearance and return.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// The product's name; at most 30 characters, or Link says "This Application".
    pub client_name: String,
    /// The countries whose institutions Link offers.
    pub country_codes: Vec<String>,
    /// Link's language when a request does not name one.
    pub language: String,
    /// The ways to link a bank that cannot be linked at once.
    pub microdeposits: Microdeposits,
    /// Where OAuth banks return to when a request does not say.
    pub redirect_uri: Option<String>,
    /// The Android app to which they return, where there is no such address.
    pub android_package_name: Option<String>,
    /// The customization of the Plaid Dashboard.
    pub customization: Option<String>,
    /// Where webhooks go, without path; absent means the API's own domain.
    pub webhook_base_url: Option<String>,
}

/// How bank accounts are linked.
#[derive(Debug, Clone)]
pub struct LinkingSettings {
    /// The processor that tokens are made for.
    pub processor: Processor,
    /// Whether answers to front ends contain them.
    pub return_token: bool,
    /// How many Items a user may have at once.
    pub max_items: u32,
}

/// How long a starting function waits for connections that its first request will use.
/// Lambda gives the init phase ten seconds, and full power.
pub const WARM_UP: Duration = Duration::from_millis(800);

/// The AWS SDKs' name for it.
const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// Plaid replaces longer names (plaid.com/docs/api/link).
const MAX_CLIENT_NAME: usize = 30;

fn client_name_rule(name: String) -> Result<String, &'static str> {
    if name.chars().count() > MAX_CLIENT_NAME {
        return Err("has more than 30 characters; Link would show \"This Application\" instead");
    }
    Ok(name)
}

/// Plaid offers micro-deposits where the US is the only country
/// (plaid.com/docs/api/link).
fn in_the_us(flows: &str, country_codes: Option<&str>) -> Result<Microdeposits, String> {
    let flows: Microdeposits = flows
        .parse()
        .map_err(|error: UnknownFlow| error.to_string())?;
    match country_codes {
        Some("US") | None => Ok(flows),
        Some(_) => Err("needs PLAID_COUNTRY_CODES to be US alone".to_owned()),
    }
}

fn web_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is no URL")?;
    let web = matches!(url.scheme(), "http" | "https")
        && url.query().is_none()
        && url.fragment().is_none();
    web.then_some(url)
        .ok_or("must be an http or https URL without query and fragment")
}

#[cfg(test)]
mod tests;
