//! Astra: whether it is there at all, and where.

use url::Url;

use super::{LocalRoot, Reader, is_loopback, loopback_url, web_url};
use crate::domain::AstraEnvironment;

/// The page on which a user authorises us, at a simulator.
const AUTHORIZE: &str = "/login/oauth/authorize";

/// Astra's API.
#[derive(Debug, Clone)]
pub struct AstraSettings {
    /// The secret with `client_id` and `secret`.
    pub secret_id: String,
    /// Where Astra's page sends the user back, as Astra's Dashboard has it.
    pub redirect_uri: String,
    /// Where the API is: Astra's own host, or a simulator on this machine.
    pub base_url: Url,
    /// The page on which a user authorises us, without parameters.
    pub authorize_url: Url,
    /// For TLS towards that simulator.
    pub local_root: Option<LocalRoot>,
}

impl Reader<'_> {
    /// Astra's API; `Some(None)` where it is switched off, because nothing names its
    /// environment.
    pub fn astra(&mut self) -> Option<Option<AstraSettings>> {
        if self.optional("ASTRA_ENVIRONMENT").is_none() {
            return Some(None);
        }
        let environment = self.parsed("ASTRA_ENVIRONMENT");
        let secret_id = self.required("ASTRA_SECRET_ID");
        let redirect_uri = self.required("ASTRA_REDIRECT_URI");
        let redirect_uri =
            redirect_uri.and_then(|text| self.understand("ASTRA_REDIRECT_URI", browser_url(&text)));
        let simulator = self.url("ASTRA_BASE_URL", loopback_url);
        let authorize_url = self.url("ASTRA_AUTHORIZE_URL", browser_url);
        let environment: AstraEnvironment = environment?;
        let (simulator, authorize_url) = (simulator?, authorize_url?);
        let (base_url, its_page, local_root) = match simulator {
            Some(url) => {
                let page = url.join(AUTHORIZE).map_err(|_| "is no URL");
                (url, page, self.local_root())
            }
            None => (
                self.understand("ASTRA_ENVIRONMENT", environment.base_url().parse())?,
                Url::parse(environment.authorize_url()).map_err(|_| "is no URL"),
                None,
            ),
        };
        let its_page = self.understand("ASTRA_BASE_URL", its_page);
        // A URL's own spelling may differ from the one that Astra's Dashboard has.
        let redirect_uri = redirect_uri.and_then(|_| self.optional("ASTRA_REDIRECT_URI"));
        Some(Some(AstraSettings {
            secret_id: secret_id?,
            redirect_uri: redirect_uri?,
            base_url,
            authorize_url: authorize_url.or(its_page)?,
            local_root,
        }))
    }

    /// Astra's API, for a function that is there for nothing else.
    pub fn astra_at_hand(&mut self) -> Option<AstraSettings> {
        self.required("ASTRA_ENVIRONMENT")?;
        self.astra()?
    }

    /// A URL that may be absent; `None` where it is there and wrong.
    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    fn url(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<Url, &'static str>,
    ) -> Option<Option<Url>> {
        match self.optional(name) {
            Some(text) => self.understand(name, read(&text)).map(Some),
            None => Some(None),
        }
    }
}

/// A URL to send a browser to, which brings a code or a user there.
fn browser_url(text: &str) -> Result<Url, &'static str> {
    let url = web_url(text)?;
    let safe = url.scheme() == "https" || is_loopback(text);
    safe.then_some(url)
        .ok_or("must be an https URL, or one of this machine")
}

#[cfg(test)]
mod tests {
    use super::super::Environment;
    use super::*;

    const ON: [(&str, &str); 3] = [
        ("ASTRA_ENVIRONMENT", "sandbox"),
        ("ASTRA_SECRET_ID", "arn"),
        ("ASTRA_REDIRECT_URI", "https://App.example/astra"),
    ];

    fn with(more: &[(&str, &str)]) -> Environment {
        ON.into_iter().chain(more.iter().copied()).collect()
    }

    fn read(more: &[(&str, &str)]) -> AstraSettings {
        let settings = Reader::read(&with(more), Reader::astra);
        settings.unwrap().unwrap()
    }

    #[test]
    fn astra_is_switched_off_where_nothing_names_its_environment() {
        for environment in ["ASTRA_SECRET_ID", "ASTRA_REDIRECT_URI"] {
            let variables: Environment = [(environment, "x"), ("ASTRA_ENVIRONMENT", "")]
                .into_iter()
                .collect();
            assert!(Reader::read(&variables, Reader::astra).unwrap().is_none());
        }
    }

    #[test]
    fn each_environment_has_its_hosts() {
        let settings = read(&[]);
        assert_eq!(
            settings.base_url.host_str(),
            Some("api-sandbox.astra.finance")
        );
        assert_eq!(settings.redirect_uri, "https://App.example/astra");
        let settings = read(&[("ASTRA_ENVIRONMENT", "production")]);
        assert_eq!(settings.base_url.as_str(), "https://api.astra.finance/");
        let page = "https://app.astra.finance/login/oauth/authorize";
        assert_eq!(settings.authorize_url.as_str(), page);
        assert!(settings.local_root.is_none());
    }

    #[test]
    fn a_simulator_brings_its_own_page() {
        let settings = read(&[("ASTRA_BASE_URL", "http://127.0.0.1:3002")]);
        assert_eq!(settings.base_url.port(), Some(3002));
        let page = "http://127.0.0.1:3002/login/oauth/authorize";
        assert_eq!(settings.authorize_url.as_str(), page);
    }

    #[test]
    fn the_page_may_be_elsewhere() {
        for simulator in ["", "http://localhost:3002"] {
            let page = "https://app-sandbox.example/authorize";
            let settings = read(&[("ASTRA_BASE_URL", simulator), ("ASTRA_AUTHORIZE_URL", page)]);
            assert_eq!(settings.authorize_url.as_str(), page);
        }
    }

    #[test]
    fn a_half_configured_astra_is_told_at_once() {
        let variables = [("ASTRA_ENVIRONMENT", "sandbox")].into_iter().collect();
        let error = Reader::read(&variables, Reader::astra).err().unwrap();
        let expected = [
            "ASTRA_SECRET_ID is missing",
            "ASTRA_REDIRECT_URI is missing",
        ];
        assert_eq!(error.problems(), expected);
    }

    #[test]
    fn malformed_variables_are_named_without_their_value() {
        for (name, value) in [
            ("ASTRA_ENVIRONMENT", "development"),
            ("ASTRA_REDIRECT_URI", "http://app.example/astra"),
            ("ASTRA_REDIRECT_URI", "https://app.example/#a"),
            ("ASTRA_REDIRECT_URI", "app"),
            ("ASTRA_BASE_URL", "https://evil.example"),
            ("ASTRA_AUTHORIZE_URL", "http://evil.example/authorize"),
            (
                "ASTRA_AUTHORIZE_URL",
                "https://app.example/authorize?client_id=x",
            ),
        ] {
            let error = Reader::read(&with(&[(name, value)]), Reader::astra);
            let error = error.err().unwrap();
            assert_eq!(error.problems().len(), 1, "{error}");
            assert!(error.problems()[0].starts_with(name), "{error}");
            assert!(!error.to_string().contains(value), "{error}");
        }
    }
}
