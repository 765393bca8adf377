//! What is written of an Item, whichever transaction it is a part of.

use aws_sdk_dynamodb::types::AttributeValue;

use super::attributes::{number, text};
use super::expressions::{Condition, Edit};
use super::rows;
use super::write::Write;
use crate::domain::{Change, Item, Lifecycle, RecordKey};
use crate::ports::StoreError;

/// The Item in place of its version before, and what goes with it in any case.
pub(super) fn replacement(item: &Item) -> Result<Vec<Write>, StoreError> {
    let before = item.version.checked_sub(1).ok_or(StoreError::Conflict)?;
    let stages = item.lifecycle.predecessors().map(stage);
    let known = Condition::default()
        .equals("version", number(before))
        .among("lifecycle", stages);
    let mut writes = vec![Write::put(rows::item_row(item)?).only_if(known)];
    if let Some(expires_at) = rows::removal_expiry(item) {
        let pointer = Edit::default()
            .set("user_id", text(item.user_id.as_str()))
            .set("expires_at", number(expires_at));
        writes.push(Write::update(RecordKey::item_owner(&item.item_id), pointer));
    }
    Ok(writes)
}

pub(super) fn new_change(change: &Change) -> Result<Write, StoreError> {
    Ok(Write::put(rows::change_row(change)?).only_if(Condition::absent()))
}

pub(super) fn stage(lifecycle: Lifecycle) -> AttributeValue {
    text(lifecycle.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::store_contract::samples;

    #[test]
    fn the_pointer_of_a_removed_item_is_forgotten_with_it() {
        let item = samples::next(&samples::plain_item());
        assert_eq!(replacement(&item).unwrap().len(), 1);
        let removed = item.removed();
        let expires_at = rows::removal_expiry(&removed).unwrap();
        let edit = Edit::default()
            .set("user_id", text(removed.user_id.as_str()))
            .set("expires_at", number(expires_at));
        let pointer = Write::update(RecordKey::item_owner(&removed.item_id), edit);
        assert_eq!(replacement(&removed).unwrap().pop(), Some(pointer));
    }
}
