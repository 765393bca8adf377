//! When a webhook that was not accepted is tried again.
//! <https://plaid.com/docs/api/webhooks/#webhook-retries>

use jiff::{SignedDuration, Timestamp};

use super::{Attempt, Webhook};
use crate::world::World;

/// The wait after the first attempt; each further one is four times as long.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
const FACTOR: i32 = 4;
/// How long a webhook is tried.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// The longest wait that a receiver may ask for.
const LONGEST_RETRY_AFTER: i64 = 4 * 3600;

/// When `webhook` is tried again after its last attempt; `None` to give up.
pub(crate) fn next_attempt(webhook: &Webhook) -> Option<Timestamp> {
    let last = webhook.attempts.last()?;
    let by_schedule = waits().nth(webhook.attempts.len().checked_sub(1)?)?;
    let asked = last.retry_after.filter(|_| last.status == Some(429));
    let wait = asked.map_or(by_schedule, |seconds| {
        SignedDuration::from_secs(seconds.clamp(0, LONGEST_RETRY_AFTER))
    });
    let at = last.at.checked_add(wait).ok()?;
    (at.duration_since(webhook.created_at) <= LIFETIME).then_some(at)
}

fn waits() -> impl Iterator<Item = SignedDuration> {
    std::iter::successors(Some(FIRST_WAIT), |wait| wait.checked_mul(FACTOR))
}

/// The seconds of a `Retry-After` header: a number, an HTTP date or an ISO 8601 time.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<i64> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(seconds);
    }
    let at = value.parse::<Timestamp>().ok().or_else(|| {
        jiff::fmt::rfc2822::DateTimeParser::new()
            .parse_timestamp(value)
            .ok()
    })?;
    Some(at.duration_since(now).as_secs())
}

impl World {
    /// Whether this receiver rejected more than 90 % of the last 24 hours' webhooks.
    pub(crate) fn is_rejecting(&self, url: &str, now: Timestamp) -> bool {
        let (mut all, mut rejected) = (0_usize, 0_usize);
        for webhook in self.webhooks.values() {
            let Some(last) = webhook.attempts.last() else {
                continue;
            };
            if webhook.url == url && now.duration_since(last.at) <= LIFETIME {
                all += 1;
                rejected += usize::from(!webhook.attempts.iter().any(Attempt::delivered));
            }
        }
        all >= self.settings().rejection_rule_minimum.max(1) && rejected * 10 > all * 9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::Forgery;

    const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn webhook() -> Webhook {
        Webhook {
            url: "http://127.0.0.1/".to_owned(),
            body: "{}".to_owned(),
            webhook_type: None,
            webhook_code: None,
            item_id: None,
            created_at: START,
            first_signed_at: None,
            next_attempt_at: None,
            attempts: Vec::new(),
            forgery: Forgery::default(),
        }
    }

    fn attempt(at: Timestamp, status: u16) -> Attempt {
        Attempt {
            at,
            status: Some(status),
            error: None,
            iat: 0,
            kid: String::new(),
            retry_after: None,
        }
    }

    #[test]
    fn retries_follow_plaids_schedule_and_end_within_a_day() {
        let mut webhook = webhook();
        webhook.attempts.push(attempt(START, 500));
        let mut after_start = Vec::new();
        while let Some(at) = next_attempt(&webhook) {
            after_start.push(at.duration_since(START).as_secs());
            webhook.attempts.push(attempt(at, 500));
        }
        assert_eq!(after_start, [30, 150, 630, 2_550, 10_230, 40_950]);
    }

    #[test]
    fn receiver_that_answers_429_may_ask_for_a_wait_of_up_to_four_hours() {
        for (asked, expected) in [(90, 90), (100_000, 14_400)] {
            let mut webhook = webhook();
            let last = Attempt {
                retry_after: Some(asked),
                ..attempt(START, 429)
            };
            webhook.attempts.push(last);
            let wait = next_attempt(&webhook)
                .unwrap()
                .duration_since(START)
                .as_secs();
            assert_eq!(wait, expected);
        }
    }

    #[test]
    fn retry_after_is_read_in_all_three_spellings() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        for value in [
            "30",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "1994-11-06T08:49:37Z",
        ] {
            assert_eq!(retry_after(value, now), Some(30), "{value}");
        }
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn receiver_counts_as_rejecting_above_ninety_percent_only() {
        let mut world = World::default();
        for number in 0..10 {
            let mut webhook = webhook();
            let status = if number == 0 { 200 } else { 500 };
            webhook.attempts.push(attempt(START, status));
            world.queue_webhook(webhook);
        }
        assert!(
            !world.is_rejecting("http://127.0.0.1/", START),
            "nine of ten"
        );
        for _ in 0..2 {
            let mut webhook = webhook();
            webhook.attempts.push(attempt(START, 500));
            world.queue_webhook(webhook);
        }
        assert!(
            world.is_rejecting("http://127.0.0.1/", START),
            "eleven of twelve"
        );
        let next_day = Timestamp::constant(1_790_000_000 + 86_401, 0);
        assert!(!world.is_rejecting("http://127.0.0.1/", next_day));
    }
}
