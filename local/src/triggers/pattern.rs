//! Event patterns, as event rules and filters of streams have them.
//!
//! A pattern has the shape of the event: every field that it names must be there, with one
//! of the values of its list. Where the event has an array, one element that fits is enough.

use serde_json::{Map, Value};

/// A pattern that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It is not JSON.
    #[error("the pattern is not JSON")]
    Json(#[from] serde_json::Error),
    /// Its shape is wrong.
    #[error("in the pattern, `{0}` must be an object, or a list of at least one value")]
    Shape(String),
    /// It has an operator that is not known here.
    #[error("the local stack does not know `{operator}` in the pattern's `{field}`")]
    Operator {
        /// The field.
        field: String,
        /// What is asked of it.
        operator: String,
    },
}

/// Which events are meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    fields: Vec<(String, Wish)>,
}

/// What is asked of one field.
#[derive(Clone, Debug, PartialEq)]
enum Wish {
    /// It is an object that fits.
    Object(Pattern),
    /// One of these holds.
    Any(Vec<Matcher>),
}

#[derive(Clone, Debug, PartialEq)]
enum Matcher {
    Value(Value),
    Prefix(String),
    Suffix(String),
    AnythingBut(Vec<Value>),
    Exists(bool),
}

impl Pattern {
    /// Reads a pattern that is written as text, as in the filters of a stream.
    ///
    /// # Errors
    ///
    /// The text is not a pattern, or asks for more than is known here.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        Self::of(&serde_json::from_str(text)?)
    }

    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// It is not a pattern, or asks for more than is known here.
    pub fn of(value: &Value) -> Result<Self, PatternError> {
        match value {
            Value::Object(fields) => Self::of_fields(fields, ""),
            _ => Err(PatternError::Shape(String::new())),
        }
    }

    fn of_fields(fields: &Map<String, Value>, at: &str) -> Result<Self, PatternError> {
        let wish = |(name, value): (&String, &Value)| {
            let at = if at.is_empty() {
                name.clone()
            } else {
                format!("{at}.{name}")
            };
            let wish = match value {
                Value::Object(_) | Value::Array(_) if name.starts_with('$') => {
                    return Err(unknown(&at, name));
                }
                Value::Object(fields) => Wish::Object(Self::of_fields(fields, &at)?),
                Value::Array(values) if !values.is_empty() => {
                    let matchers = values.iter().map(|value| Matcher::of(value, &at));
                    Wish::Any(matchers.collect::<Result<_, _>>()?)
                }
                _ => return Err(PatternError::Shape(at)),
            };
            Ok((name.clone(), wish))
        };
        let fields = fields.iter().map(wish).collect::<Result<_, _>>()?;
        Ok(Self { fields })
    }

    /// Whether an event fits.
    pub fn fits(&self, event: &Value) -> bool {
        self.fields
            .iter()
            .all(|(name, wish)| wish.holds(event.get(name)))
    }
}

impl Wish {
    fn holds(&self, value: Option<&Value>) -> bool {
        if let Some(Value::Array(elements)) = value
            && !elements.is_empty()
        {
            return elements.iter().any(|element| self.holds(Some(element)));
        }
        match self {
            Self::Object(pattern) => pattern.fits(value.unwrap_or(&Value::Null)),
            Self::Any(matchers) => matchers.iter().any(|matcher| matcher.holds(value)),
        }
    }
}

impl Matcher {
    fn of(value: &Value, at: &str) -> Result<Self, PatternError> {
        let Value::Object(operation) = value else {
            return match value {
                Value::Array(_) => Err(PatternError::Shape(at.to_owned())),
                value => Ok(Self::Value(value.clone())),
            };
        };
        let mut operation = operation.iter();
        let (Some((operator, value)), None) = (operation.next(), operation.next()) else {
            return Err(PatternError::Shape(at.to_owned()));
        };
        match (operator.as_str(), value) {
            ("prefix", Value::String(text)) => Ok(Self::Prefix(text.clone())),
            ("suffix", Value::String(text)) => Ok(Self::Suffix(text.clone())),
            ("exists", Value::Bool(exists)) => Ok(Self::Exists(*exists)),
            ("anything-but", Value::Array(values)) => Ok(Self::AnythingBut(values.clone())),
            ("anything-but", Value::String(_) | Value::Number(_)) => {
                Ok(Self::AnythingBut(vec![value.clone()]))
            }
            _ => Err(unknown(at, &format!("{operator}: {value}"))),
        }
    }

    fn holds(&self, value: Option<&Value>) -> bool {
        // Only what has no fields of its own counts as being there.
        let Some(value) = value.filter(|value| !value.is_object()) else {
            return *self == Self::Exists(false);
        };
        match self {
            Self::Value(expected) => value == expected,
            Self::Prefix(prefix) => value.as_str().is_some_and(|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => value.as_str().is_some_and(|text| text.ends_with(suffix)),
            Self::AnythingBut(values) => !values.contains(value),
            Self::Exists(exists) => *exists,
        }
    }
}

fn unknown(field: &str, operator: &str) -> PatternError {
    PatternError::Operator {
        field: field.to_owned(),
        operator: operator.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(pattern: &Value, event: &Value) -> bool {
        Pattern::of(pattern).unwrap().fits(event)
    }

    fn record(name: &str, pk: &str) -> Value {
        json!({ "eventName": name, "dynamodb": { "Keys": { "pk": { "S": pk }, "sk": { "S": "1" } } } })
    }

    #[test]
    fn the_filter_of_a_stream_takes_inserts_with_a_prefix_and_nothing_else() {
        let text =
            r#"{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"INBOX#"}]}}}}"#;
        let pattern = Pattern::parse(text).unwrap();
        assert!(pattern.fits(&record("INSERT", "INBOX#item")));
        assert!(!pattern.fits(&record("MODIFY", "INBOX#item")));
        assert!(!pattern.fits(&record("INSERT", "USER#INBOX#")));
        assert!(!pattern.fits(&json!({ "eventName": "INSERT" })));
        assert!(!pattern.fits(&json!({ "eventName": "INSERT", "dynamodb": { "Keys": {} } })));
    }

    #[test]
    fn any_value_of_a_list_will_do_and_every_field_must() {
        let pattern = json!({ "a": ["x", "y"], "b": [1, null, true] });
        assert!(fits(
            &pattern,
            &json!({ "a": "y", "b": null, "c": "whatever" })
        ));
        assert!(fits(&pattern, &json!({ "a": "x", "b": 1 })));
        assert!(!fits(&pattern, &json!({ "a": "x", "b": false })));
        assert!(!fits(&pattern, &json!({ "a": "x" })));
        assert!(!fits(&pattern, &json!({ "a": "x y", "b": 1 })));
    }

    #[test]
    fn values_are_compared_with_their_type() {
        assert!(!fits(&json!({ "a": [1] }), &json!({ "a": "1" })));
        assert!(!fits(&json!({ "a": ["1"] }), &json!({ "a": 1 })));
        assert!(!fits(
            &json!({ "a": [{ "prefix": "1" }] }),
            &json!({ "a": 11 })
        ));
    }

    #[test]
    fn one_element_of_an_array_is_enough() {
        let pattern = json!({ "list": { "id": ["b"] } });
        assert!(fits(
            &pattern,
            &json!({ "list": [{ "id": "a" }, { "id": "b" }] })
        ));
        assert!(!fits(&pattern, &json!({ "list": [{ "id": "a" }] })));
        assert!(!fits(&pattern, &json!({ "list": [] })));
        assert!(fits(&json!({ "a": ["x"] }), &json!({ "a": ["w", "x"] })));
    }

    #[test]
    fn the_other_operators_do_as_in_aws() {
        let but = json!({ "a": [{ "anything-but": ["x", 1] }] });
        assert!(fits(&but, &json!({ "a": "y" })));
        assert!(!fits(&but, &json!({ "a": 1 })));
        assert!(!fits(&but, &json!({})));
        assert!(!fits(
            &json!({ "a": [{ "anything-but": "x" }] }),
            &json!({ "a": "x" })
        ));
        assert!(fits(
            &json!({ "a": [{ "suffix": ".ok" }] }),
            &json!({ "a": "is.ok" })
        ));
        let absent = json!({ "a": [{ "exists": false }] });
        assert!(fits(&absent, &json!({})));
        assert!(fits(&absent, &json!({ "a": { "b": 1 } })));
        assert!(!fits(&absent, &json!({ "a": null })));
        let present = json!({ "a": { "b": [{ "exists": true }] } });
        assert!(fits(&present, &json!({ "a": { "b": 1 } })));
        assert!(!fits(&present, &json!({ "a": {} })));
        let nothing = json!({ "a": { "b": [{ "exists": false }] } });
        assert!(fits(&nothing, &json!({})));
    }

    #[test]
    fn what_cannot_be_followed_is_refused_by_name() {
        let error = |pattern: Value| Pattern::of(&pattern).unwrap_err().to_string();
        let numeric = error(json!({ "detail": { "n": [{ "numeric": [">", 0] }] } }));
        assert!(
            numeric.contains("numeric") && numeric.contains("detail.n"),
            "{numeric}"
        );
        assert!(error(json!({ "$or": [{ "a": [1] }] })).contains("$or"));
        assert!(error(json!({ "a": "x" })).contains("`a`"));
        assert!(error(json!({ "a": [] })).contains("`a`"));
        assert!(error(json!({ "a": [{ "prefix": "x", "suffix": "y" }] })).contains("`a`"));
        assert!(matches!(Pattern::parse("{"), Err(PatternError::Json(_))));
    }
}
