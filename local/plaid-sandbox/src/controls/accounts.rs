//! The accounts of an Item: added, changed, taken away.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use sandbox_kit::Clock;
use serde::Deserialize;
use serde_json::json;

use super::{Controlled, Refusal, items, parse, respond};
use crate::Simulator;
use crate::bank::institutions::institution;
use crate::bank::templates::numbers;
use crate::webhooks::body as bodies;
use crate::wire::vocabulary::{ACCOUNT_SUBTYPES, ACCOUNT_TYPES, VERIFICATION_STATUSES};
use crate::world::World;
use crate::world::ids;
use crate::world::item::{Account, Balances, Item, Numbers};

/// An account as a test writes it: all of it to add, some of it to change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountFields {
    name: Option<String>,
    official_name: Option<String>,
    mask: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    subtype: Option<String>,
    verification_status: Option<String>,
    available: Option<f64>,
    current: Option<f64>,
    /// Gives the account new numbers.
    #[serde(default)]
    renumber: bool,
    #[serde(default)]
    fire_webhook: bool,
}

impl AccountFields {
    fn check(&self) -> Result<(), Refusal> {
        for (value, known) in [
            (&self.kind, ACCOUNT_TYPES),
            (&self.subtype, ACCOUNT_SUBTYPES),
            (&self.verification_status, VERIFICATION_STATUSES),
        ] {
            if let Some(value) = value.as_deref().filter(|value| !known.contains(value)) {
                return Err(Refusal::bad(format!("unknown value: {value}")));
            }
        }
        Ok(())
    }

    fn apply(&self, account: &mut Account) {
        if let Some(name) = &self.name {
            account.name.clone_from(name);
        }
        if let Some(kind) = &self.kind {
            account.kind.clone_from(kind);
        }
        for (from, to) in [
            (&self.official_name, &mut account.official_name),
            (&self.mask, &mut account.mask),
            (&self.subtype, &mut account.subtype),
            (&self.verification_status, &mut account.verification_status),
        ] {
            if from.is_some() {
                to.clone_from(from);
            }
        }
        account.balances.available = self.available.or(account.balances.available);
        account.balances.current = self.current.or(account.balances.current);
    }
}

pub(super) async fn add(
    State(simulator): State<Simulator>,
    Path(item_id): Path<String>,
    body: Bytes,
) -> Response {
    respond(add_one(&simulator, &item_id, &body))
}

fn add_one(simulator: &Simulator, item_id: &str, body: &Bytes) -> Controlled {
    let fields: AccountFields = parse(body)?;
    fields.check()?;
    simulator.change(|state| {
        let item = items::live(&mut state.world, item_id)?;
        let mut account = Account {
            account_id: ids::plaid_id(),
            name: "Added Account".to_owned(),
            official_name: None,
            mask: Some("4242".to_owned()),
            kind: "depository".to_owned(),
            subtype: Some("checking".to_owned()),
            balances: Balances {
                available: Some(50.0),
                current: Some(50.0),
                limit: None,
            },
            verification_status: None,
            persistent_account_id: None,
            numbers: None,
        };
        fields.apply(&mut account);
        account.numbers = new_numbers(item, &account);
        let view = account.view();
        item.accounts.push(account);
        state.world.plan(item_id);
        if fields.fire_webhook {
            state
                .world
                .notify(item_id, simulator.clock(), bodies::new_accounts_available);
        }
        Ok(view)
    })?
}

pub(super) async fn change(
    State(simulator): State<Simulator>,
    Path((item_id, account_id)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    respond(change_one(&simulator, &item_id, &account_id, &body))
}

fn change_one(simulator: &Simulator, item_id: &str, account_id: &str, body: &Bytes) -> Controlled {
    let fields: AccountFields = parse(body)?;
    fields.check()?;
    simulator.change(|state| {
        let item = items::live(&mut state.world, item_id)?;
        let institution_of = item.clone();
        let account = item
            .account_mut(account_id)
            .ok_or_else(|| Refusal::not_found("account"))?;
        fields.apply(account);
        if fields.renumber {
            account.numbers = new_numbers(&institution_of, account).map(|numbers| Numbers {
                account: ids::digits(12),
                ..numbers
            });
        }
        let view = account.view();
        state.world.plan(item_id);
        if fields.fire_webhook {
            announce(
                &mut state.world,
                simulator.clock(),
                (item_id, account_id),
                &fields,
            );
        }
        Ok(view)
    })?
}

/// The webhook that goes with a change of an account, if there is one.
fn announce(world: &mut World, clock: &Clock, ids: (&str, &str), fields: &AccountFields) {
    let (item_id, account_id) = ids;
    if fields.renumber {
        let ids = [account_id.to_owned()];
        world.notify(item_id, clock, |item| {
            bodies::auth_default_update(item, &ids)
        });
    }
    match fields.verification_status.as_deref() {
        Some("automatically_verified") => world.notify(item_id, clock, |item| {
            bodies::automatically_verified(item, account_id)
        }),
        Some("verification_expired") => world.notify(item_id, clock, |item| {
            bodies::verification_expired(item, account_id)
        }),
        Some("manually_verified") => world.notify(item_id, clock, |item| {
            bodies::sms_verification(item, account_id, "MANUALLY_VERIFIED")
        }),
        Some("verification_failed") => world.notify(item_id, clock, |item| {
            bodies::sms_verification(item, account_id, "VERIFICATION_FAILED")
        }),
        _ => {}
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Removal {
    fire_webhook: bool,
}

pub(super) async fn remove(
    State(simulator): State<Simulator>,
    Path((item_id, account_id)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    respond(take_away(&simulator, &item_id, &account_id, &body))
}

fn take_away(simulator: &Simulator, item_id: &str, account_id: &str, body: &Bytes) -> Controlled {
    let removal: Removal = parse(body)?;
    simulator.change(|state| {
        let item = items::live(&mut state.world, item_id)?;
        let before = item.accounts.len();
        item.accounts
            .retain(|account| account.account_id != account_id);
        if item.accounts.len() == before {
            return Err(Refusal::not_found("account"));
        }
        if removal.fire_webhook {
            state.world.notify(item_id, simulator.clock(), |item| {
                bodies::account_revoked(item, account_id)
            });
        }
        Ok(json!({}))
    })?
}

fn new_numbers(item: &Item, account: &Account) -> Option<Numbers> {
    let bank = item.institution().or_else(|| institution("ins_109508"))?;
    let mask = account.mask.as_deref().unwrap_or("0000");
    (account.kind == "depository").then(|| numbers(bank, mask))
}
