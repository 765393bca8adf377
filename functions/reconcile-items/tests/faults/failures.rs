//! Broken promises, each with the first schedule that broke it.

use std::collections::BTreeMap;

/// What a schedule broke, and all that happened in it.
pub(crate) struct Broken {
    pub(crate) promises: Vec<String>,
    pub(crate) protocol: String,
}

#[derive(Default)]
pub(crate) struct Failures(BTreeMap<String, (u32, String)>);

impl Failures {
    pub(crate) fn add(&mut self, broken: &Broken) {
        for promise in &broken.promises {
            // Which actor and which Item it was does not matter.
            let kind = promise.replace(|c: char| c.is_ascii_digit(), "*");
            let first = || (0, broken.protocol.clone());
            let (count, _) = self.0.entry(kind).or_insert_with(first);
            *count += 1;
        }
    }

    pub(crate) fn assert_none(&self) {
        let told: Vec<String> = self
            .0
            .iter()
            .map(|(promise, (count, protocol))| {
                format!("broken in {count} schedules: {promise}\nfirst in: {protocol}")
            })
            .collect();
        assert!(told.is_empty(), "\n{}", told.join("\n==========\n"));
    }
}
