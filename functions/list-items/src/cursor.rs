//! Where the next page begins, as text that only its user can use, and only for its list.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::domain::{Sha256, UserId};

/// Enough of a hash to tell one list's cursor from another's. A forged one gains nothing:
/// it only moves about in the forger's own list.
const TAG_DIGITS: usize = 16;

/// A list that has pages.
#[derive(Debug, Clone, Copy)]
pub(crate) enum List {
    Items,
    Changes,
}

impl List {
    fn name(self) -> &'static str {
        match self {
            Self::Items => "items",
            Self::Changes => "changes",
        }
    }
}

/// A cursor behind the entry with this id.
pub(crate) fn write(list: List, user_id: &UserId, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}{id}", tag(list, user_id)))
}

/// The id that the page begins behind; `None` for the cursor of any other list or user.
pub(crate) fn read(list: List, user_id: &UserId, cursor: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let id = text.strip_prefix(&tag(list, user_id))?;
    (!id.is_empty()).then(|| id.to_owned())
}

fn tag(list: List, user_id: &UserId) -> String {
    let hash = Sha256::of(format!("{}#{user_id}", list.name()).as_bytes());
    hash.as_str().chars().take(TAG_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_works_for_its_user_and_its_list_alone() {
        let alice = UserId::new("alice");
        let cursor = write(List::Items, &alice, "Item");
        assert_eq!(read(List::Items, &alice, &cursor), Some("Item".to_owned()));
        assert_eq!(read(List::Changes, &alice, &cursor), None);
        assert_eq!(read(List::Items, &UserId::new("bob"), &cursor), None);
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let alice = UserId::new("alice");
        let empty = write(List::Items, &alice, "");
        for text in ["", "x", "????", "AAAA", &empty] {
            assert_eq!(read(List::Items, &alice, text), None, "{text}");
        }
    }
}
