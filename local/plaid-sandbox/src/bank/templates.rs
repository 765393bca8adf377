//! The accounts that the Sandbox's users own.

use ring::digest::{SHA256, digest};

use super::institutions::Institution;
use crate::world::ids;
use crate::world::item::{Account, Balances, Numbers};

/// An account before it belongs to an Item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Template {
    name: &'static str,
    official_name: Option<&'static str>,
    mask: &'static str,
    kind: &'static str,
    subtype: &'static str,
    available: Option<f64>,
    current: f64,
    limit: Option<f64>,
}

const fn template(
    name: &'static str,
    official_name: Option<&'static str>,
    mask: &'static str,
    kind: (&'static str, &'static str),
    balances: (Option<f64>, f64, Option<f64>),
) -> Template {
    let (kind, subtype) = kind;
    let (available, current, limit) = balances;
    Template {
        name,
        official_name,
        mask,
        kind,
        subtype,
        available,
        current,
        limit,
    }
}

pub(crate) const CHECKING: Template = template(
    "Plaid Checking",
    Some("Simulated Everyday Checking"),
    "0000",
    ("depository", "checking"),
    (Some(100.0), 110.0, None),
);
pub(crate) const SAVING: Template = template(
    "Plaid Saving",
    Some("Simulated Rainy Day Savings"),
    "1111",
    ("depository", "savings"),
    (Some(200.0), 210.0, None),
);
const DEPOSIT: Template = template(
    "Plaid CD",
    Some("Simulated One Year Deposit"),
    "2222",
    ("depository", "cd"),
    (None, 1000.0, None),
);
pub(crate) const CREDIT_CARD: Template = template(
    "Plaid Credit Card",
    Some("Simulated Everyday Card"),
    "3333",
    ("credit", "credit card"),
    (None, 410.0, Some(2000.0)),
);
const MONEY_MARKET: Template = template(
    "Plaid Money Market",
    Some("Simulated Money Market"),
    "4444",
    ("depository", "money market"),
    (Some(43_200.0), 43_200.0, None),
);
const RETIREMENT: Template = template(
    "Plaid IRA",
    None,
    "5555",
    ("investment", "ira"),
    (None, 320.76, None),
);
const STUDENT_LOAN: Template = template(
    "Plaid Student Loan",
    None,
    "7777",
    ("loan", "student"),
    (None, 65_262.0, None),
);
const MORTGAGE: Template = template(
    "Plaid Mortgage",
    None,
    "8888",
    ("loan", "mortgage"),
    (None, 56_302.06, None),
);
const CASH_MANAGEMENT: Template = template(
    "Plaid Cash Management",
    Some("Simulated Cash Management"),
    "9002",
    ("depository", "cash management"),
    (Some(12_060.0), 12_060.0, None),
);

/// All that `user_good` owns.
pub(crate) const EVERYTHING: &[Template] = &[
    CHECKING,
    SAVING,
    DEPOSIT,
    CREDIT_CARD,
    MONEY_MARKET,
    RETIREMENT,
    STUDENT_LOAN,
    MORTGAGE,
    CASH_MANAGEMENT,
];

/// What is shared at a bank with its own account picker.
pub(crate) const CHECKING_AND_SAVING: &[Template] = &[CHECKING, SAVING];

impl Template {
    /// The account of `username` at `institution`, as a new Item sees it.
    pub(crate) fn open(
        &self,
        institution: &Institution,
        username: &str,
        verification_status: Option<&str>,
    ) -> Account {
        let persistent = || {
            let text = format!("{}/{username}/{}", institution.id, self.mask);
            hex::encode(digest(&SHA256, text.as_bytes()))
        };
        Account {
            account_id: ids::plaid_id(),
            name: self.name.to_owned(),
            official_name: self.official_name.map(str::to_owned),
            mask: Some(self.mask.to_owned()),
            kind: self.kind.to_owned(),
            subtype: Some(self.subtype.to_owned()),
            balances: Balances {
                available: self.available,
                current: Some(self.current),
                limit: self.limit,
            },
            verification_status: verification_status.map(str::to_owned),
            persistent_account_id: institution.tan.then(persistent),
            numbers: (self.kind == "depository").then(|| numbers(institution, self.mask)),
        }
    }
}

/// Account numbers; at a TAN bank a new one for every Item and account.
pub(crate) fn numbers(institution: &Institution, mask: &str) -> Numbers {
    let account = if institution.tan {
        ids::digits(12)
    } else {
        format!("111122223333{mask}")
    };
    let routing = institution
        .routing_numbers
        .first()
        .copied()
        .unwrap_or("011401533");
    Numbers {
        account,
        routing: routing.to_owned(),
        tokenized: institution.tan,
    }
}
