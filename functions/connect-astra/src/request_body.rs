//! What a front end sends after the user came back from Astra's page.

use serde::Deserialize;
use shared::domain::{AstraAuthorizationCode, AstraState, AstraTextError};
use shared::http::{Code, Problem};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestBody {
    code: String,
    state: String,
}

impl RequestBody {
    /// Both, if they can be what they should be.
    pub(crate) fn read(&self) -> Result<(AstraAuthorizationCode, AstraState), Problem> {
        let code = AstraAuthorizationCode::parse(&self.code);
        let state = AstraState::parse(&self.state);
        Ok((
            code.map_err(|error| wrong("code", error))?,
            state.map_err(|error| wrong("state", error))?,
        ))
    }
}

fn wrong(field: &str, error: AstraTextError) -> Problem {
    Problem::field(Code::InvalidField, field, format!("{error}."))
}
