//! The same operations at two tables in turn: how long each takes beside the other.

use std::fmt;
use std::time::Duration;

/// How long operations took, at a table and at the one that it is measured by.
#[derive(Debug, Default)]
pub struct Beside(Vec<Operation>);

#[derive(Debug)]
struct Operation {
    name: &'static str,
    full: Vec<Duration>,
    empty: Vec<Duration>,
}

/// Which of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that is measured.
    Full,
    /// The one that it is measured by.
    Empty,
}

impl Beside {
    /// Takes down how long it took once.
    pub fn add(&mut self, name: &'static str, side: Side, took: Duration) {
        if !self.0.iter().any(|operation| operation.name == name) {
            self.0.push(Operation {
                name,
                full: Vec::new(),
                empty: Vec::new(),
            });
        }
        for operation in self.0.iter_mut().filter(|known| known.name == name) {
            match side {
                Side::Full => operation.full.push(took),
                Side::Empty => operation.empty.push(took),
            }
        }
    }

    /// The operations whose median is more than so many times the other's.
    pub fn slower_than(&self, ratio: f64) -> Vec<&'static str> {
        let slower = self.0.iter().filter(|operation| operation.ratio() > ratio);
        slower.map(|operation| operation.name).collect()
    }
}

impl Operation {
    fn ratio(&self) -> f64 {
        milliseconds(&self.full) / milliseconds(&self.empty)
    }
}

/// The median.
fn milliseconds(took: &[Duration]) -> f64 {
    let mut took = took.to_vec();
    took.sort_unstable();
    let median = took.get(took.len() / 2).copied();
    median.unwrap_or_default().as_secs_f64() * 1000.0
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for operation in &self.0 {
            let Operation { name, full, empty } = operation;
            let (full, empty) = (milliseconds(full), milliseconds(empty));
            let ratio = operation.ratio();
            writeln!(
                f,
                "{name}: {empty:.2} ms empty, {full:.2} ms full, {ratio:.2}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_compared_and_outliers_are_not() {
        let mut beside = Beside::default();
        for (full, empty) in [(10, 4), (900, 5), (11, 600), (12, 5), (9, 4)] {
            beside.add("a list", Side::Full, Duration::from_millis(full));
            beside.add("a list", Side::Empty, Duration::from_millis(empty));
            beside.add("one Item", Side::Full, Duration::from_millis(empty));
            beside.add("one Item", Side::Empty, Duration::from_millis(empty));
        }
        assert_eq!(beside.slower_than(2.0), ["a list"]);
        assert_eq!(beside.slower_than(2.3), [""; 0]);
        let told = beside.to_string();
        assert!(
            told.contains("a list: 5.00 ms empty, 11.00 ms full, 2.20"),
            "{told}"
        );
    }
}
