//! Accounts: made of processor tokens, listed, shown and deleted.

use serde::Deserialize;

use super::{Answer, Call, Good};
use crate::error::AstraError;
use crate::plaid::NoAccount;
use crate::world::account::{HandOver, HandedOver, PageAsked};
use crate::world::secret::sha256;

/// The accounts of a page, unless the caller says how many.
/// <https://docs.astra.finance/reference/pagination>
const PAGE: usize = 25;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    processor_token: String,
    institution_id: Option<String>,
}

/// Makes an account of a processor token, if Plaid knows it.
pub(super) async fn hand_over(call: &Call<'_>) -> Answer {
    let user_id = call.user()?;
    if !call.has_type("application/json") {
        return Err(AstraError::of(400, "the body is application/json"));
    }
    let sent: Sent = serde_json::from_slice(call.body).map_err(|error| not_readable(&error))?;
    let bank = call
        .simulator
        .plaid()
        .account(&sent.processor_token)
        .await
        .map_err(no_account)?;
    let sent = HandOver {
        processor_token_sha256: sha256(&sent.processor_token),
        institution_id: sent.institution_id.filter(|id| !id.is_empty()),
        bank,
    };
    let now = call.now();
    call.change(|world| {
        let (status, id) = match world.hand_over(&user_id, sent, now)? {
            HandedOver::New(id) => (201, id),
            HandedOver::Same(id) => (200, id),
        };
        let body = Some(world.account(&user_id, &id)?);
        Ok(Good { status, body })
    })
}

/// What is wrong with a body, without repeating any of it.
fn not_readable(error: &serde_json::Error) -> AstraError {
    let place = format!("line {} column {}", error.line(), error.column());
    AstraError::of(
        400,
        format!("the body is {{processor_token, institution_id?}}: see {place}"),
    )
}

fn no_account(error: NoAccount) -> AstraError {
    match error {
        NoAccount::Refused(code) => {
            AstraError::of(400, format!("Plaid refuses the processor_token: {code}"))
        }
        NoAccount::Unavailable => AstraError::of(503, "Plaid cannot be reached"),
    }
}

pub(super) fn list(call: &Call<'_>) -> Answer {
    let user_id = call.user()?;
    let asked = page_asked(call.head.uri.query().unwrap_or_default())?;
    let list = call.simulator.look(|world| world.list(&user_id, &asked));
    list.map(Good::ok)
}

fn page_asked(query: &str) -> Result<PageAsked, AstraError> {
    let mut asked = PageAsked {
        limit: PAGE,
        cursor: None,
    };
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "limit" => {
                asked.limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (10..=100).contains(limit))
                    .ok_or_else(|| AstraError::of(400, "limit is 10 to 100"))?;
            }
            "cursor" => asked.cursor = Some(value.into_owned()),
            other => {
                return Err(AstraError::of(400, format!("unknown parameter: {other}")));
            }
        }
    }
    Ok(asked)
}

pub(super) fn get(call: &Call<'_>) -> Answer {
    let user_id = call.user()?;
    let account = call
        .simulator
        .look(|world| world.account(&user_id, call.id()));
    account.map(Good::ok)
}

/// Deletes an account. The answer is a status and nothing else.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let user_id = call.user()?;
    let now = call.now();
    call.change(|world| world.delete_account(&user_id, call.id(), now))?;
    Ok(Good {
        status: 200,
        body: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_25_accounts_unless_10_to_100_are_asked_for() {
        assert_eq!(page_asked("").unwrap().limit, 25);
        assert_eq!(page_asked("limit=10").unwrap().limit, 10);
        assert_eq!(page_asked("cursor=a%20b").unwrap().cursor.unwrap(), "a b");
        for wrong in ["limit=9", "limit=101", "limit=many", "page=2"] {
            assert_eq!(page_asked(wrong).unwrap_err().status, 400, "{wrong}");
        }
    }
}
