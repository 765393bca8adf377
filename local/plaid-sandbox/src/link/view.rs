//! What the browser has to know to draw a pane.

use serde_json::{Value, json};

use super::accounts::{chosen, is_single};
use super::login::{DEVICES, SELECTION_ANSWERS, SELECTIONS};
use super::numbers::offers_same_day;
use super::oauth::return_uri;
use super::run::Run;
use crate::bank::institutions::{Health, INSTITUTIONS, Institution};
use crate::bank::login::SecondFactor;
use crate::world::flow::{Decision, Flow, Pane};
use crate::world::item::Account;

/// The pane that Link shows.
pub(super) fn view(run: &Run<'_, '_>) -> Value {
    let flow = &run.session.flow;
    let mut view = json!({
        "can_go_back": can_go_back(run),
        "client_name": run.token.text("client_name"),
        "error": flow.error.as_ref().map(super::finish::brief),
        "institution": flow.institution_view(),
        "notice": flow.notice,
        "pane": flow.pane,
        "update": run.is_update(),
    });
    if let (Value::Object(view), Value::Object(more)) = (&mut view, details(run, flow)) {
        view.extend(more);
    }
    view
}

fn can_go_back(run: &Run<'_, '_>) -> bool {
    let start = matches!(
        run.pane(),
        Pane::Consent | Pane::Institutions | Pane::Connected
    );
    let locked = run
        .session
        .flow
        .error
        .as_ref()
        .is_some_and(|error| error.error_code == "TOO_MANY_VERIFICATION_ATTEMPTS");
    if run.is_update() {
        run.pane() == Pane::Failed && !locked
    } else {
        !start
    }
}

fn details(run: &Run<'_, '_>, flow: &Flow) -> Value {
    match flow.pane {
        Pane::Institutions => json!({
            "institutions": found(&flow.query),
            "query": flow.query,
            "same_day": offers_same_day(run),
        }),
        Pane::Credentials if run.is_update() => json!({"username": flow.username}),
        Pane::Device => {
            let devices = DEVICES.map(|(id, label)| json!({"id": id, "label": label}));
            json!({"devices": devices})
        }
        Pane::Code => json!({"questions": ["Code"]}),
        Pane::Questions => json!({"questions": questions(flow)}),
        Pane::Selections => json!({"answers": SELECTION_ANSWERS, "questions": SELECTIONS}),
        Pane::Accounts => json!({
            "accounts": flow.offered.iter().map(account).collect::<Vec<_>>(),
            "chosen": flow.chosen,
            "single": is_single(run),
        }),
        Pane::Connected => json!({"accounts": shared(run, flow)}),
        Pane::Oauth => oauth(run, flow),
        Pane::Numbers => json!({"asks_subtype": flow.auth_method.is_none()}),
        _ => json!({}),
    }
}

/// What the application will see, or what it sees in update mode.
fn shared(run: &Run<'_, '_>, flow: &Flow) -> Vec<Value> {
    match run.item() {
        Ok(Some(item)) => item.accounts.iter().map(account).collect(),
        _ => chosen(flow).iter().map(account).collect(),
    }
}

fn questions(flow: &Flow) -> Vec<String> {
    let Some(SecondFactor::Questions { questions, .. }) = flow.factor else {
        return Vec::new();
    };
    (0..questions)
        .map(|question| format!("You say answer_{}_{question}, we say?", flow.rounds))
        .collect()
}

/// Where the bank's own page is, while it is open.
fn oauth(run: &Run<'_, '_>, flow: &Flow) -> Value {
    let open = flow
        .oauth
        .as_ref()
        .filter(|oauth| oauth.decision == Decision::Waiting);
    json!({
        "bank_path": open.map(|oauth| format!("/link/v2/oauth/{}", oauth.state_id)),
        "opens_window": return_uri(run).is_none(),
        "pop_up": open.map(|oauth| oauth.return_uri.is_none()),
    })
}

fn found(query: &str) -> Vec<Value> {
    let query = query.trim().to_lowercase();
    INSTITUTIONS
        .iter()
        .filter(|institution| institution.name.to_lowercase().contains(&query))
        .map(listed)
        .collect()
}

fn listed(institution: &Institution) -> Value {
    json!({
        "degraded": institution.health == Health::Degraded,
        "institution_id": institution.id,
        "name": institution.name,
        "oauth": institution.oauth,
    })
}

/// An account as a person recognises it.
pub(super) fn account(account: &Account) -> Value {
    json!({
        "available": account.balances.available.or(account.balances.current),
        "id": account.account_id,
        "mask": account.mask,
        "name": account.name,
        "subtype": account.subtype,
        "type": account.kind,
    })
}
