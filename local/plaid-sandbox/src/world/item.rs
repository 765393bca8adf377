//! Items and their accounts.

use jiff::{SignedDuration, Timestamp};
use sandbox_kit::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bank::institutions::{self, Institution, institution};
use crate::wire::error::PlaidError;

/// Where an Item is in its life.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ItemState {
    /// Link has finished; nobody has exchanged the `public_token` yet.
    Pending,
    /// Exchanged.
    Live,
    /// Removed with `/item/remove`.
    Removed,
}

/// An Item.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are Plaid's")]
pub(crate) struct Item {
    pub(crate) item_id: String,
    pub(crate) state: ItemState,
    pub(crate) institution_id: Option<String>,
    pub(crate) username: String,
    pub(crate) access_token: Option<String>,
    pub(crate) webhook: Option<String>,
    pub(crate) products: Vec<String>,
    pub(crate) auth_method: Option<String>,
    pub(crate) error: Option<PlaidError>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) consent_expires_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) logged_in_at: Timestamp,
    pub(crate) last_webhook: Option<LastWebhook>,
    /// How often the code of its micro-deposit was guessed wrong.
    #[serde(default)]
    pub(crate) deposit_code_misses: u32,
}

/// The newest webhook of an Item.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct LastWebhook {
    pub(crate) sent_at: Timestamp,
    pub(crate) code_sent: String,
}

/// An account of an Item.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are Plaid's")]
pub(crate) struct Account {
    pub(crate) account_id: String,
    pub(crate) name: String,
    pub(crate) official_name: Option<String>,
    pub(crate) mask: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) subtype: Option<String>,
    pub(crate) balances: Balances,
    pub(crate) verification_status: Option<String>,
    pub(crate) persistent_account_id: Option<String>,
    pub(crate) numbers: Option<Numbers>,
}

/// The balances of an account, in US dollars.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Balances {
    pub(crate) available: Option<f64>,
    pub(crate) current: Option<f64>,
    pub(crate) limit: Option<f64>,
}

/// The numbers of an account.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Numbers {
    pub(crate) account: String,
    pub(crate) routing: String,
    pub(crate) tokenized: bool,
}

/// What stands between an account and its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verification {
    Done,
    Pending,
    /// Expired or failed, for ever.
    Locked,
}

impl Account {
    pub(crate) fn verification(&self) -> Verification {
        match self.verification_status.as_deref() {
            Some("pending_automatic_verification" | "pending_manual_verification" | "unsent") => {
                Verification::Pending
            }
            Some("verification_expired" | "verification_failed") => Verification::Locked,
            _ => Verification::Done,
        }
    }

    /// Whether its micro-deposit waits for a code.
    pub(crate) fn awaits_deposit_code(&self) -> bool {
        self.verification_status.as_deref() == Some("pending_manual_verification")
    }

    /// Whether this is the same account as `other`, seen in another login.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        (&self.name, &self.mask) == (&other.name, &other.mask)
    }

    /// Whether Auth can give its numbers.
    pub(crate) fn is_debitable(&self) -> bool {
        self.kind == "depository"
            && matches!(
                self.subtype.as_deref(),
                Some("checking" | "savings" | "cash management")
            )
    }

    /// As in `/accounts/get`.
    pub(crate) fn view(&self) -> Value {
        let mut view = json!({
            "account_id": self.account_id,
            "balances": {
                "available": self.balances.available,
                "current": self.balances.current,
                "iso_currency_code": "USD",
                "limit": self.balances.limit,
                "unofficial_currency_code": null,
            },
            "holder_category": "personal",
            "mask": self.mask,
            "name": self.name,
            "official_name": self.official_name,
            "subtype": self.subtype,
            "type": self.kind,
        });
        if let Some(view) = view.as_object_mut() {
            // Absent, not null, where they do not apply.
            if let Some(status) = &self.verification_status {
                view.insert("verification_status".to_owned(), json!(status));
            }
            if let Some(id) = &self.persistent_account_id {
                view.insert("persistent_account_id".to_owned(), json!(id));
            }
        }
        view
    }

    /// As in the `numbers.ach` of `/auth/get`.
    pub(crate) fn ach(&self) -> Option<Value> {
        let numbers = self.numbers.as_ref()?;
        Some(json!({
            "account": numbers.account,
            "account_id": self.account_id,
            "is_tokenized_account_number": numbers.tokenized,
            "routing": numbers.routing,
            "wire_routing": if numbers.tokenized { Value::Null } else { json!("021000021") },
        }))
    }
}

impl Item {
    pub(crate) fn institution(&self) -> Option<&'static Institution> {
        self.institution_id.as_deref().and_then(institution)
    }

    pub(crate) fn account(&self, account_id: &str) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|account| account.account_id == account_id)
    }

    pub(crate) fn account_mut(&mut self, account_id: &str) -> Option<&mut Account> {
        self.accounts
            .iter_mut()
            .find(|account| account.account_id == account_id)
    }

    /// Whether a micro-deposit waits for its code.
    pub(crate) fn awaits_deposit_code(&self) -> bool {
        self.accounts.iter().any(Account::awaits_deposit_code)
    }

    pub(crate) fn has_product(&self, product: &str) -> bool {
        self.products.iter().any(|has| has == product)
    }

    /// Whether the user took back the permission, after which nothing works.
    pub(crate) fn is_revoked(&self) -> bool {
        self.error
            .as_ref()
            .is_some_and(|error| error.error_code == "USER_PERMISSION_REVOKED")
    }

    /// When the pending micro-deposit of this Item settles by itself.
    pub(crate) fn verifies_at(&self, after: Option<SignedDuration>) -> Option<Timestamp> {
        let waits = self.accounts.iter().any(|account| {
            account.verification_status.as_deref() == Some("pending_automatic_verification")
        });
        self.created_at.checked_add(after?).ok().filter(|_| waits)
    }

    /// When the login of this Item stops working by itself.
    pub(crate) fn login_ends_at(&self, after: Option<SignedDuration>) -> Option<Timestamp> {
        self.logged_in_at
            .checked_add(after?)
            .ok()
            .filter(|_| self.error.is_none())
    }

    /// As in every answer that has an `item`.
    pub(crate) fn view(&self, clock: &Clock) -> Value {
        let available: Vec<_> = ["balance", "identity", "signal", "transactions"]
            .into_iter()
            .filter(|product| !self.has_product(product))
            .collect();
        json!({
            "auth_method": self.auth_method,
            "available_products": available,
            "billed_products": self.products,
            "consent_expiration_time": self.consent_expires_at.map(|at| clock.stamp(at)),
            "consented_products": self.products,
            "error": self.error.as_ref().map(PlaidError::on_item),
            "institution_id": self.institution_id,
            "institution_name": self.institution().map(|institution| institution.name),
            "item_id": self.item_id,
            "products": self.products,
            "update_type": "background",
            "webhook": self.webhook.as_deref().unwrap_or_default(),
        })
    }

    /// The products of `wanted` that this Item's institution does not have.
    pub(crate) fn unsupported(wanted: &[String]) -> Vec<&str> {
        wanted
            .iter()
            .map(String::as_str)
            .filter(|product| !institutions::PRODUCTS.contains(product))
            .collect()
    }
}
