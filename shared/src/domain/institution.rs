//! The bank behind an Item.

use serde::{Deserialize, Serialize};

use super::InstitutionId;

/// An institution as Plaid names it. Items of Same-Day micro-deposits have none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Institution {
    /// Plaid's id.
    pub institution_id: InstitutionId,
    /// The name that users know; not every answer of Plaid's has it.
    pub name: Option<String>,
}
