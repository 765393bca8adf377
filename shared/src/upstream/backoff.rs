//! How long to wait before the next attempt.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

const FIRST_BACKOFF: Duration = Duration::from_millis(150);

/// The delay after this attempt, counted from one. Full jitter: anywhere between nothing and
/// a ceiling that doubles.
pub(crate) fn backoff(attempt: u32) -> Duration {
    let mut random = [0_u8; 2];
    // Without random bytes the ceiling itself is a fine delay.
    let fraction = match SystemRandom::new().fill(&mut random) {
        Ok(()) => f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX),
        Err(_) => 1.0,
    };
    ceiling(attempt).mul_f64(fraction)
}

fn ceiling(attempt: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_spread_below_a_ceiling_that_doubles() {
        assert_eq!(ceiling(1), Duration::from_millis(150));
        assert_eq!(ceiling(3), Duration::from_millis(600));
        let delays: Vec<_> = (0..64).map(|_| backoff(2)).collect();
        assert!(delays.iter().all(|delay| *delay <= ceiling(2)));
        assert!(delays.iter().any(|delay| *delay != delays[0]));
    }
}
