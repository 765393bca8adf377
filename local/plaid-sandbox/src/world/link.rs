//! Link: tokens, sessions, and what they lead to.

use jiff::Timestamp;
use sandbox_kit::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::flow::{Event, Flow};
use super::ids;
use super::item::Item;
use crate::wire::error::PlaidError;

/// A `link_token`. One may open several sessions: the Sandbox allows it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct LinkToken {
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// The request that made it, without credentials and access token.
    pub(crate) request: Value,
    /// The Item of update mode.
    pub(crate) item_id: Option<String>,
    pub(crate) hosted: bool,
    /// The last part of the `hosted_link_url`.
    #[serde(default)]
    pub(crate) hosted_id: Option<String>,
    pub(crate) session_ids: Vec<String>,
}

impl LinkToken {
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let list = self.request.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.request.get(name).and_then(Value::as_str)
    }

    /// The `metadata` of `/link/token/get`.
    pub(crate) fn metadata(&self) -> Value {
        let mut metadata = json!({
            "client_name": self.text("client_name"),
            "country_codes": self.texts("country_codes"),
            "initial_products": self.texts("products"),
            "language": self.text("language"),
            "redirect_uri": self.text("redirect_uri"),
            "webhook": self.text("webhook"),
        });
        for name in ["account_filters", "institution_data"] {
            if let (Some(to), Some(value)) = (metadata.as_object_mut(), self.request.get(name)) {
                to.insert(name.to_owned(), value.clone());
            }
        }
        metadata
    }
}

/// One run of Link.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are Plaid's")]
pub(crate) struct LinkSession {
    pub(crate) link_session_id: String,
    pub(crate) link_token: String,
    pub(crate) started_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) outcome: Option<Outcome>,
    #[serde(default)]
    pub(crate) flow: Flow,
    #[serde(default)]
    pub(crate) events: Vec<Event>,
}

/// How a session ended.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Items were added, or one was updated.
    Success {
        /// The public tokens, each with its Item.
        added: Vec<Added>,
    },
    /// The user left.
    Exit {
        /// Why, if for a reason.
        error: Option<PlaidError>,
        /// Where in Link.
        status: Option<String>,
    },
}

/// An Item that a session added.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Added {
    pub(crate) public_token: String,
    pub(crate) institution: Value,
    pub(crate) accounts: Value,
}

impl Added {
    /// What Link tells the browser about `item`.
    pub(crate) fn of(item: &Item, public_token: String) -> Self {
        let accounts = item.accounts.iter().map(|account| {
            json!({
                "class_type": null,
                "id": account.account_id,
                "mask": account.mask,
                "name": account.name,
                "subtype": account.subtype.as_deref().unwrap_or_default(),
                "type": account.kind,
                "verification_status": account.verification_status,
            })
        });
        let institution = item
            .institution()
            .map(|institution| json!({"institution_id": institution.id, "name": institution.name}));
        Self {
            public_token,
            institution: json!(institution),
            accounts: accounts.collect(),
        }
    }

    fn view(&self) -> Value {
        json!({
            "accounts": self.accounts,
            "institution": self.institution,
            "public_token": self.public_token,
        })
    }
}

impl LinkSession {
    pub(crate) fn new(link_token: &str, now: Timestamp) -> Self {
        Self {
            link_session_id: ids::uuid(),
            link_token: link_token.to_owned(),
            started_at: now,
            finished_at: None,
            outcome: None,
            flow: Flow::default(),
            events: Vec::new(),
        }
    }

    /// As in the `link_sessions` of `/link/token/get`, which tells the events
    /// of Hosted Link only.
    pub(crate) fn view(&self, hosted: bool, clock: &Clock) -> Value {
        let events: Vec<Value> = self
            .events
            .iter()
            .filter(|_| hosted)
            .map(|event| event.for_server(clock))
            .collect();
        let mut view = json!({
            "events": events,
            "link_session_id": self.link_session_id,
            "started_at": clock.stamp(self.started_at),
        });
        let Some(to) = view.as_object_mut() else {
            return view;
        };
        if let Some(at) = self.finished_at {
            to.insert("finished_at".to_owned(), json!(clock.stamp(at)));
        }
        match &self.outcome {
            None => {}
            Some(Outcome::Success { added }) => {
                to.insert("results".to_owned(), results(added));
                if let Some(first) = added.first() {
                    to.insert("on_success".to_owned(), self.on_success(first));
                }
            }
            Some(Outcome::Exit { error, status }) => {
                let exit = self.exit(error.as_ref(), status.as_deref());
                to.insert("exit".to_owned(), exit.clone());
                to.insert("on_exit".to_owned(), exit);
            }
        }
        view
    }

    fn on_success(&self, added: &Added) -> Value {
        let metadata = json!({
            "accounts": added.accounts,
            "institution": added.institution,
            "link_session_id": self.link_session_id,
        });
        json!({"metadata": metadata, "public_token": added.public_token})
    }

    fn exit(&self, error: Option<&PlaidError>, status: Option<&str>) -> Value {
        let mut metadata = json!({"link_session_id": self.link_session_id});
        if let Some(to) = metadata.as_object_mut() {
            if let Some(status) = status {
                to.insert("status".to_owned(), json!(status));
            }
            let institution = self.flow.institution_view();
            if !institution.is_null() {
                to.insert("institution".to_owned(), institution);
            }
        }
        json!({"error": error.map(PlaidError::on_item), "metadata": metadata})
    }
}

fn results(added: &[Added]) -> Value {
    json!({
        "bank_income_results": [],
        "cra_item_add_results": [],
        "cra_update_results": [],
        "document_income_results": null,
        "item_add_results": added.iter().map(Added::view).collect::<Vec<_>>(),
        "payroll_income_results": [],
    })
}
