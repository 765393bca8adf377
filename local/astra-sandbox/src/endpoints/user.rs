//! The user whose access token is sent.

use super::{Answer, Call, Good};
use crate::error::AstraError;

pub(super) fn get(call: &Call<'_>) -> Answer {
    let user_id = call.user()?;
    let profile = call.simulator.look(|world| world.profile(&user_id));
    profile
        .map(Good::ok)
        .ok_or_else(|| AstraError::unauthorized("the user is gone"))
}
