//! JSON as Plaid prints it and people like it: keys in alphabetical order, two spaces, no
//! newline at the end.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// Sorts keys explicitly: whether a JSON object keeps its order depends on
/// features that other crates of a workspace may switch on.
#[derive(Serialize)]
#[serde(untagged)]
enum Sorted<'a> {
    Object(BTreeMap<&'a str, Sorted<'a>>),
    Array(Vec<Sorted<'a>>),
    Plain(&'a Value),
}

fn sorted(value: &Value) -> Sorted<'_> {
    match value {
        Value::Object(map) => Sorted::Object(
            map.iter()
                .map(|(key, value)| (key.as_str(), sorted(value)))
                .collect(),
        ),
        Value::Array(list) => Sorted::Array(list.iter().map(sorted).collect()),
        plain => Sorted::Plain(plain),
    }
}

/// `value` in that formatting.
pub fn pretty(value: &Value) -> String {
    // Text keys and plain values always have a JSON form.
    serde_json::to_string_pretty(&sorted(value)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_alphabetical_at_every_depth() {
        let value = json!({"b": [{"z": 1, "a": {}}], "a": null});
        let expected =
            "{\n  \"a\": null,\n  \"b\": [\n    {\n      \"a\": {},\n      \"z\": 1\n    }\n  ]\n}";
        assert_eq!(pretty(&value), expected);
    }
}
