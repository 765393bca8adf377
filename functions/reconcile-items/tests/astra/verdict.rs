//! What must hold when everything is quiet.

use std::collections::BTreeSet;

use shared::domain::{
    Account, AccountStatus, AstraAccountId, AstraStatus, AtAstra, ConnectionState, Lifecycle,
};
use shared::test_util::{FakeAccount, open_astra_tokens};

use crate::scenario::Scenario;
use crate::scene::{Scene, now, token};

/// In every token and code here.
const CANARY: &str = "canary";

/// What is wrong with the accounts, and with the tokens that stand somewhere.
pub(crate) fn of(scene: &Scene, scenario: &Scenario) -> Vec<String> {
    let mut wrong = accounts(scene, scenario);
    wrong.extend(canaries(scene));
    wrong
}

/// What is wrong with the user's connection, where there is one.
pub(crate) fn of_tokens(scene: &Scene, scenario: &Scenario) -> Option<String> {
    let connection = scene.connection()?;
    if connection.state != ConnectionState::Connected {
        let lost = "the user has to authorise us again".to_owned();
        return (!scenario.may_lose_tokens).then_some(lost);
    }
    let (access, _) = now(open_astra_tokens(&connection));
    let works = scene.astra.user_of(&access).is_some();
    (!works).then(|| "the access token that is kept is not the newest".to_owned())
}

fn accounts(scene: &Scene, scenario: &Scenario) -> Vec<String> {
    let live: Vec<FakeAccount> = scene.astra.world().live_accounts().cloned().collect();
    let item = scene.kept_item();
    let recorded: BTreeSet<AstraAccountId> = item
        .iter()
        .flat_map(|item| &item.accounts)
        .filter_map(|account| account.at_astra.as_ref())
        .flat_map(AtAstra::all_accounts)
        .collect();
    let mut wrong = Vec::new();
    for orphan in live
        .iter()
        .filter(|live| !recorded.contains(&live.account_id))
    {
        wrong.push(format!(
            "nobody knows of {} at Astra",
            orphan.processor_token
        ));
    }
    let Some(item) = item else { return wrong };
    if item.lifecycle == Lifecycle::Removed && !live.is_empty() && !scenario.may_leave {
        wrong.push("an account of a removed Item is at Astra".to_owned());
    }
    if item.lifecycle == Lifecycle::Linked && scene.connection().is_some() {
        let ready = item.accounts.iter();
        let ready = ready.filter(|account| account.status() == AccountStatus::Ready);
        wrong.extend(ready.filter_map(|account| of_account(account, &live)));
    }
    wrong
}

/// A ready account of a connected user is at Astra once, with its newest token.
fn of_account(account: &Account, live: &[FakeAccount]) -> Option<String> {
    let id = &account.plaid.account_id;
    let Some(at_astra) = &account.at_astra else {
        return Some(format!("{id} is not at Astra"));
    };
    if at_astra.status() != AstraStatus::Linked {
        return Some(format!("{id} stays {:?}", at_astra.status()));
    }
    let newest = token(id.as_str(), account.generation);
    let its = |live: &&FakeAccount| Some(&live.account_id) == at_astra.astra_account_id.as_ref();
    match live.iter().find(its) {
        None => Some(format!("{id} is gone at Astra")),
        Some(live) if live.processor_token != newest => Some(format!("{id} has an old token")),
        Some(_) if at_astra.all_accounts().len() > 1 => Some(format!("{id} is there twice")),
        Some(_) => None,
    }
}

/// No token stands in clear where it does not belong.
fn canaries(scene: &Scene) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut look = |place: &str, text: &str| {
        if text.contains(CANARY) {
            wrong.push(format!("a token stands in {place}: {text}"));
        }
    };
    look("the log", &scene.log.text());
    let records = scene.store.records();
    look("a record", &format!("{:?}", records.authorizations));
    look("a record", &format!("{:?}", records.connections));
    look("a record", &format!("{:?}", records.items));
    look("a record", &format!("{:?}", records.changes));
    for connection in records.connections.values() {
        let tokens = [
            Some(&connection.access_token),
            connection.refresh_token.as_ref(),
        ];
        for sealed in tokens.into_iter().flatten() {
            look(
                "a sealed value",
                &String::from_utf8_lossy(sealed.as_bytes()),
            );
        }
    }
    wrong
}
