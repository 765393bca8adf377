//! The authorize page without a browser: one call plays what a user does there.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{Controlled, Refusal, parse, respond};
use crate::Simulator;
use crate::authorize::{Ask, Decision, PATH, Wrong, is_address};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Authorize {
    /// The address that the application sends its user to.
    url: String,
    email: Option<String>,
    /// The user says no.
    #[serde(default)]
    deny: bool,
}

pub(super) async fn authorize(State(simulator): State<Simulator>, body: Bytes) -> Response {
    respond(play(&simulator, &body))
}

fn play(simulator: &Simulator, body: &Bytes) -> Controlled {
    let authorize: Authorize = parse(body)?;
    let url = Url::parse(&authorize.url).map_err(|error| Refusal::bad(error.to_string()))?;
    if url.path() != PATH {
        return Err(Refusal::bad(format!("the page is at {PATH}")));
    }
    let location = match Ask::read(simulator, url.query().unwrap_or_default()) {
        Ok(ask) => ask.decide(simulator, &decision(&authorize)?)?,
        Err(Wrong::There(location)) => location,
        Err(Wrong::Here(why)) => return Err(Refusal::bad(why)),
    };
    Ok(json!({"location": location.as_str()}))
}

fn decision(authorize: &Authorize) -> Result<Decision, Refusal> {
    if authorize.deny {
        return Ok(Decision::Deny);
    }
    let email = authorize.email.as_deref().unwrap_or("ada@example.com");
    if !is_address(email) {
        return Err(Refusal::bad("email is no address"));
    }
    Ok(Decision::Authorize {
        email: email.to_owned(),
    })
}
