//! What happens at Plaid and at banks, and what Plaid sends because of it, or for no reason.

use serde_json::{Value, json};
use shared::domain::{Deadline, Lifecycle};
use shared::ports::ItemRemoval;
use shared::test_util::MemoryVault;
use shared::use_cases::open_access_token;

use crate::by_users::account_ids;
use crate::post::FORGED;
use crate::scene::Scene;

/// What Plaid announces, and nothing else shows.
const ANNOUNCEMENTS: [(&str, &str); 4] = [
    ("ITEM", "PENDING_DISCONNECT"),
    ("ITEM", "PENDING_EXPIRATION"),
    ("ITEM", "NEW_ACCOUNTS_AVAILABLE"),
    ("AUTH", "PRODUCT_PERMISSIONS_REQUIRED"),
];
/// What may be said although it is not so.
const LIES: [(&str, &str); 6] = [
    ("ITEM", "ERROR"),
    ("ITEM", "LOGIN_REPAIRED"),
    ("ITEM", "USER_PERMISSION_REVOKED"),
    ("ITEM", "USER_ACCOUNT_REVOKED"),
    ("AUTH", "AUTOMATICALLY_VERIFIED"),
    ("AUTH", "VERIFICATION_EXPIRED"),
];
/// What asks for nothing.
const UNKNOWN: [(&str, &str); 4] = [
    ("ITEM", "NEXT_YEAR"),
    ("NEXT_YEAR", "ERROR"),
    ("ITEM", "WEBHOOK_UPDATE_ACKNOWLEDGED"),
    ("AUTH", "NEXT_YEAR"),
];
const VERDICTS: [&str; 4] = [
    "automatically_verified",
    "verification_expired",
    "manually_verified",
    "verification_failed",
];

impl Scene {
    /// Whether Plaid tells of a change.
    fn aloud(&mut self) -> bool {
        !self.silent || self.dice.one_in(2)
    }

    /// A truth changes. Not twice in a second: the same body signed in the same second is the
    /// same webhook to us.
    async fn change(&mut self, path: &str, mut body: Value) {
        self.advance(1).await;
        body["fire_webhook"] = self.aloud().into();
        self.tell(format!("at Plaid: {body}"));
        self.sandbox.control(path, &body).await;
    }

    pub(crate) async fn change_login(&mut self, item_id: &str, truth: &Value) {
        let path = format!("/simulator/items/{item_id}");
        let broken = !truth["error"].is_null();
        if truth["error"] == "USER_PERMISSION_REVOKED" {
            return;
        }
        // An exchange that meets an error which it does not know waits until it is gone.
        let stored = self.stored(item_id);
        let linked = stored.is_some_and(|item| item.lifecycle == Lifecycle::Linked);
        let body = match self.dice.below(12) {
            0 => json!({ "revoke": true }),
            1 if linked => json!({ "error": { "error_code": "ITEM_LOCKED" } }),
            _ if broken => json!({ "error": null }),
            _ => json!({ "error": { "error_code": "ITEM_LOGIN_REQUIRED" } }),
        };
        self.change(&path, body).await;
    }

    pub(crate) async fn change_accounts(&mut self, item_id: &str, truth: &Value) {
        let path = format!("/simulator/items/{item_id}/accounts");
        let ids = account_ids(truth);
        match self.dice.below(5) {
            0 => {
                self.numbered += 1;
                let mut body = json!({ "name": format!("Added {}", self.numbered) });
                if self.dice.one_in(2) {
                    body["verification_status"] = "pending_automatic_verification".into();
                }
                self.change(&path, body).await;
            }
            1 if ids.len() > 1 || self.dice.one_in(3) => {
                let Some(id) = self.one_of(&ids) else { return };
                let body = json!({ "fire_webhook": self.aloud() });
                self.advance(1).await;
                self.tell(format!("at Plaid: an account goes {body}"));
                self.sandbox.take_away(&format!("{path}/{id}"), &body).await;
            }
            2 => {
                let Some(id) = self.one_of(&ids) else { return };
                self.change(&format!("{path}/{id}"), json!({ "renumber": true }))
                    .await;
            }
            _ => self.verify(&path, truth).await,
        }
    }

    fn one_of(&mut self, ids: &[String]) -> Option<String> {
        (!ids.is_empty()).then(|| ids[self.dice.below(ids.len())].clone())
    }

    /// A verification ends, one way or the other.
    async fn verify(&mut self, path: &str, truth: &Value) {
        let accounts = truth["accounts"].as_array().into_iter().flatten();
        let verified = accounts.filter(|account| account["verification_status"].is_string());
        let ids: Vec<String> = verified
            .map(|account| account["account_id"].as_str().unwrap().to_owned())
            .collect();
        let Some(id) = self.one_of(&ids) else { return };
        let status = self.dice.one_of(&VERDICTS);
        let body = json!({ "verification_status": status });
        self.change(&format!("{path}/{id}"), body).await;
    }

    /// Plaid announces something; each announcement is another one.
    pub(crate) async fn announce(&mut self, item_id: &str) {
        // Mostly one that came before, so that they follow one another.
        let kinds = if self.dice.one_in(3) { 4 } else { 1 };
        let (kind, code) = self.dice.one_of(&ANNOUNCEMENTS[..kinds]);
        self.numbered += 1;
        let fields = json!({ "n": self.numbered, "reason": format!("R{}", self.numbered) });
        self.send(item_id, kind, code, fields).await;
    }

    pub(crate) async fn lie(&mut self, item_id: &str) {
        let (kind, code) = self.dice.one_of(&LIES);
        self.numbered += 1;
        self.send(item_id, kind, code, json!({ "n": self.numbered }))
            .await;
    }

    pub(crate) async fn send_something_unknown(&mut self, item_id: &str) {
        let (kind, code) = self.dice.one_of(&UNKNOWN);
        self.send(item_id, kind, code, json!({})).await;
    }

    /// A command, although no number changed; or the same one once more.
    pub(crate) async fn command(&mut self, item_id: &str, truth: &Value) {
        let ids = account_ids(truth);
        let Some(id) = self.one_of(&ids) else { return };
        self.numbered += u32::from(self.dice.one_in(2));
        let mut fields = json!({ "n": self.numbered, "account_ids_with_updated_auth": {} });
        if self.dice.one_in(2) {
            fields["account_ids_with_new_auth"] = json!([id, id]);
        } else {
            fields["account_ids_with_updated_auth"] = json!({ id: ["ACCOUNT_NUMBER"] });
        }
        self.send(item_id, "AUTH", "DEFAULT_UPDATE", fields).await;
    }

    /// Sends a webhook as it should be, late, early, twice, or badly signed.
    async fn send(&mut self, item_id: &str, kind: &str, code: &str, mut fields: Value) {
        let mut body = json!({ "item_id": item_id, "webhook_type": kind, "webhook_code": code });
        body["url"] = self.webhook_url.clone().into();
        match self.dice.below(20) {
            0 => body["iat_offset_seconds"] = json!(-400),
            1 | 2 => body["iat_offset_seconds"] = json!(-200),
            3 | 4 => body["iat_offset_seconds"] = json!(30),
            5 => body["iat_offset_seconds"] = json!(90),
            6 => body["copies"] = json!(3),
            7 => {
                fields[FORGED] = true.into();
                let how = self.dice.one_of(&["signature", "body", "alg", "no_header"]);
                body["tamper"] = how.into();
            }
            _ => {}
        }
        body["fields"] = fields;
        self.tell(format!("Plaid sends {body}"));
        self.sandbox
            .control("/simulator/webhooks/send", &body)
            .await;
    }

    /// Many webhooks in a short time, each of which the stream delivers at once.
    pub(crate) async fn storm(&mut self, item_id: &str) {
        self.tell("a storm of webhooks");
        for number in 0..12 + self.dice.below(14) {
            self.numbered += 1;
            let body = json!({ "item_id": item_id, "url": self.webhook_url, "webhook_type": "ITEM",
                "webhook_code": "LOGIN_REPAIRED", "fields": { "n": self.numbered } });
            self.sandbox
                .control("/simulator/webhooks/send", &body)
                .await;
            self.sandbox.settled().await;
            self.stream_all().await;
            // Where one minute ends and the next begins, most may be read.
            let pause = match number {
                0 => 50 + self.dice.below(8),
                _ => self.dice.below(2),
            };
            self.advance(pause as u64).await;
        }
    }

    pub(crate) async fn rotate_key(&mut self) {
        let seconds = self.dice.one_of(&[120, 600]);
        self.tell(format!("Plaid's key changes within {seconds} s"));
        let body = json!({ "expires_in_seconds": seconds });
        self.sandbox
            .control("/simulator/webhooks/rotate-key", &body)
            .await;
    }

    /// The Item goes at Plaid, without our doing.
    pub(crate) async fn vanish(&mut self, item_id: &str) {
        let Some(item) = self
            .stored(item_id)
            .filter(|item| item.access_token.is_some())
        else {
            return;
        };
        self.tell("the Item goes at Plaid");
        let access_token = open_access_token(&MemoryVault, &item).await.unwrap();
        let deadline = Deadline::after(self.sandbox.now(), std::time::Duration::from_mins(1));
        let client = &self.sandbox.client;
        client.remove_item(&access_token, deadline).await.unwrap();
        let body = json!({ "item_id": item_id, "url": self.webhook_url, "webhook_type": "ITEM",
            "webhook_code": "USER_PERMISSION_REVOKED", "fields": { "n": "gone" } });
        self.sandbox
            .control("/simulator/webhooks/send", &body)
            .await;
    }

    /// What the post held back arrives at last.
    pub(crate) async fn late_mail(&mut self) {
        if self.mailbox.deliver_late().await {
            self.tell("a webhook arrives late");
        }
    }

    /// Somebody repeats a webhook to us, with its old signature.
    pub(crate) async fn repeat_a_letter(&mut self) {
        let letters = self.mailbox.mail().letters.clone();
        if letters.is_empty() {
            return;
        }
        let letter = &letters[self.dice.below(letters.len())];
        if letter.signature.is_empty() {
            return;
        }
        let status = self.mailbox.repeat(letter).await;
        self.tell(format!("{:?} comes once more: {status}", letter.kind()));
    }
}
