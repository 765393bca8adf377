//! The index `due` is spread over several partitions; one would be a hot key.

use crate::domain::Sha256;

const SHARDS: u32 = 16;

/// The shard of the records of a partition.
pub(super) fn shard_of(pk: &str) -> String {
    let hash = Sha256::of(pk.as_bytes());
    let first = hash
        .as_str()
        .get(..2)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok());
    name(first.unwrap_or_default() % SHARDS)
}

/// All of them.
pub(super) fn shards() -> impl Iterator<Item = String> {
    (0..SHARDS).map(name)
}

fn name(shard: u32) -> String {
    format!("DUE#{shard}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn records_are_spread_over_all_shards_and_no_others() {
        let used: BTreeSet<_> = (0..500).map(|n| shard_of(&format!("USER#{n}"))).collect();
        assert_eq!(used, shards().collect());
    }
}
