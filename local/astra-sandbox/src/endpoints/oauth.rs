//! The token endpoint: tokens for a code, new tokens for a refresh token.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use url::form_urlencoded;

use super::{Answer, Call, Good, credentials};
use crate::error::AstraError;
use crate::world::World;
use crate::world::user::Granted;

pub(super) fn token(call: &Call<'_>) -> Answer {
    let known = basic(&call.head.headers)
        .is_some_and(|(client_id, secret)| call.simulator.accepts(&client_id, &secret));
    if !known {
        return Err(AstraError::oauth("invalid_client", "Invalid client_id"));
    }
    if !call.has_type("application/x-www-form-urlencoded") {
        return Err(invalid_request(
            "the body is application/x-www-form-urlencoded",
        ));
    }
    let form = Form::read(call.body)?;
    let now = call.now();
    call.change(|world| grant(world, &form, now)).map(Good::ok)
}

fn grant(world: &mut World, form: &Form, now: Timestamp) -> Granted {
    match form.required("grant_type")? {
        "authorization_code" => {
            world.redeem(form.required("code")?, form.required("redirect_uri")?, now)
        }
        "refresh_token" => world.refresh(
            form.required("refresh_token")?,
            form.get("redirect_uri"),
            now,
        ),
        _ => Err(AstraError::oauth(
            "unsupported_grant_type",
            "grant_type is authorization_code or refresh_token",
        )),
    }
}

fn invalid_request(description: impl Into<String>) -> AstraError {
    AstraError::oauth("invalid_request", description)
}

struct Form(BTreeMap<String, String>);

impl Form {
    fn read(body: &[u8]) -> Result<Self, AstraError> {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body).into_owned() {
            if fields.insert(name.clone(), value).is_some() {
                return Err(invalid_request(format!("{name} is there twice")));
            }
        }
        Ok(Self(fields))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str, AstraError> {
        self.get(name)
            .ok_or_else(|| invalid_request(format!("{name} is required")))
    }
}

/// The user name and password of HTTP Basic.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let decoded = STANDARD.decode(credentials(headers, "Basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
