//! Identifiers, each its own type. Plaid's are case-sensitive and are never changed
//! (plaid.com/docs/errors/invalid-input).

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! string_id {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the identifier as it is.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

string_id! {
    /// One of our users: the `sub` of the JWT that API Gateway verified.
    UserId;
    /// Plaid's id of an Item (one login at one institution).
    ItemId;
    /// Plaid's id of an account inside an Item.
    AccountId;
    /// Plaid's id of an institution, such as `ins_109508`.
    InstitutionId;
    /// Plaid's id of one run through Link.
    LinkSessionId;
    /// Plaid's id of one answer, which Plaid's support asks for.
    PlaidRequestId;
    /// Astra's id of one of its users.
    AstraUserId;
    /// Astra's id of a bank account that was handed over.
    AstraAccountId;
    /// Astra's id of one answer, which Astra's support asks for.
    AstraRequestId;
    /// Our id of a Link session that a front end started.
    LinkId;
    /// Our id of a committed change; later changes have greater ids.
    ChangeId;
    /// The name of the vault that sealed values are bound to; it survives a restore of
    /// the table into another stack.
    VaultId;
}
