//! Where the next page begins, as text that only its caller can use.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::domain::{ItemId, Sha256, UserId};

/// Enough of a hash to tell one user's cursor from another's. A forged one gains nothing:
/// it only moves about in the forger's own list.
const OWNER_DIGITS: usize = 16;

pub(crate) fn write(user_id: &UserId, next: &ItemId) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}{next}", owner(user_id)))
}

/// The Item that the page begins behind; `None` for anybody else's cursor.
pub(crate) fn read(user_id: &UserId, cursor: &str) -> Option<ItemId> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let item_id = text.strip_prefix(&owner(user_id))?;
    (!item_id.is_empty()).then(|| ItemId::new(item_id))
}

fn owner(user_id: &UserId) -> String {
    let hash = Sha256::of(user_id.as_str().as_bytes());
    hash.as_str().chars().take(OWNER_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_works_for_its_caller_alone() {
        let alice = UserId::new("alice");
        let cursor = write(&alice, &ItemId::new("Item"));
        assert_eq!(read(&alice, &cursor), Some(ItemId::new("Item")));
        assert_eq!(read(&UserId::new("bob"), &cursor), None);
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let alice = UserId::new("alice");
        for text in ["", "x", "????", "AAAA", &write(&alice, &ItemId::new(""))] {
            assert_eq!(read(&alice, text), None, "{text}");
        }
    }
}
