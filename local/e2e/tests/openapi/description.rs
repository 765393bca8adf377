//! docs/openapi.yaml, as validators that let no field pass which it does not describe.

use e2e::scene::{Failure, Reply};
use jsonschema::Draft;
use reqwest::Method;
use serde_json::{Map, Value, json};

/// Read when the tests run: whoever edits it builds nothing.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.yaml");
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
/// Headers that every answer may have: the connection's, API Gateway's and those of CORS.
const OF_THE_GATEWAY: [&str; 6] = [
    "apigw-requestid",
    "content-length",
    "content-type",
    "date",
    "vary",
    "www-authenticate",
];

/// The description.
pub(crate) struct Description(Value);

/// One call that it describes.
pub(crate) struct Operation<'a> {
    /// As in `GET /v1/items`.
    pub(crate) key: String,
    /// The operation's own part.
    pub(crate) value: &'a Value,
}

impl Description {
    /// The description in the repository, without room for fields that it does not name.
    pub(crate) fn read() -> Result<Self, Failure> {
        let mut document: Value = serde_norway::from_str(&std::fs::read_to_string(FILE)?)?;
        let schemas = document.pointer_mut("/components/schemas");
        let schemas = schemas.and_then(Value::as_object_mut);
        for schema in schemas.ok_or("no schemas")?.values_mut() {
            close(schema);
        }
        Ok(Self(document))
    }

    /// What a pointer leads to.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The members of an object.
    pub(crate) fn members(&self, pointer: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.at(pointer).as_object().into_iter().flatten()
    }

    /// What is meant, wherever it is written.
    pub(crate) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let mut found = value;
        while let Some(reference) = found.get("$ref").and_then(Value::as_str) {
            found = self.at(reference.trim_start_matches('#'));
        }
        found
    }

    /// Every call.
    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.members("/paths");
        let calls = paths.flat_map(|(path, item)| {
            METHODS.iter().filter_map(move |method| {
                let key = format!("{} {path}", method.to_uppercase());
                item.get(method).map(|value| Operation { key, value })
            })
        });
        calls.collect()
    }

    /// The operation that a request goes to.
    pub(crate) fn operation(&self, method: &Method, path: &str) -> Option<Operation<'_>> {
        let path = path.split('?').next().unwrap_or_default();
        self.operations().into_iter().find(|operation| {
            let (own, pattern) = operation.key.split_once(' ').unwrap_or_default();
            own == method.as_str() && fits(pattern, path)
        })
    }

    /// The answers of an operation, by status.
    pub(crate) fn answers<'a>(
        &'a self,
        operation: &'a Operation<'_>,
    ) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let answers = operation.value["responses"].as_object();
        answers
            .into_iter()
            .flatten()
            .map(|(status, answer)| (status, self.resolve(answer)))
    }

    /// The JSON body that an operation takes, if it takes one.
    pub(crate) fn request<'a>(&'a self, operation: &'a Operation<'_>) -> Option<&'a Value> {
        let body = self.resolve(operation.value.get("requestBody")?);
        body.pointer("/content/application~1json")
    }

    /// The codes of an answer's problems.
    pub(crate) fn codes(answer: &Value) -> Vec<&str> {
        let parts = answer["content"]["application/problem+json"]["schema"]["allOf"].as_array();
        let codes = parts.into_iter().flatten();
        let codes = codes.filter_map(|part| part.pointer("/properties/code/enum")?.as_array());
        codes.flatten().filter_map(Value::as_str).collect()
    }

    /// What a schema of the description finds wrong.
    pub(crate) fn errors(&self, schema: &Value, instance: &Value) -> Result<Vec<String>, Failure> {
        let root = json!({ "allOf": [schema], "components": self.at("/components") });
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .build(&root)
            .map_err(|error| error.to_string())?;
        let errors = validator.iter_errors(instance);
        Ok(errors
            .map(|error| format!("at \"{}\": {error}", error.instance_path()))
            .collect())
    }

    /// What is not as described about an answer.
    pub(crate) fn wrong(
        &self,
        operation: &Operation<'_>,
        reply: &Reply,
    ) -> Result<Vec<String>, Failure> {
        let status = reply.status.as_str().to_owned();
        let answers = operation.value["responses"].get(&status);
        let Some(answer) = answers.map(|answer| self.resolve(answer)) else {
            return Ok(vec!["the status is not described".to_owned()]);
        };
        let mut wrong = self.wrong_headers(answer, reply)?;
        wrong.extend(self.wrong_body(answer, reply)?);
        Ok(wrong)
    }

    fn wrong_headers(&self, answer: &Value, reply: &Reply) -> Result<Vec<String>, Failure> {
        let mut wrong = Vec::new();
        let none = Map::new();
        let described = answer["headers"].as_object().unwrap_or(&none);
        for (name, header) in described {
            let header = self.resolve(header);
            match reply.header(name) {
                None if header["required"] == true => wrong.push(format!("no header {name}")),
                None => {}
                Some(text) => {
                    let number = header["schema"]["type"] == "integer";
                    let value = number.then(|| text.parse::<u64>().ok()).flatten();
                    let value = value.map_or_else(|| json!(text), Value::from);
                    wrong.extend(self.errors(&header["schema"], &value)?);
                }
            }
        }
        let known = |name: &str| {
            OF_THE_GATEWAY.contains(&name)
                || described.keys().any(|one| one.eq_ignore_ascii_case(name))
        };
        let extra = reply.headers.keys().filter(|name| !known(name.as_str()));
        wrong.extend(extra.map(|name| format!("the header {name} is not described")));
        Ok(wrong)
    }

    fn wrong_body(&self, answer: &Value, reply: &Reply) -> Result<Vec<String>, Failure> {
        let content = answer["content"].as_object();
        if reply.text.is_empty() {
            let lacks = content.map(|_| "the body is empty".to_owned());
            return Ok(lacks.into_iter().collect());
        }
        let kind = reply.header("content-type").unwrap_or_default();
        let Some(media) = content.and_then(|content| content.get(kind)) else {
            return Ok(vec![format!("{kind} is not described")]);
        };
        let body: Value = serde_json::from_str(&reply.text)?;
        let mut wrong = self.errors(&media["schema"], &body)?;
        if kind == "application/problem+json" {
            wrong.extend(self.wrong_problem(&body, reply));
        }
        Ok(wrong)
    }

    /// What the schema leaves open, and the example of the code shows.
    fn wrong_problem(&self, body: &Value, reply: &Reply) -> Vec<String> {
        let code = body["code"].as_str().unwrap_or_default();
        let example = self.at(&format!("/components/examples/{code}/value"));
        let mut wrong = Vec::new();
        for member in ["type", "title", "status"] {
            if body[member] != example[member] {
                wrong.push(format!("{member} is not that of the example of {code}"));
            }
        }
        if body["status"] != reply.status.as_u16() {
            wrong.push("the body has another status".to_owned());
        }
        wrong
    }
}

/// Whether a path is one of a pattern's.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(part)) => {
                let any = expected.starts_with('{') && !part.is_empty();
                if !any && expected != part {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

/// Refuses what an object does not list, in all of its parts.
fn close(schema: &mut Value) {
    close_parts(schema);
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    if map.contains_key("properties") {
        map.entry("additionalProperties").or_insert(json!(false));
    }
}

fn close_parts(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    for (keyword, value) in map {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(close),
            ("items", items) => close(items),
            ("oneOf" | "anyOf", Value::Array(choices)) => choices.iter_mut().for_each(close),
            _ => {}
        }
    }
}

#[test]
fn a_field_that_is_not_described_is_wrong_wherever_it_is() -> Result<(), Failure> {
    let description = Description::read()?;
    let schema = json!({ "$ref": "#/components/schemas/ItemPage" });
    let page = description.at("/components/examples/Items/value");
    assert_eq!(description.errors(&schema, page)?, [] as [String; 0]);
    for place in [
        "",
        "/items/0",
        "/items/0/institution",
        "/items/0/accounts/0",
    ] {
        let mut page = page.clone();
        let object = page.pointer_mut(place).ok_or(place)?;
        object["nonsense"] = json!(true);
        assert_eq!(description.errors(&schema, &page)?.len(), 1, "{place}");
    }
    Ok(())
}

#[test]
fn no_object_of_an_answer_leaves_its_fields_open() -> Result<(), Failure> {
    let description = Description::read()?;
    for (name, schema) in description.members("/components/schemas") {
        let open = schema["type"] == "object" && schema["additionalProperties"] != false;
        assert_eq!(open, name == "Webhook", "{name}");
    }
    Ok(())
}
