//! A good request, made wrong in every place.

use serde_json::{Map, Value, json};

/// The name of a field that no request has.
const UNKNOWN: &str = "no_such_field";

/// All bodies that differ from `body` in one place: a value taken away, null, of another
/// type or unheard of, and a field too many. Some of them may still be right.
pub fn mutations(body: &Value) -> Vec<Value> {
    let mut places = vec![String::new()];
    collect(body, "", &mut places);
    let mut mutated = Vec::new();
    for place in &places {
        let Some(value) = body.pointer(place) else {
            continue;
        };
        if let Value::Object(_) = value {
            mutated.extend(changed(body, place, |value| insert(value, UNKNOWN)));
        }
        if place.is_empty() {
            continue;
        }
        for other in [Value::Null, of_another_type(value), json!("no such value")] {
            mutated.extend(changed(body, place, |value| *value = other));
        }
        mutated.extend(without(body, place));
    }
    mutated
}

fn collect(value: &Value, at: &str, places: &mut Vec<String>) {
    let mut visit = |key: &str, value: &Value| {
        let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        places.push(place.clone());
        collect(value, &place, places);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| visit(key, value)),
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| visit(&index.to_string(), value));
        }
        _ => {}
    }
}

fn of_another_type(value: &Value) -> Value {
    match value {
        Value::String(_) => json!(7),
        Value::Array(_) => json!({}),
        Value::Object(_) => json!([]),
        _ => json!("text"),
    }
}

fn insert(value: &mut Value, name: &str) {
    if let Value::Object(map) = value {
        map.insert(name.to_owned(), json!(true));
    }
}

fn changed(body: &Value, place: &str, change: impl FnOnce(&mut Value)) -> Option<Value> {
    let mut body = body.clone();
    change(body.pointer_mut(place)?);
    Some(body)
}

fn without(body: &Value, place: &str) -> Option<Value> {
    let (parent, key) = place.rsplit_once('/')?;
    changed(body, parent, |parent| match parent {
        Value::Object(map) => *map = keep(map, key),
        Value::Array(list) => {
            let index = key.parse().unwrap_or(usize::MAX);
            let kept = list.iter().enumerate().filter(|(at, _)| *at != index);
            *list = kept.map(|(_, value)| value.clone()).collect();
        }
        _ => {}
    })
}

fn keep(map: &Map<String, Value>, without: &str) -> Map<String, Value> {
    let kept = map.iter().filter(|(key, _)| *key != without);
    kept.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_made_wrong_in_every_way() {
        let mutated = mutations(&json!({"a": {"b": [1]}}));
        for expected in [
            json!({"a": {"b": [1]}, UNKNOWN: true}),
            json!({"a": {"b": [1], UNKNOWN: true}}),
            json!({}),
            json!({"a": null}),
            json!({"a": []}),
            json!({"a": {}}),
            json!({"a": {"b": []}}),
            json!({"a": {"b": [null]}}),
            json!({"a": {"b": ["text"]}}),
        ] {
            assert!(mutated.contains(&expected), "{expected}");
        }
    }
}
