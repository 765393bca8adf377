//! `!Ref`, `!Sub`, `!GetAtt` and `!If`, in their short and their long form.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use serde_norway::Value as Yaml;

use super::scope::Found;
use super::{Scope, TemplateError};

/// A part of the template as JSON, with nothing left to resolve. `at` says in errors
/// where the part is.
pub(super) fn resolve(value: &Yaml, scope: &Scope, at: &str) -> Result<Json, TemplateError> {
    match value {
        Yaml::Null => Ok(Json::Null),
        Yaml::Bool(flag) => Ok((*flag).into()),
        Yaml::Number(number) => Ok(json_number(number)),
        Yaml::String(text) => Ok(text.as_str().into()),
        Yaml::Sequence(values) => values
            .iter()
            .enumerate()
            .map(|(index, value)| resolve(value, scope, &format!("{at}[{index}]")))
            .collect(),
        Yaml::Mapping(fields) => resolve_mapping(fields, scope, at),
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            call(tag.trim_start_matches('!'), &tagged.value, scope, at)
        }
    }
}

fn json_number(number: &serde_norway::Number) -> Json {
    number
        .as_i64()
        .map(Json::from)
        .or_else(|| number.as_u64().map(Json::from))
        .or_else(|| number.as_f64().map(Json::from))
        .unwrap_or(Json::Null)
}

fn resolve_mapping(
    fields: &serde_norway::Mapping,
    scope: &Scope,
    at: &str,
) -> Result<Json, TemplateError> {
    if let Some((function, argument)) = long_form(fields) {
        return call(function, argument, scope, at);
    }
    let mut object = Map::new();
    for (key, value) in fields {
        let key = match key {
            Yaml::String(text) => text.clone(),
            Yaml::Number(number) => number.to_string(),
            Yaml::Bool(flag) => flag.to_string(),
            _ => return Err(unsupported("a key that is no string", at)),
        };
        let value = resolve(value, scope, &format!("{at}.{key}"))?;
        object.insert(key, value);
    }
    Ok(object.into())
}

/// `{Ref: X}` and `{Fn::Name: X}`.
fn long_form(fields: &serde_norway::Mapping) -> Option<(&str, &Yaml)> {
    let (key, argument) = fields.iter().next().filter(|_| fields.len() == 1)?;
    let key = key.as_str()?;
    let function = if key == "Ref" {
        key
    } else {
        key.strip_prefix("Fn::")?
    };
    Some((function, argument))
}

fn call(function: &str, argument: &Yaml, scope: &Scope, at: &str) -> Result<Json, TemplateError> {
    match (function, argument) {
        ("Ref", Yaml::String(name)) => reference(name, scope, at),
        ("GetAtt", Yaml::String(path)) => attribute(path, scope, at).map(Json::from),
        ("GetAtt", Yaml::Sequence(path)) => {
            let path: Option<Vec<&str>> = path.iter().map(Yaml::as_str).collect();
            let path = path.ok_or_else(|| unsupported("!GetAtt", at))?.join(".");
            attribute(&path, scope, at).map(Json::from)
        }
        ("Sub", Yaml::String(text)) => {
            substitute(text, &BTreeMap::new(), scope, at).map(Json::from)
        }
        ("Sub", Yaml::Sequence(arguments)) => {
            let [Yaml::String(text), Yaml::Mapping(variables)] = arguments.as_slice() else {
                return Err(unsupported("!Sub", at));
            };
            let variables = sub_variables(variables, scope, at)?;
            substitute(text, &variables, scope, at).map(Json::from)
        }
        ("If", Yaml::Sequence(branches)) => {
            let [Yaml::String(condition), if_true, if_false] = branches.as_slice() else {
                return Err(unsupported("!If", at));
            };
            let holds = scope.condition(condition);
            let holds = holds.ok_or_else(|| unknown(condition, at))?;
            resolve(if holds { if_true } else { if_false }, scope, at)
        }
        ("Equals", Yaml::Sequence(sides)) => {
            let [left, right] = sides.as_slice() else {
                return Err(unsupported("!Equals", at));
            };
            Ok((resolve(left, scope, at)? == resolve(right, scope, at)?).into())
        }
        ("Not", Yaml::Sequence(conditions)) => {
            let [condition] = conditions.as_slice() else {
                return Err(unsupported("!Not", at));
            };
            match resolve(condition, scope, at)? {
                Json::Bool(holds) => Ok((!holds).into()),
                _ => Err(unsupported("!Not", at)),
            }
        }
        _ => Err(unsupported(&format!("!{function}"), at)),
    }
}

fn reference(name: &str, scope: &Scope, at: &str) -> Result<Json, TemplateError> {
    match scope.reference(name) {
        Found::Value(value) => Ok(value),
        Found::NoValue => Err(TemplateError::NoValue {
            at: at.to_owned(),
            name: name.to_owned(),
        }),
        Found::Unknown(name) => Err(unknown(name, at)),
    }
}

fn attribute(path: &str, scope: &Scope, at: &str) -> Result<String, TemplateError> {
    path.split_once('.')
        .and_then(|(resource, attribute)| scope.attribute(resource, attribute))
        .map(str::to_owned)
        .ok_or_else(|| unknown(path, at))
}

fn sub_variables(
    variables: &serde_norway::Mapping,
    scope: &Scope,
    at: &str,
) -> Result<BTreeMap<String, String>, TemplateError> {
    variables
        .iter()
        .map(|(name, value)| {
            let name = name.as_str().ok_or_else(|| unsupported("!Sub", at))?;
            let value = resolve(value, scope, &format!("{at}.{name}"))?;
            let text = value
                .as_str()
                .ok_or_else(|| unsupported("!Sub of a list", at))?;
            Ok((name.to_owned(), text.to_owned()))
        })
        .collect()
}

/// Replaces `${Name}` and `${Name.Attribute}`; `${!Name}` stands for a literal `${Name}`.
fn substitute(
    text: &str,
    variables: &BTreeMap<String, String>,
    scope: &Scope,
    at: &str,
) -> Result<String, TemplateError> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| unsupported("an open `${` in !Sub", at))?;
        result.push_str(before);
        rest = after;
        if let Some(literal) = name.strip_prefix('!') {
            result.push_str("${");
            result.push_str(literal);
            result.push('}');
        } else if let Some(value) = variables.get(name) {
            result.push_str(value);
        } else if name.contains('.') {
            result.push_str(&attribute(name, scope, at)?);
        } else {
            let value = reference(name, scope, at)?;
            result.push_str(
                value
                    .as_str()
                    .ok_or_else(|| unsupported("!Sub of a list", at))?,
            );
        }
    }
    result.push_str(rest);
    Ok(result)
}

fn unknown(name: &str, at: &str) -> TemplateError {
    TemplateError::Unknown {
        at: at.to_owned(),
        name: name.to_owned(),
    }
}

fn unsupported(function: &str, at: &str) -> TemplateError {
    TemplateError::Unsupported {
        at: at.to_owned(),
        function: function.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::template::{Document, ResourceNames};

    const PARAMETERS: &str = "
Parameters:
  Name: { Type: String, Default: astra }
  Count: { Type: Number, Default: 3 }
  Origins: { Type: CommaDelimitedList, Default: 'http://a, http://b' }
  Required: { Type: String }
Conditions:
  IsAstra: !Equals [!Ref Name, astra]
  IsAnother: !Not [!Equals [!Ref Name, astra]]
  IsUnclear: !Equals [!Ref Required, x]
";

    fn resolved(text: &str) -> Result<Json, TemplateError> {
        let document = Document::parse(PARAMETERS).unwrap();
        let mut scope = Scope::new(&document, &BTreeMap::new());
        scope.insert(
            "Table",
            ResourceNames::new("the-table").with("Arn", "arn:table"),
        );
        resolve(&serde_norway::from_str(text).unwrap(), &scope, "Here")
    }

    #[test]
    fn references_take_the_short_and_the_long_form() {
        let value = resolved("{a: !Ref Name, b: {Ref: Table}, c: !Ref 'AWS::Region'}").unwrap();
        assert_eq!(
            value,
            json!({"a": "astra", "b": "the-table", "c": "us-east-1"})
        );
    }

    #[test]
    fn attributes_take_a_path_or_a_list() {
        let value = resolved("[!GetAtt Table.Arn, {'Fn::GetAtt': [Table, Arn]}]").unwrap();
        assert_eq!(value, json!(["arn:table", "arn:table"]));
    }

    #[test]
    fn sub_replaces_names_attributes_and_own_variables_and_keeps_literals() {
        let value = resolved("!Sub ['${Name}/${Table.Arn}/${x}/${!y}', {x: !Ref Count}]").unwrap();
        assert_eq!(value, json!("astra/arn:table/3/${y}"));
    }

    #[test]
    fn a_list_parameter_becomes_a_list() {
        assert_eq!(
            resolved("!Ref Origins").unwrap(),
            json!(["http://a", "http://b"])
        );
    }

    #[test]
    fn an_unknown_name_is_an_error_that_names_it_and_its_place() {
        let error = resolved("{Variables: {QUEUE: !GetAtt Queue.Arn}}")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`Queue.Arn`") && error.contains("Here.Variables.QUEUE"),
            "{error}"
        );
        let error = resolved("!Sub 'x-${Nobody}'").unwrap_err().to_string();
        assert!(error.contains("`Nobody`"), "{error}");
    }

    #[test]
    fn a_parameter_without_a_value_is_named() {
        let error = resolved("!Ref Required").unwrap_err().to_string();
        assert!(
            error.contains("`Required`") && error.contains("no default"),
            "{error}"
        );
    }

    #[test]
    fn a_condition_chooses_and_what_it_leaves_is_not_looked_at() {
        let chosen = resolved("[!If [IsAstra, a, !Ref Nobody], !If [IsAnother, a, b]]").unwrap();
        assert_eq!(chosen, json!(["a", "b"]));
        for unknown in ["IsUnclear", "Nobody"] {
            let error = resolved(&format!("!If [{unknown}, a, b]")).unwrap_err();
            assert!(error.to_string().contains(unknown), "{error}");
        }
    }

    #[test]
    fn other_intrinsic_functions_are_refused_by_name() {
        let error = resolved("!Join [',', [a, b]]").unwrap_err().to_string();
        assert!(error.contains("!Join"), "{error}");
    }
}
