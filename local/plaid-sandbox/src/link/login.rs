//! Credentials, and the second factor.

use super::accounts;
use super::run::{Run, Stepped};
use crate::bank::login::{GOOD_PASSWORD, SecondFactor, log_in, second_factor};
use crate::wire::error::PlaidError;
use crate::world::flow::Pane;

/// The code of every device, as in Plaid's Sandbox.
const DEVICE_CODE: &str = "1234";
/// The right one of the answers to choose from.
const RIGHT_SELECTION: &str = "Yes";
/// Where a code can be sent to.
pub(super) const DEVICES: [(&str, &str); 2] = [
    ("phone", "Text message to •••-•••-0100"),
    ("email", "Email to u•••@example.com"),
];
/// What `mfa_selections` asks.
pub(super) const SELECTIONS: [&str; 2] = [
    "Do you have a checking account with us?",
    "Have you been a customer for more than a year?",
];
/// What can be answered to it.
pub(super) const SELECTION_ANSWERS: [&str; 3] = ["Yes", "No", "I am not sure"];

pub(super) fn credentials(run: &mut Run<'_, '_>, username: &str, password: &str) -> Stepped {
    run.at(&[Pane::Credentials])?;
    run.event("SUBMIT_CREDENTIALS", &[]);
    run.loading();
    let other_user = run.item()?.is_some_and(|item| item.username != username);
    if other_user {
        return refused(run, PlaidError::of("INVALID_UPDATED_USERNAME"));
    }
    let factor = second_factor(password);
    let password = if factor.is_some() {
        GOOD_PASSWORD
    } else {
        password
    };
    let institution_id = run.session.flow.institution_id.clone().unwrap_or_default();
    let login = match log_in(&institution_id, username, password) {
        Ok(login) => login,
        Err(error) => return refused(run, error),
    };
    username.clone_into(&mut run.flow().username);
    accounts::take_up(run, login)?;
    let flow = run.flow();
    flow.factor = factor;
    flow.rounds = 0;
    match factor {
        None => return accounts::after_login(run),
        Some(SecondFactor::Device) => run.go(Pane::Device),
        Some(SecondFactor::Questions { .. }) => run.go(Pane::Questions),
        Some(SecondFactor::Selections) => run.go(Pane::Selections),
    }
    Ok(())
}

fn refused(run: &mut Run<'_, '_>, error: PlaidError) -> Stepped {
    if !matches!(
        error.error_code.as_str(),
        "INVALID_CREDENTIALS" | "INVALID_UPDATED_USERNAME"
    ) {
        run.fail(error);
        return Ok(());
    }
    run.retry(error, Pane::Credentials);
    run.miss()
}

pub(super) fn device(run: &mut Run<'_, '_>, device: &str) -> Stepped {
    run.at(&[Pane::Device])?;
    let Some((_, label)) = DEVICES.iter().find(|(id, _)| *id == device) else {
        run.hint("Please choose where the code shall go.");
        return Ok(());
    };
    run.event(
        "SUBMIT_MFA",
        &[("mfa_type", "device"), ("selection", label)],
    );
    run.loading();
    run.go(Pane::Code);
    Ok(())
}

/// Answers to a code, questions or selections.
pub(super) fn answers(run: &mut Run<'_, '_>, answers: &[String]) -> Stepped {
    run.at(&[Pane::Code, Pane::Questions, Pane::Selections])?;
    let pane = run.pane();
    run.event(
        "SUBMIT_MFA",
        &[("mfa_type", pane.mfa_type().unwrap_or_default())],
    );
    run.loading();
    let wanted = wanted(pane, run.session.flow.factor, run.session.flow.rounds);
    let given = answers.iter().map(|answer| answer.trim());
    if !given.eq(wanted.iter().map(String::as_str)) {
        run.retry(PlaidError::of("INVALID_MFA"), pane);
        return run.miss();
    }
    run.flow().rounds += 1;
    match run.session.flow.factor {
        Some(SecondFactor::Questions { rounds, .. }) if run.session.flow.rounds < rounds => {
            run.go(Pane::Questions);
            Ok(())
        }
        _ => accounts::after_login(run),
    }
}

/// The right answers, of which there is one to each question.
fn wanted(pane: Pane, factor: Option<SecondFactor>, round: u32) -> Vec<String> {
    match (pane, factor) {
        (Pane::Selections, _) => vec![RIGHT_SELECTION.to_owned(); SELECTIONS.len()],
        (Pane::Questions, Some(SecondFactor::Questions { questions, .. })) => (0..questions)
            .map(|question| format!("answer_{round}_{question}"))
            .collect(),
        _ => vec![DEVICE_CODE.to_owned()],
    }
}
