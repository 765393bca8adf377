//! Astra's endpoints.

mod accounts;
mod oauth;
mod user;

use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use jiff::Timestamp;
use serde_json::Value;

use crate::Simulator;
use crate::error::AstraError;
use crate::world::World;

/// A good answer: its status, and its body if it has one.
#[derive(Debug)]
pub(crate) struct Good {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
}

impl Good {
    fn ok(body: Value) -> Self {
        Self {
            status: 200,
            body: Some(body),
        }
    }
}

/// What an endpoint answers.
pub(crate) type Answer = Result<Good, AstraError>;

/// An endpoint of Astra's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Endpoint {
    Token,
    HandOver,
    Accounts,
    Account,
    DeleteAccount,
    User,
}

/// Their names, in the controls and in the README.
const NAMES: [(Endpoint, &str); 6] = [
    (Endpoint::Token, "POST /v1/oauth/token"),
    (Endpoint::HandOver, "POST /v1/accounts/processor_token"),
    (Endpoint::Accounts, "GET /v1/accounts"),
    (Endpoint::Account, "GET /v1/accounts/{id}"),
    (Endpoint::DeleteAccount, "DELETE /v1/accounts/{id}"),
    (Endpoint::User, "GET /v1/user"),
];

/// Where a request goes.
#[derive(Debug, PartialEq)]
pub(crate) enum Route {
    To(Endpoint),
    WrongMethod,
    Nowhere,
}

impl Endpoint {
    pub(crate) fn name(self) -> &'static str {
        let mut names = NAMES.iter();
        names
            .find(|(endpoint, _)| *endpoint == self)
            .map_or("", |(_, name)| name)
    }
}

/// The endpoint of this method and path.
pub(crate) fn find(method: &Method, path: &str) -> Route {
    let mut there = false;
    for (endpoint, name) in NAMES {
        let Some((its_method, its_path)) = name.split_once(' ') else {
            continue;
        };
        if !fits(path, its_path) {
            continue;
        }
        if method.as_str() == its_method {
            return Route::To(endpoint);
        }
        there = true;
    }
    if there {
        Route::WrongMethod
    } else {
        Route::Nowhere
    }
}

/// Whether `path` is one that `pattern` stands for.
fn fits(path: &str, pattern: &str) -> bool {
    match pattern.strip_suffix("{id}") {
        Some(folder) => path
            .strip_prefix(folder)
            .is_some_and(|id| !id.is_empty() && !id.contains('/') && id != "processor_token"),
        None => path == pattern,
    }
}

/// Whether a fault may be armed for this endpoint.
pub(crate) fn exists(name: &str) -> bool {
    name == "*" || NAMES.iter().any(|(_, known)| *known == name)
}

/// A call on its way to an endpoint.
pub(crate) struct Call<'a> {
    pub(crate) simulator: &'a Simulator,
    pub(crate) head: &'a Parts,
    pub(crate) body: &'a Bytes,
}

impl Call<'_> {
    /// Answers it.
    pub(crate) async fn run(&self, endpoint: Endpoint) -> Answer {
        match endpoint {
            Endpoint::Token => oauth::token(self),
            Endpoint::HandOver => accounts::hand_over(self).await,
            Endpoint::Accounts => accounts::list(self),
            Endpoint::Account => accounts::get(self),
            Endpoint::DeleteAccount => accounts::delete(self),
            Endpoint::User => user::get(self),
        }
    }

    fn now(&self) -> Timestamp {
        self.simulator.clock().now()
    }

    /// Changes the state and saves it.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut World) -> Result<T, AstraError>,
    ) -> Result<T, AstraError> {
        self.simulator.change(change).unwrap_or_else(|error| {
            tracing::error!(%error, "cannot save the state");
            Err(AstraError::internal())
        })
    }

    /// The user of the bearer token.
    fn user(&self) -> Result<String, AstraError> {
        let token = credentials(&self.head.headers, "Bearer")
            .ok_or_else(|| AstraError::unauthorized("a bearer access_token is needed"))?;
        let now = self.now();
        self.simulator.look(|world| world.user_of(token, now))
    }

    fn has_type(&self, wanted: &str) -> bool {
        let kind = header(&self.head.headers, CONTENT_TYPE.as_str());
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case(wanted)
    }

    /// The last part of the path.
    fn id(&self) -> &str {
        let path = self.head.uri.path();
        path.rsplit_once('/').map_or("", |(_, id)| id)
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// The credentials of the header `Authorization`, if they are of this scheme.
fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (its_scheme, credentials) = header(headers, AUTHORIZATION.as_str()).split_once(' ')?;
    its_scheme
        .eq_ignore_ascii_case(scheme)
        .then(|| credentials.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_found_by_its_name() {
        for (endpoint, name) in NAMES {
            let (method, path) = name.split_once(' ').unwrap();
            let path = path.replace("{id}", "5b9f0cb3");
            let method: Method = method.parse().unwrap();
            assert_eq!(find(&method, &path), Route::To(endpoint), "{name}");
            assert_eq!(endpoint.name(), name);
            assert!(exists(name));
        }
        assert!(exists("*") && !exists("/v1/user"));
    }

    #[test]
    fn a_known_path_with_another_method_is_told_from_an_unknown_one() {
        for path in ["/v1/user", "/v1/accounts", "/v1/accounts/5b9f0cb3"] {
            assert_eq!(find(&Method::PATCH, path), Route::WrongMethod, "{path}");
        }
        let hand_over = "/v1/accounts/processor_token";
        assert_eq!(find(&Method::GET, hand_over), Route::WrongMethod);
        for path in ["/", "/v1/accounts/", "/v1/accounts/a/b", "/v2/user"] {
            assert_eq!(find(&Method::GET, path), Route::Nowhere, "{path}");
        }
    }
}
