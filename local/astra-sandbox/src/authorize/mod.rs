//! The page on which a user authorises an application, and where it sends them.

mod page;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use url::{Url, form_urlencoded};

use self::page::Notice;
use crate::Simulator;
use crate::store::StoreError;

/// Where Astra has it, on a host of its own.
pub(crate) const PATH: &str = "/login/oauth/authorize";

pub(crate) fn routes() -> Router<Simulator> {
    Router::new()
        .route(PATH, get(show).post(decide))
        .route("/login/oauth/page.css", get(page::style))
}

/// What an application asks a user for.
#[derive(Debug, PartialEq)]
pub(crate) struct Ask {
    client_id: String,
    /// As it was written: that is what the code is bound to.
    redirect_uri: String,
    target: Url,
    state: Option<String>,
}

/// What is wrong with a request for an authorization.
#[derive(Debug, PartialEq)]
pub(crate) enum Wrong {
    /// The user cannot be sent back.
    Here(&'static str),
    /// The application is told.
    There(Url),
}

/// What a user says.
#[derive(Debug, PartialEq)]
pub(crate) enum Decision {
    Authorize { email: String },
    Deny,
}

impl Ask {
    /// Reads the query of the page's address.
    ///
    /// # Errors
    ///
    /// Something is missing or not known.
    pub(crate) fn read(simulator: &Simulator, query: &str) -> Result<Self, Wrong> {
        let field = |wanted: &str| {
            let mut fields = form_urlencoded::parse(query.as_bytes());
            fields.find_map(|(name, value)| {
                (name == wanted && !value.is_empty()).then(|| value.into_owned())
            })
        };
        let client_id = field("client_id")
            .filter(|id| simulator.knows_client(id))
            .ok_or(Wrong::Here("Invalid client_id"))?;
        let redirect_uri = field("redirect_uri").ok_or(Wrong::Here("redirect_uri is missing"))?;
        let target = Url::parse(&redirect_uri)
            .ok()
            .filter(|uri| matches!(uri.scheme(), "http" | "https") && uri.fragment().is_none())
            .ok_or(Wrong::Here("redirect_uri is no web address"))?;
        let (registered, echo) = simulator.look(|world| {
            let registered = world.settings.allowed_redirect_uris.as_ref();
            let known = registered.is_none_or(|uris| uris.contains(&redirect_uri));
            (known, world.settings.echo_state)
        });
        if !registered {
            return Err(Wrong::Here("this redirect_uri is not registered"));
        }
        let ask = Self {
            client_id,
            redirect_uri,
            target,
            state: field("state").filter(|_| echo),
        };
        if field("response_type").as_deref() == Some("code") {
            Ok(ask)
        } else {
            Err(Wrong::There(ask.back("error", "unsupported_response_type")))
        }
    }

    /// Where the user goes now.
    ///
    /// # Errors
    ///
    /// The state cannot be saved.
    pub(crate) fn decide(
        &self,
        simulator: &Simulator,
        decision: &Decision,
    ) -> Result<Url, StoreError> {
        let Decision::Authorize { email } = decision else {
            return Ok(self.back("error", "access_denied"));
        };
        let now = simulator.clock().now();
        let code = simulator.change(|world| {
            let user_id = world.sign_in(email, now);
            world.authorize(&user_id, &self.redirect_uri, now)
        })?;
        Ok(self.back("code", &code))
    }

    fn back(&self, name: &str, value: &str) -> Url {
        let mut location = self.target.clone();
        let mut query = location.query_pairs_mut();
        query.append_pair(name, value);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        drop(query);
        location
    }
}

/// Reads what the page's form sends.
fn decision(form: &[u8]) -> Option<Decision> {
    let mut email = String::new();
    let mut decision = String::new();
    for (name, value) in form_urlencoded::parse(form) {
        match &*name {
            "email" => email = value.into_owned(),
            "decision" => decision = value.into_owned(),
            _ => {}
        }
    }
    match decision.as_str() {
        "deny" => Some(Decision::Deny),
        "authorize" if is_address(&email) => Some(Decision::Authorize { email }),
        _ => None,
    }
}

/// Whether somebody can sign in with this.
pub(crate) fn is_address(email: &str) -> bool {
    email
        .trim()
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

async fn show(State(simulator): State<Simulator>, RawQuery(query): RawQuery) -> Response {
    match Ask::read(&simulator, &query.unwrap_or_default()) {
        Ok(ask) => page::form(&ask, Notice::None),
        Err(wrong) => refuse(wrong),
    }
}

async fn decide(
    State(simulator): State<Simulator>,
    RawQuery(query): RawQuery,
    form: Bytes,
) -> Response {
    let ask = match Ask::read(&simulator, &query.unwrap_or_default()) {
        Ok(ask) => ask,
        Err(wrong) => return refuse(wrong),
    };
    let Some(decision) = decision(&form) else {
        return page::form(&ask, Notice::NoAddress);
    };
    match ask.decide(&simulator, &decision) {
        Ok(location) => page::send_to(&location),
        Err(error) => {
            tracing::error!(%error, "cannot save the state");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn refuse(wrong: Wrong) -> Response {
    match wrong {
        Wrong::Here(why) => page::error(why),
        Wrong::There(location) => page::send_to(&location),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DEFAULT_CLIENT_ID, Options};

    const URI: &str = "http://127.0.0.1:4000/back?from=astra";

    fn simulator() -> Simulator {
        Simulator::open(Options::default()).unwrap()
    }

    fn query(fields: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields).finish()
    }

    fn good() -> Vec<(&'static str, &'static str)> {
        vec![
            ("client_id", DEFAULT_CLIENT_ID),
            ("redirect_uri", URI),
            ("response_type", "code"),
            ("state", "s t"),
        ]
    }

    #[test]
    fn the_user_goes_back_with_a_code_and_the_state() {
        let simulator = simulator();
        let ask = Ask::read(&simulator, &query(&good())).unwrap();
        let email = "ada@example.com".to_owned();
        let location = ask
            .decide(&simulator, &Decision::Authorize { email })
            .unwrap();
        let pairs: Vec<(String, String)> = location.query_pairs().into_owned().collect();
        assert_eq!(pairs[0], ("from".to_owned(), "astra".to_owned()));
        assert_eq!((pairs[1].0.as_str(), pairs[1].1.len()), ("code", 42));
        assert_eq!(pairs[2], ("state".to_owned(), "s t".to_owned()));
        let denied = ask.decide(&simulator, &Decision::Deny).unwrap();
        assert_eq!(
            denied.as_str(),
            "http://127.0.0.1:4000/back?from=astra&error=access_denied&state=s+t"
        );
    }

    #[test]
    fn nobody_is_sent_to_an_address_that_is_not_good() {
        let simulator = simulator();
        for (name, value) in [
            ("client_id", "another"),
            ("client_id", ""),
            ("redirect_uri", ""),
            ("redirect_uri", "/back"),
            ("redirect_uri", "javascript:alert(1)"),
            ("redirect_uri", "http://127.0.0.1:4000/#back"),
        ] {
            let mut fields = good();
            fields.retain(|(known, _)| *known != name);
            fields.push((name, value));
            let wrong = Ask::read(&simulator, &query(&fields)).unwrap_err();
            assert!(matches!(wrong, Wrong::Here(_)), "{name}={value}: {wrong:?}");
        }
    }

    #[test]
    fn an_application_hears_of_a_response_type_that_is_not_code() {
        let mut fields = good();
        fields[2].1 = "token";
        let wrong = Ask::read(&simulator(), &query(&fields)).unwrap_err();
        let Wrong::There(location) = wrong else {
            panic!("{wrong:?}")
        };
        let told = "error=unsupported_response_type&state=s+t";
        assert!(location.as_str().ends_with(told), "{location}");
    }

    #[test]
    fn a_decision_needs_an_address_unless_it_is_no() {
        assert_eq!(decision(b"decision=deny"), Some(Decision::Deny));
        let email = "ada@example.com".to_owned();
        assert_eq!(
            decision(b"email=ada%40example.com&decision=authorize"),
            Some(Decision::Authorize { email })
        );
        for nothing in [
            "",
            "decision=authorize",
            "email=ada&decision=authorize",
            "email=a%40b",
        ] {
            assert_eq!(decision(nothing.as_bytes()), None, "{nothing}");
        }
    }
}
