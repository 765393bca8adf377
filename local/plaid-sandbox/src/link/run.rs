//! One step of a user in Link: what it works on, and how it tells what happened.

use serde_json::{Map, Value, json};

use super::finish;
use crate::bank::institutions::AuthMethod;
use crate::endpoints::Call;
use crate::wire::error::PlaidError;
use crate::world::flow::{Event, Flow, Pane};
use crate::world::ids;
use crate::world::item::Item;
use crate::world::link::{LinkSession, LinkToken, Outcome};

/// After so many wrong passwords the link token is dead.
pub(super) const MOST_MISSES: u32 = 5;

/// Why a step does nothing.
#[derive(Debug)]
pub(super) enum Refused {
    /// Link shows another pane, as after a double click.
    OutOfStep,
    /// Plaid's error, which ends Link.
    Plaid(PlaidError),
}

impl From<PlaidError> for Refused {
    fn from(error: PlaidError) -> Self {
        Self::Plaid(error)
    }
}

pub(super) type Stepped = Result<(), Refused>;

/// A session while it takes a step.
pub(super) struct Run<'a, 'b> {
    pub(super) call: &'a mut Call<'b>,
    pub(super) token: LinkToken,
    pub(super) session: LinkSession,
    pub(super) request_id: String,
    /// How many events there were before.
    pub(super) told: usize,
}

impl Run<'_, '_> {
    /// Update mode: the login is good again, and nothing else is to be asked.
    pub(super) fn heal(&mut self) -> Stepped {
        if let Some(item_id) = self.token.item_id.clone() {
            finish::repair(self.call, &item_id)?;
        }
        Ok(())
    }

    pub(super) fn flow(&mut self) -> &mut Flow {
        &mut self.session.flow
    }

    pub(super) fn pane(&self) -> Pane {
        self.session.flow.pane
    }

    /// Lets a step through that belongs to one of these panes.
    pub(super) fn at(&self, panes: &[Pane]) -> Stepped {
        if self.session.outcome.is_none() && panes.contains(&self.pane()) {
            Ok(())
        } else {
            Err(Refused::OutOfStep)
        }
    }

    pub(super) fn is_update(&self) -> bool {
        self.token.item_id.is_some()
    }

    /// The Item of update mode.
    pub(super) fn item(&self) -> Result<Option<&Item>, PlaidError> {
        let id = self.token.item_id.as_deref();
        id.map(|id| self.call.world.live(id)).transpose()
    }

    pub(super) fn event(&mut self, name: &str, with: &[(&str, &str)]) {
        let flow = &self.session.flow;
        let mut metadata = Map::new();
        if let Some(institution) = flow.institution() {
            metadata.insert("institution_id".to_owned(), json!(institution.id));
            metadata.insert("institution_name".to_owned(), json!(institution.name));
        }
        let update = if self.is_update() { "true" } else { "false" };
        metadata.insert("is_update_mode".to_owned(), json!(update));
        metadata.insert(
            "link_session_id".to_owned(),
            json!(self.session.link_session_id),
        );
        metadata.insert("request_id".to_owned(), json!(self.request_id));
        for (key, value) in with {
            metadata.insert((*key).to_owned(), json!(value));
        }
        self.session.events.push(Event {
            id: ids::uuid(),
            name: name.to_owned(),
            at: self.call.now,
            metadata,
        });
    }

    pub(super) fn loading(&mut self) {
        self.event("TRANSITION_VIEW", &[("view_name", "LOADING")]);
    }

    /// Shows a pane, free of earlier faults.
    pub(super) fn go(&mut self, pane: Pane) {
        self.clear();
        self.show(pane);
    }

    /// Shows a pane that says what went wrong.
    pub(super) fn show(&mut self, pane: Pane) {
        self.flow().pane = pane;
        let mut with = vec![("view_name", pane.view_name())];
        if let Some(kind) = pane.mfa_type() {
            with.push(("mfa_type", kind));
        }
        self.event("TRANSITION_VIEW", &with);
    }

    pub(super) fn clear(&mut self) {
        let flow = self.flow();
        flow.error = None;
        flow.notice = None;
        flow.failed_at = None;
    }

    fn note_error(&mut self, error: PlaidError) {
        self.event(
            "ERROR",
            &[
                ("error_code", &error.error_code),
                ("error_message", &error.error_message),
                ("error_type", &error.error_type),
            ],
        );
        self.flow().error = Some(error);
    }

    /// An error that the user can put right where they are.
    pub(super) fn retry(&mut self, error: PlaidError, pane: Pane) {
        self.note_error(error);
        self.show(pane);
    }

    /// An error that ends this way of linking.
    pub(super) fn fail(&mut self, error: PlaidError) {
        let status = if error.error_code == "INSTITUTION_NO_LONGER_SUPPORTED" {
            Some("institution_not_supported")
        } else if self.pane() == Pane::Institutions {
            // The institution was found; the user did not get any further.
            Pane::Credentials.exit_status()
        } else {
            self.pane().exit_status()
        };
        self.flow().failed_at = status.map(str::to_owned);
        self.note_error(error);
        self.show(Pane::Failed);
    }

    /// Refuses what was typed, without an error of Plaid's.
    pub(super) fn hint(&mut self, notice: &str) {
        self.flow().notice = Some(notice.to_owned());
    }

    /// One more wrong password or code.
    ///
    /// # Errors
    ///
    /// `INVALID_LINK_TOKEN` when it was one too many.
    pub(super) fn miss(&mut self) -> Stepped {
        self.flow().misses += 1;
        if self.session.flow.misses < MOST_MISSES {
            return Ok(());
        }
        let now = self.call.now;
        if let Some(token) = self
            .call
            .world
            .link_tokens
            .get_mut(&self.session.link_token)
        {
            token.expires_at = now;
        }
        Err(PlaidError::of("INVALID_LINK_TOKEN")
            .saying("too many wrong attempts")
            .into())
    }

    /// The pane of an institution that was chosen, or that has to be repaired.
    pub(super) fn enter_institution(&mut self) {
        let institution = self.session.flow.institution();
        let oauth = institution.is_some_and(|institution| institution.oauth);
        let numbers = institution
            .is_some_and(|institution| institution.auth == AuthMethod::InstantMicrodeposits);
        self.go(if oauth {
            Pane::Oauth
        } else if numbers && !self.is_update() {
            Pane::Numbers
        } else {
            Pane::Credentials
        });
    }

    /// Everything is known: the user only has to say goodbye.
    pub(super) fn connect(&mut self) {
        self.loading();
        self.go(Pane::Connected);
    }

    /// Ends the session, unless it has ended.
    pub(super) fn end(&mut self, outcome: Outcome) {
        finish::end(self.call, &self.token, &mut self.session, outcome);
    }

    /// The user leaves, or `error` throws them out.
    pub(super) fn exit(&mut self, error: Option<PlaidError>) {
        if self.session.outcome.is_some() {
            return;
        }
        let status = self.session.flow.exit_status();
        let error = error.or_else(|| self.session.flow.error.clone());
        let mut with = Vec::new();
        if let Some(status) = &status {
            with.push(("exit_status", status.as_str()));
        }
        if let Some(error) = &error {
            with.push(("error_code", &error.error_code));
            with.push(("error_message", &error.error_message));
            with.push(("error_type", &error.error_type));
        }
        self.event("EXIT", &with);
        self.end(Outcome::Exit { error, status });
    }

    /// The events since the step began, as the browser gets them.
    pub(super) fn news(&self) -> Vec<Value> {
        let new = self.session.events.iter().skip(self.told);
        new.map(|event| event.for_browser(self.call.clock))
            .collect()
    }
}
