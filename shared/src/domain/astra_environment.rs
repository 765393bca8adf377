//! Astra's two environments, and the page on which a user authorises us.

use std::str::FromStr;

use url::Url;

use super::{AstraState, UnknownEnvironment};

/// Where Astra's keys, users and accounts belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AstraEnvironment {
    /// No money moves. Takes Plaid's Sandbox tokens.
    Sandbox,
    /// Real accounts.
    Production,
}

impl AstraEnvironment {
    /// The base URL of Astra's API.
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Sandbox => "https://api-sandbox.astra.finance",
            Self::Production => "https://api.astra.finance",
        }
    }

    /// The page on which a user authorises us. Astra documents the one of Production
    /// (docs.astra.finance/reference/oauth-links-and-parameters); that of the Sandbox is the
    /// one that public clients use, so a setting can name another.
    pub fn authorize_url(self) -> &'static str {
        match self {
            Self::Sandbox => "https://app-sandbox.astra.finance/login/oauth/authorize",
            Self::Production => "https://app.astra.finance/login/oauth/authorize",
        }
    }
}

impl FromStr for AstraEnvironment {
    type Err = UnknownEnvironment;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "sandbox" => Ok(Self::Sandbox),
            "production" => Ok(Self::Production),
            _ => Err(UnknownEnvironment),
        }
    }
}

/// Where a user goes who is to authorise this client: Astra's page, with what it needs to
/// send them back.
pub fn astra_authorization_url(
    page: &Url,
    client_id: &str,
    redirect_uri: &str,
    state: &AstraState,
) -> Url {
    let mut url = page.clone();
    url.query_pairs_mut()
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("response_type", "code")
        .append_pair("state", state.expose());
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_read_by_their_names_alone() {
        let read = |name: &str| name.parse::<AstraEnvironment>().ok();
        assert_eq!(read("sandbox"), Some(AstraEnvironment::Sandbox));
        assert_eq!(read("production"), Some(AstraEnvironment::Production));
        assert!("Sandbox".parse::<AstraEnvironment>().is_err());
    }

    #[test]
    fn the_page_is_told_who_we_are_and_where_to_go_back() {
        let page = Url::parse(AstraEnvironment::Production.authorize_url()).unwrap();
        let state = AstraState::new("s+1");
        let url = astra_authorization_url(&page, "id", "https://app.example/a?b", &state);
        assert_eq!(url.host_str(), Some("app.astra.finance"));
        let query = "client_id=id&redirect_uri=https%3A%2F%2Fapp.example%2Fa%3Fb&\
                     response_type=code&state=s%2B1";
        assert_eq!(url.query(), Some(query));
    }
}
