//! How often an Item is asked about at Plaid, which limits it.

use jiff::{SignedDuration, Timestamp};

/// Plaid allows 15 readings of an Item a minute (plaid.com/docs/errors/rate-limit-exceeded).
/// Where one window ends and the next begins, two windows' readings meet in one minute.
const A_MINUTE: u32 = 7;
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// The readings of one minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reads {
    /// When the minute began; none before the first reading.
    pub since: Option<Timestamp>,
    /// How many there were.
    pub count: u32,
}

impl Reads {
    /// The readings with one more.
    ///
    /// # Errors
    /// There were too many; when the next one may be.
    pub fn one_more(self, now: Timestamp) -> Result<Self, Timestamp> {
        let window_ends = |since: Timestamp| since.saturating_add(WINDOW).unwrap_or(Timestamp::MAX);
        match self.since {
            Some(since) if since <= now && now < window_ends(since) => {
                if self.count >= A_MINUTE {
                    return Err(window_ends(since));
                }
                Ok(Self {
                    count: self.count + 1,
                    ..self
                })
            }
            _ => Ok(Self {
                since: Some(now),
                count: 1,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_seven_readings() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut reads = Reads::default();
        for second in 0..7 {
            reads = reads.one_more(at(second)).unwrap();
        }
        assert_eq!(reads.one_more(at(59)), Err(at(60)));
        let next = reads.one_more(at(60)).unwrap();
        assert_eq!((next.since, next.count), (Some(at(60)), 1));
    }

    #[test]
    fn no_minute_has_more_readings_than_plaid_allows() {
        let mut reads = Reads::default();
        let mut read_at = Vec::new();
        // One early, the others as late as the window has it, and then as many as there may be.
        for second in std::iter::once(0).chain([59; 20]).chain([60; 20]) {
            if let Ok(one_more) = reads.one_more(Timestamp::from_second(second).unwrap()) {
                reads = one_more;
                read_at.push(second);
            }
        }
        let within_a_minute = read_at.iter().filter(|second| **second > 0);
        assert!(within_a_minute.count() <= 15, "{read_at:?}");
    }

    #[test]
    fn a_clock_that_went_back_does_not_stop_the_readings() {
        let late = Timestamp::from_second(1000).unwrap();
        let reads = Reads {
            since: Some(late),
            count: 99,
        };
        assert!(reads.one_more(Timestamp::UNIX_EPOCH).is_ok());
    }
}
