//! Checks a request against the list of fields that its endpoint knows.

use serde_json::{Map, Value};

use super::error::PlaidError;

/// What a field may hold.
#[derive(Debug)]
pub(crate) enum Kind {
    Text,
    NonEmpty,
    AtMost(usize),
    Url,
    Date,
    DateTime,
    Flag,
    Integer,
    OneOf(&'static [&'static str]),
    List(&'static Kind),
    NonEmptyList(&'static Kind),
    Object(&'static [Field]),
    /// An object of a product that this program does not simulate.
    AnyObject,
}

/// One field of a request.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    kind: Kind,
    required: bool,
    nullable: bool,
}

/// A field that must be there.
pub(crate) const fn required(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
        nullable: false,
    }
}

/// A field that must be there, and may be null.
pub(crate) const fn required_nullable(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
        nullable: true,
    }
}

/// A field that may be absent, but not null.
pub(crate) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        nullable: false,
    }
}

/// A field that may be absent or null.
pub(crate) const fn nullable(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        nullable: true,
    }
}

#[derive(Default)]
struct Findings {
    unknown: Vec<String>,
    missing: Vec<String>,
    invalid: Vec<String>,
}

/// Checks `body`: fields that are unknown, then missing, then of the wrong kind.
pub(crate) fn check(fields: &[Field], body: &Map<String, Value>) -> Result<(), PlaidError> {
    let mut findings = Findings::default();
    check_object(fields, body, "", &mut findings);
    if !findings.unknown.is_empty() {
        return Err(PlaidError::of("UNKNOWN_FIELDS").saying(format!(
            "this endpoint has no such field: {}",
            findings.unknown.join(", ")
        )));
    }
    if !findings.missing.is_empty() {
        return Err(PlaidError::of("MISSING_FIELDS").saying(format!(
            "required but not sent: {}",
            findings.missing.join(", ")
        )));
    }
    match findings.invalid.first() {
        Some(first) => Err(PlaidError::of("INVALID_FIELD").saying(first.clone())),
        None => Ok(()),
    }
}

fn check_object(fields: &[Field], body: &Map<String, Value>, path: &str, found: &mut Findings) {
    for name in body.keys() {
        if !fields.iter().any(|field| field.name == name) {
            found.unknown.push(join(path, name));
        }
    }
    for field in fields {
        let path = join(path, field.name);
        match body.get(field.name) {
            None if field.required => found.missing.push(path),
            Some(Value::Null) if field.required && !field.nullable => found.missing.push(path),
            None => {}
            Some(Value::Null) if field.nullable => {}
            Some(value) => check_value(&field.kind, value, &path, found),
        }
    }
}

fn check_value(kind: &Kind, value: &Value, path: &str, found: &mut Findings) {
    match (kind, value) {
        (Kind::Object(fields), Value::Object(body)) => check_object(fields, body, path, found),
        (Kind::NonEmptyList(_), Value::Array(list)) if list.is_empty() => {
            found.invalid.push(format!("{path} must not be empty"));
        }
        (Kind::List(of) | Kind::NonEmptyList(of), Value::Array(list)) => {
            for (index, value) in list.iter().enumerate() {
                check_value(of, value, &format!("{path}[{index}]"), found);
            }
        }
        _ => {
            if let Some(wanted) = wanted(kind, value) {
                found.invalid.push(format!("{path} must be {wanted}"));
            }
        }
    }
}

/// What `value` should have been, if it is not.
fn wanted(kind: &Kind, value: &Value) -> Option<String> {
    let (good, wanted) = match kind {
        Kind::Text => (value.is_string(), "a string"),
        Kind::NonEmpty => (
            text(value, |text| !text.is_empty()),
            "a string that is not empty",
        ),
        Kind::AtMost(limit) => {
            if text(value, |text| text.chars().count() <= *limit) {
                return None;
            }
            return Some(format!("a string of at most {limit} characters"));
        }
        Kind::Url => (text(value, is_url), "an http or https URL"),
        Kind::Date => (text(value, is_date), "a date such as 1990-01-31"),
        Kind::DateTime => (
            text(value, is_date_time),
            "a time such as 2026-01-31T10:00:00Z",
        ),
        Kind::Flag => (value.is_boolean(), "true or false"),
        Kind::Integer => (value.is_i64() || value.is_u64(), "a whole number"),
        Kind::OneOf(values) => {
            if text(value, |text| values.contains(&text)) {
                return None;
            }
            return Some(format!("one of: {}", values.join(", ")));
        }
        Kind::List(_) | Kind::NonEmptyList(_) => (false, "a list"),
        Kind::Object(_) => (false, "an object"),
        Kind::AnyObject => (value.is_object(), "an object"),
    };
    (!good).then(|| wanted.to_owned())
}

fn text(value: &Value, test: impl Fn(&str) -> bool) -> bool {
    value.as_str().is_some_and(test)
}

/// Whether `text` is a URL that something can be sent to.
pub(crate) fn is_url(text: &str) -> bool {
    url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_date(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok()
}

fn is_date_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FIELDS: &[Field] = &[
        required("name", Kind::NonEmpty),
        optional("inner", Kind::Object(&[required("deep", Kind::Flag)])),
        nullable("list", Kind::List(&Kind::OneOf(&["a", "b"]))),
        optional("at", Kind::DateTime),
    ];

    fn code(body: &Value) -> Option<(String, String)> {
        let error = check(FIELDS, body.as_object().unwrap()).err()?;
        Some((error.error_code, error.error_message))
    }

    #[test]
    fn good_body_passes() {
        assert_eq!(
            code(&json!({"name": "n", "inner": {"deep": true}, "list": null})),
            None
        );
        assert_eq!(
            code(&json!({"name": "n", "list": ["a"], "at": "2026-01-31T10:00:00Z"})),
            None
        );
    }

    #[test]
    fn each_fault_has_its_code_and_names_the_field() {
        for (body, expected, path) in [
            (
                json!({"name": "n", "inner": {"deep": true, "x": 1}}),
                "UNKNOWN_FIELDS",
                "inner.x",
            ),
            (json!({"inner": {}}), "MISSING_FIELDS", "inner.deep"),
            (json!({"name": null}), "MISSING_FIELDS", "name"),
            (json!({"name": ""}), "INVALID_FIELD", "name"),
            (json!({"name": 1}), "INVALID_FIELD", "name"),
            (
                json!({"name": "n", "list": ["c"]}),
                "INVALID_FIELD",
                "list[0]",
            ),
            (
                json!({"name": "n", "inner": null}),
                "INVALID_FIELD",
                "inner",
            ),
            (
                json!({"name": "n", "at": "yesterday"}),
                "INVALID_FIELD",
                "at",
            ),
        ] {
            let (code, message) = code(&body).unwrap();
            assert_eq!(code, expected, "{body}");
            assert!(message.contains(path), "{message}");
        }
    }
}
