//! What happens to Items by themselves as time passes: automated micro-deposits
//! verify, logins stop working.

use jiff::{SignedDuration, Timestamp};
use sandbox_kit::Clock;

use super::World;
use super::item::{Item, ItemState};
use crate::webhooks::body;
use crate::wire::error::PlaidError;

impl World {
    /// Does everything that is due.
    pub(crate) fn settle(&mut self, clock: &Clock) {
        let now = clock.now();
        while let Some((at, item_id)) = self.agenda.first().cloned() {
            if at > now {
                return;
            }
            self.agenda.pop_first();
            self.settle_item(&item_id, clock);
            self.plan(&item_id);
        }
    }

    /// When the next thing is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.agenda.first().map(|(at, _)| *at)
    }

    /// Enters what the future holds for an Item. To be called after each change
    /// that moves it; entries that no longer hold do no harm.
    pub(crate) fn plan(&mut self, item_id: &str) {
        let (verify, login) = self.delays();
        let Some(item) = self
            .items
            .get(item_id)
            .filter(|item| item.state == ItemState::Live)
        else {
            return;
        };
        let due = [item.verifies_at(verify), item.login_ends_at(login)];
        if let Some(at) = due.into_iter().flatten().min() {
            self.agenda.insert((at, item_id.to_owned()));
        }
    }

    pub(super) fn plan_all(&mut self) {
        let ids: Vec<String> = self.items.keys().cloned().collect();
        self.agenda.clear();
        for id in ids {
            self.plan(&id);
        }
    }

    fn settle_item(&mut self, item_id: &str, clock: &Clock) {
        let now = clock.now();
        let (verify, login) = self.delays();
        let Some(item) = self
            .items
            .get(item_id)
            .filter(|item| item.state == ItemState::Live)
        else {
            return;
        };
        if item.verifies_at(verify).is_some_and(|at| at <= now) {
            self.verify_pending(item_id, clock);
        } else if item.login_ends_at(login).is_some_and(|at| at <= now) {
            self.require_login(item_id, clock);
        }
    }

    fn verify_pending(&mut self, item_id: &str, clock: &Clock) {
        let Some(item) = self.items.get_mut(item_id) else {
            return;
        };
        let mut verified = Vec::new();
        for account in &mut item.accounts {
            if account.verification_status.as_deref() == Some("pending_automatic_verification") {
                account.verification_status = Some("automatically_verified".to_owned());
                verified.push(account.account_id.clone());
            }
        }
        for account_id in verified {
            self.notify(item_id, clock, |item| {
                body::automatically_verified(item, &account_id)
            });
        }
    }

    /// Puts an Item into `ITEM_LOGIN_REQUIRED` and tells its webhook.
    pub(crate) fn require_login(&mut self, item_id: &str, clock: &Clock) {
        if let Some(item) = self.items.get_mut(item_id) {
            item.error = Some(PlaidError::of("ITEM_LOGIN_REQUIRED"));
            self.notify(item_id, clock, body::item_error);
        }
    }

    /// Sends the webhook that `body` makes of an Item, if the Item has a URL for it.
    pub(crate) fn notify(
        &mut self,
        item_id: &str,
        clock: &Clock,
        body: impl FnOnce(&Item) -> serde_json::Value,
    ) {
        let Some(item) = self.items.get(item_id) else {
            return;
        };
        let Some(url) = item.webhook.clone() else {
            return;
        };
        let body = body(item);
        self.send_webhook(&url, &body, Some(item_id), clock.now());
    }

    fn delays(&self) -> (Option<SignedDuration>, Option<SignedDuration>) {
        let settings = self.settings();
        (
            settings
                .microdeposits_verify_after_hours
                .map(|hours| SignedDuration::from_hours(i64::from(hours))),
            settings
                .login_expires_after_days
                .map(|days| SignedDuration::from_hours(24 * i64::from(days))),
        )
    }
}
