//! Two lists that must hold the same.

use std::collections::BTreeSet;

/// Holds each of two lists against the other.
///
/// # Panics
/// Something is in one of them only; the message says what, and in which.
#[track_caller]
pub fn assert_same<A, B>(one: &str, of_one: A, other: &str, of_other: B)
where
    A: IntoIterator<Item: ToString>,
    B: IntoIterator<Item: ToString>,
{
    let of_one: BTreeSet<_> = of_one
        .into_iter()
        .map(|member| member.to_string())
        .collect();
    let of_other: BTreeSet<_> = of_other
        .into_iter()
        .map(|member| member.to_string())
        .collect();
    let only = [
        (one, of_one.difference(&of_other).collect::<Vec<_>>()),
        (other, of_other.difference(&of_one).collect()),
    ];
    let told = only.iter().filter(|(_, members)| !members.is_empty());
    let told: Vec<_> = told
        .map(|(side, members)| format!("only in {side}: {members:#?}"))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repetitions_do_not_matter() {
        assert_same("these", ["a", "b", "a"], "those", ["b", "a"]);
    }

    #[test]
    #[should_panic(expected = "only in these: [\n    \"a\",\n]\nonly in those: [\n    \"c\",\n]")]
    fn what_is_on_one_side_is_told_with_its_side() {
        assert_same("these", ["a", "b"], "those", ["b", "c"]);
    }

    #[test]
    #[should_panic(expected = "only in those: [\n    \"a\",\n]")]
    fn nothing_is_not_the_same_as_something() {
        assert_same("these", [""; 0], "those", ["a"]);
    }
}
