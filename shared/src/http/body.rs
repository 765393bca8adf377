//! Bodies of requests, which are never logged.

use lambda_http::http::header;
use lambda_http::{Body, Request};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{Code, Problem};

/// The largest JSON body in bytes; real ones have about two thousand.
pub const MAX_JSON_BODY: usize = 64 * 1024;

/// The body's bytes as they were sent.
///
/// # Errors
/// `body_too_large` when there are more than `limit` bytes.
pub fn raw_body(request: &Request, limit: usize) -> Result<&[u8], Problem> {
    let bytes: &[u8] = match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    };
    if bytes.len() > limit {
        let detail = format!(
            "The body has {} bytes; at most {limit} are read.",
            bytes.len()
        );
        return Err(Problem::new(Code::BodyTooLarge, detail));
    }
    Ok(bytes)
}

/// The body as a `T` that denies unknown fields.
///
/// # Errors
/// `body_too_large`, `unsupported_media_type`, `invalid_json`, or, naming the field,
/// `unknown_field` or `invalid_field`.
pub fn json_body<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
    let bytes = raw_body(request, MAX_JSON_BODY)?;
    if !declares_json(request) {
        let detail = "Send the body with the header content-type: application/json.";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(no_object(bytes));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| misread(&error))?;
    reader
        .end()
        .map_err(|_| Problem::new(Code::InvalidJson, "Something follows the JSON value."))?;
    Ok(value)
}

fn declares_json(request: &Request) -> bool {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else {
        return false;
    };
    let media_type = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// serde would read an array as a struct, field by field.
fn no_object(bytes: &[u8]) -> Problem {
    match serde_json::from_slice::<IgnoredAny>(bytes) {
        Ok(_) => Problem::new(Code::InvalidField, "The body must be a JSON object."),
        Err(error) => broken_json(&error),
    }
}

fn broken_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let detail = format!("The JSON ends or breaks at line {line}, column {column}.");
    Problem::new(Code::InvalidJson, detail)
}

/// Names the field. serde's own words are used only where they cannot repeat what the
/// caller sent, which may be a token.
fn misread(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if !inner.is_data() {
        return broken_json(inner);
    }
    let said = inner.to_string();
    let path = error.path().to_string();
    if let Some(field) = quoted_after(&said, "missing field `") {
        return Problem::field(Code::InvalidField, &join(&path, field), "is required.");
    }
    if said.starts_with("unknown field `") {
        let known = said.split_once("expected ").map_or("", |(_, known)| known);
        let known = known.split(" at line").next().unwrap_or_default();
        let rule = format!("is not known here; the fields are {known}.");
        return Problem::field(Code::UnknownField, &path, rule);
    }
    let expected = said
        .rsplit_once("expected ")
        .map_or("another value", |(_, expected)| expected);
    let expected = expected.split(" at line").next().unwrap_or_default();
    Problem::field(Code::InvalidField, &path, format!("must be {expected}."))
}

fn quoted_after<'a>(said: &'a str, prefix: &str) -> Option<&'a str> {
    said.strip_prefix(prefix)?.split('`').next()
}

fn join(path: &str, field: &str) -> String {
    if path == "." {
        field.to_owned()
    } else {
        format!("{path}.{field}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "name")]
        _name: String,
        #[serde(rename = "inner")]
        _inner: Option<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "flag")]
        _flag: bool,
    }

    fn refusal(body: &str) -> Problem {
        let request = lambda_http::http::Request::builder()
            .header("content-type", "application/json; charset=utf-8")
            .body(Body::Text(body.to_owned()))
            .unwrap();
        json_body::<Sample>(&request).unwrap_err()
    }

    #[test]
    fn a_problem_names_the_field_and_never_repeats_its_value() {
        let cases = [
            (r#"{"name":1}"#, Code::InvalidField, Some("name")),
            (
                r#"{"name":"secret","inner":{"flag":"secret"}}"#,
                Code::InvalidField,
                Some("inner.flag"),
            ),
            ("{}", Code::InvalidField, Some("name")),
            (
                r#"{"name":"secret","inner":{}}"#,
                Code::InvalidField,
                Some("inner.flag"),
            ),
            (
                r#"{"name":"secret","extra":"secret"}"#,
                Code::UnknownField,
                Some("extra"),
            ),
            (
                r#"{"name":"secret","inner":{"extra":1}}"#,
                Code::UnknownField,
                Some("inner.extra"),
            ),
            (r#"{"name":"secret"#, Code::InvalidJson, None),
            (r#"{"name":"secret"} x"#, Code::InvalidJson, None),
            ("", Code::InvalidJson, None),
            ("[]", Code::InvalidField, None),
            (r#"["secret", null]"#, Code::InvalidField, None),
            ("[", Code::InvalidJson, None),
            (r#""secret""#, Code::InvalidField, None),
        ];
        for (body, code, field) in cases {
            let problem = refusal(body);
            let detail = problem.detail();
            assert_eq!(
                (problem.code(), problem.named_field()),
                (code, field),
                "{body}: {detail}"
            );
            assert!(!detail.contains("secret"), "{body}: {detail}");
        }
    }

    #[test]
    fn a_body_that_does_not_say_it_is_json_is_not_read() {
        for content_type in [
            None,
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
        ] {
            let mut request = lambda_http::http::Request::builder();
            if let Some(content_type) = content_type {
                request = request.header("content-type", content_type);
            }
            let request = request
                .body(Body::Text(r#"{"name":"x"}"#.to_owned()))
                .unwrap();
            let problem = json_body::<Sample>(&request).unwrap_err();
            assert_eq!(
                problem.code(),
                Code::UnsupportedMediaType,
                "{content_type:?}"
            );
        }
    }

    #[test]
    fn a_body_of_the_largest_size_is_read_and_one_byte_more_is_not() {
        let request = |size| lambda_http::http::Request::new(Body::Binary(vec![b' '; size]));
        assert!(raw_body(&request(MAX_JSON_BODY), MAX_JSON_BODY).is_ok());
        let problem = raw_body(&request(MAX_JSON_BODY + 1), MAX_JSON_BODY).unwrap_err();
        assert_eq!(problem.code(), Code::BodyTooLarge);
    }
}
