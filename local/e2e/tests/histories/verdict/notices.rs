//! The notices are the latest announcements since the last time they ended.

use std::collections::BTreeMap;

use shared::domain::{Item, NoticeCode};

use crate::post::Letter;
use crate::scene::Scene;

pub(super) fn of(scene: &Scene, item: &Item) -> Vec<String> {
    let seen = scene.hands.watch.seen();
    let mail = scene.mailbox.mail();
    let cleared = seen.cleared.get(&item.item_id).copied();
    let mut latest = BTreeMap::<&str, Vec<&Letter>>::new();
    for letter in mail.letters.iter().filter(|l| l.is_about(&item.item_id)) {
        let announces = letter.was_accepted() && code(letter).is_some();
        if !announces || cleared.is_some_and(|cleared| letter.issued_at <= cleared) {
            continue;
        }
        let known = latest.entry(letter.text("webhook_code")).or_default();
        match known.first().map(|known| known.issued_at) {
            Some(at) if at > letter.issued_at => {}
            Some(at) if at == letter.issued_at => known.push(letter),
            _ => *known = vec![letter],
        }
    }
    let mut wrong = Vec::new();
    for letters in latest.values() {
        let letter = letters[0];
        let notices = item.notices.iter();
        let mut same = notices.filter(|notice| Some(notice.code) == code(letter));
        let kept = same.any(|notice| {
            let reason = notice.reason.as_deref().unwrap_or_default();
            let mut reasons = letters.iter().map(|letter| letter.text("reason"));
            let same = notice.code != NoticeCode::PendingDisconnect || reasons.any(|r| r == reason);
            notice.issued_at == letter.issued_at && same
        });
        if !kept {
            let (_, code) = letter.kind();
            let at = letter.issued_at;
            wrong.push(format!("{code} of {at} is not kept; cleared {cleared:?}"));
        }
    }
    if item.notices.len() > latest.len() {
        let (kept, said) = (item.notices.len(), latest.len());
        wrong.push(format!(
            "{kept} notices for {said} announcements; cleared {cleared:?}"
        ));
    }
    wrong
}

fn code(letter: &Letter) -> Option<NoticeCode> {
    match letter.kind() {
        ("ITEM", "PENDING_DISCONNECT") => Some(NoticeCode::PendingDisconnect),
        ("ITEM", "PENDING_EXPIRATION") => Some(NoticeCode::PendingExpiration),
        ("ITEM", "NEW_ACCOUNTS_AVAILABLE") => Some(NoticeCode::NewAccountsAvailable),
        ("AUTH", "PRODUCT_PERMISSIONS_REQUIRED") => Some(NoticeCode::ProductPermissionsRequired),
        _ => None,
    }
}
