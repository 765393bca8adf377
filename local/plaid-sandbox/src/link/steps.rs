//! The steps of a user through Link: which there are, and the simple ones.

use serde::Deserialize;

use super::accounts;
use super::finish::add_item;
use super::login::{answers, credentials, device};
use super::numbers::{deposit_code, numbers, same_day};
use super::oauth;
use super::run::{Refused, Run, Stepped};
use crate::bank::institutions::{Health, institution};
use crate::bank::login::Login;
use crate::wire::error::PlaidError;
use crate::world::flow::Pane;
use crate::world::item::Verification;
use crate::world::link::Outcome;

/// What a user does, as the browser says it.
#[derive(Debug, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Step {
    /// Link is opened, or opened again on the way back from a bank.
    Open {
        received_redirect_uri: Option<String>,
    },
    /// Nothing: the browser wants to know where it is.
    Look,
    Consent,
    Search {
        query: String,
    },
    Institution {
        institution_id: String,
    },
    /// Same-Day micro-deposits instead of an institution.
    SameDay,
    Credentials {
        username: String,
        password: String,
    },
    Device {
        device: String,
    },
    /// To all the questions of the second factor, of which a code is one.
    Answers {
        answers: Vec<String>,
    },
    OpenBank,
    /// The user is back from the bank, or has closed its window.
    BankClosed,
    Accounts {
        account_ids: Vec<String>,
    },
    Numbers {
        routing: String,
        account: String,
        subtype: Option<String>,
    },
    DepositCode {
        code: String,
    },
    Back,
    Done,
    Exit,
}

/// Takes a step.
pub(super) fn take(run: &mut Run<'_, '_>, step: Step) -> Stepped {
    match step {
        Step::Open { .. } => open(run),
        Step::Look => {}
        Step::Consent => return consent(run),
        Step::Search { query } => return search(run, query),
        Step::Institution { institution_id } => return choose_institution(run, &institution_id),
        Step::SameDay => return same_day(run),
        Step::Credentials { username, password } => return credentials(run, &username, &password),
        Step::Device { device: chosen } => return device(run, &chosen),
        Step::Answers { answers: given } => return answers(run, &given),
        Step::OpenBank => return oauth::open_bank(run),
        Step::BankClosed => return oauth::back_from_bank(run),
        Step::Accounts { account_ids } => return accounts::choose(run, &account_ids),
        Step::Numbers {
            routing,
            account,
            subtype,
        } => return numbers(run, &routing, &account, subtype.as_deref()),
        Step::DepositCode { code } => return deposit_code(run, &code),
        Step::Back => return back(run),
        Step::Done => return done(run),
        Step::Exit => return leave(run),
    }
    Ok(())
}

fn open(run: &mut Run<'_, '_>) {
    // In update mode the institution is known from the start.
    let known = run.item().ok().flatten().map(|item| {
        let username = item.username.clone();
        (item.institution_id.clone(), username)
    });
    if let Some((institution_id, username)) = known {
        let flow = run.flow();
        flow.institution_id = institution_id;
        flow.username = username;
    }
    run.event("OPEN", &[("view_name", Pane::Consent.view_name())]);
}

fn consent(run: &mut Run<'_, '_>) -> Stepped {
    run.at(&[Pane::Consent])?;
    let Some(item) = run.item()? else {
        run.go(Pane::Institutions);
        return Ok(());
    };
    let locked = item
        .accounts
        .iter()
        .any(|account| account.verification() == Verification::Locked);
    if item.awaits_deposit_code() {
        run.go(Pane::DepositCode);
    } else if locked {
        run.fail(PlaidError::of("TOO_MANY_VERIFICATION_ATTEMPTS"));
    } else if item.institution_id.is_none() {
        run.connect();
    } else {
        run.enter_institution();
    }
    Ok(())
}

fn search(run: &mut Run<'_, '_>, query: String) -> Stepped {
    run.at(&[Pane::Institutions])?;
    run.event(
        "SEARCH_INSTITUTION",
        &[("institution_search_query", &query)],
    );
    run.flow().query = query;
    Ok(())
}

fn choose_institution(run: &mut Run<'_, '_>, institution_id: &str) -> Stepped {
    run.at(&[Pane::Institutions])?;
    let Some(institution) = institution(institution_id) else {
        return Err(PlaidError::of("INVALID_INSTITUTION").into());
    };
    run.flow().institution_id = Some(institution.id.to_owned());
    run.event("SELECT_INSTITUTION", &[]);
    match institution.health {
        Health::Down => {
            run.event("SELECT_DOWN_INSTITUTION", &[]);
            run.fail(PlaidError::of("INSTITUTION_DOWN"));
        }
        Health::Unsupported => run.fail(PlaidError::of("INSTITUTION_NO_LONGER_SUPPORTED")),
        Health::Degraded => {
            run.event("SELECT_DEGRADED_INSTITUTION", &[]);
            run.enter_institution();
        }
        Health::Healthy => run.enter_institution(),
    }
    Ok(())
}

/// To the list of institutions, and from a failed repair to its beginning.
fn back(run: &mut Run<'_, '_>) -> Stepped {
    if run.session.outcome.is_some()
        || matches!(
            run.pane(),
            Pane::Consent | Pane::Institutions | Pane::Connected
        )
    {
        return Err(Refused::OutOfStep);
    }
    if run.is_update() {
        run.at(&[Pane::Failed])?;
        let deposit = run.item()?.is_some_and(|item| {
            item.accounts
                .iter()
                .any(|account| account.verification() == Verification::Locked)
        });
        if deposit {
            return Err(Refused::OutOfStep);
        }
        run.enter_institution();
        return Ok(());
    }
    let flow = run.flow();
    flow.institution_id = None;
    flow.auth_method = None;
    flow.offered.clear();
    flow.chosen.clear();
    flow.factor = None;
    flow.oauth = None;
    run.go(Pane::Institutions);
    Ok(())
}

/// The user has seen that it worked. Said twice, it is done once.
fn done(run: &mut Run<'_, '_>) -> Stepped {
    if matches!(run.session.outcome, Some(Outcome::Success { .. })) {
        return Ok(());
    }
    run.at(&[Pane::Connected])?;
    run.event("HANDOFF", &[]);
    let added = if run.is_update() {
        Vec::new()
    } else {
        let flow = &run.session.flow;
        let login = Login {
            institution: flow.institution(),
            auth_method: flow.auth_method.clone().unwrap_or_default(),
            accounts: accounts::chosen(flow),
        };
        let username = flow.username.clone();
        let id = run.session.link_session_id.clone();
        vec![add_item(run.call, &run.token, &id, &username, login)?]
    };
    run.end(Outcome::Success { added });
    Ok(())
}

/// Who closes Link after it worked has not given up.
fn leave(run: &mut Run<'_, '_>) -> Stepped {
    if run.pane() == Pane::Connected {
        return done(run);
    }
    run.exit(None);
    Ok(())
}
