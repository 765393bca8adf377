//! The roles as template.yaml has them, with resources by their logical names.

use std::collections::{BTreeMap, BTreeSet};

use e2e::scene::Failure;
use local::template::TEMPLATE;
use serde_norway::Value as Yaml;

use crate::call::Call;

/// The conditions that roles use, and no others.
const LEADING_KEYS: &str = "ForAllValues:StringLike dynamodb:LeadingKeys";
const PURPOSE: &str = "StringEquals kms:EncryptionContext:purpose";
const VIA_SERVICE: &str = "StringEquals kms:ViaService";

/// The template as it is written.
pub(crate) struct Template {
    root: Yaml,
}

/// A function, and what the template gives it.
pub(crate) struct Function {
    pub(crate) logical_name: String,
    pub(crate) package: String,
    /// Its own environment variables and those of all, with the resource that each names, if
    /// it does.
    pub(crate) variables: BTreeMap<String, Option<String>>,
    /// Whether a stream starts it, which Lambda reads in the function's name.
    pub(crate) reads_a_stream: bool,
    /// The queue that gets what Lambda gives up, of those that nobody waits for.
    pub(crate) failures: Option<String>,
}

/// One statement of a role. All statements allow.
#[derive(Debug)]
pub(crate) struct Statement {
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: BTreeMap<String, Vec<String>>,
}

impl Template {
    pub(crate) fn read() -> Result<Self, Failure> {
        Ok(Self {
            root: serde_norway::from_str(TEMPLATE)?,
        })
    }

    fn resources(&self, kind: &str) -> impl Iterator<Item = (&str, &Yaml)> {
        let resources = self.root["Resources"].as_mapping().into_iter().flatten();
        resources
            .filter(move |(_, resource)| resource["Type"] == kind)
            .filter_map(|(name, resource)| Some((name.as_str()?, &resource["Properties"])))
    }

    /// The logical names of all roles.
    pub(crate) fn roles(&self) -> BTreeSet<&str> {
        let roles = self.resources("AWS::IAM::Role");
        roles.map(|(name, _)| name).collect()
    }

    pub(crate) fn functions(&self) -> Result<Vec<Function>, Failure> {
        let functions = self.resources("AWS::Serverless::Function");
        functions
            .map(|(name, own)| self.function(name, own))
            .collect()
    }

    fn function(&self, name: &str, own: &Yaml) -> Result<Function, Failure> {
        let role = symbol(&own["Role"])?;
        if role != format!("{name}Role") || !own["Policies"].is_null() {
            return Err(format!("{name} has another role than its own").into());
        }
        let folder = own["CodeUri"].as_str().ok_or("no CodeUri")?;
        let of_all = &self.root["Globals"]["Function"]["Environment"]["Variables"];
        let variables = [of_all, &own["Environment"]["Variables"]];
        let variables = variables.into_iter().filter_map(Yaml::as_mapping).flatten();
        let failures = &own["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"];
        let mut events = own["Events"].as_mapping().into_iter().flatten();
        Ok(Function {
            logical_name: name.to_owned(),
            package: folder.trim_start_matches("functions/").to_owned(),
            variables: variables
                .filter_map(|(name, value)| Some((name.as_str()?.to_owned(), self.named(value))))
                .collect(),
            reads_a_stream: events.any(|(_, event)| event["Type"] == "DynamoDB"),
            failures: symbol(failures).ok(),
        })
    }

    /// The resource that the value of a variable names.
    fn named(&self, value: &Yaml) -> Option<String> {
        let named = match value {
            Yaml::Tagged(tagged) if tagged.tag == "Ref" => tagged.value.as_str()?.to_owned(),
            value => symbol(value).ok()?,
        };
        let is_resource = self.root["Resources"].get(named.as_str()).is_some();
        is_resource.then_some(named)
    }

    /// The statements of a role.
    pub(crate) fn statements(&self, role: &str) -> Result<Vec<Statement>, Failure> {
        let mut all = self.resources("AWS::IAM::Role");
        let (_, properties) = all.find(|(name, _)| *name == role).ok_or("no such role")?;
        let mut names = properties.as_mapping().into_iter().flatten();
        let known = ["AssumeRolePolicyDocument", "Policies"];
        if !names.all(|(name, _)| known.iter().any(|known| name == known)) {
            return Err(format!("{role} has more than policies of its own").into());
        }
        let policies = properties["Policies"].as_sequence().into_iter().flatten();
        let statements = policies.flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]));
        let read = statements.map(|statement| self.statement(with_astra(statement)?));
        read.collect::<Result<_, _>>()
            .map_err(|error| format!("{role}: {error}").into())
    }

    fn statement(&self, statement: &Yaml) -> Result<Statement, Failure> {
        if statement["Effect"] != "Allow" {
            return Err("a statement does not allow".into());
        }
        let texts = |part: &Yaml| -> Result<Vec<String>, Failure> {
            list(part).into_iter().map(|part| self.text(part)).collect()
        };
        let mut conditions = BTreeMap::new();
        for (operator, keys) in entries(&statement["Condition"]) {
            for (key, values) in entries(keys) {
                let name = format!("{operator} {key}");
                if ![LEADING_KEYS, PURPOSE, VIA_SERVICE].contains(&name.as_str()) {
                    return Err(format!("nobody checks the condition {name}").into());
                }
                conditions.insert(name, texts(values)?);
            }
        }
        Ok(Statement {
            actions: texts(&statement["Action"])?,
            resources: texts(&statement["Resource"])?,
            conditions,
        })
    }

    /// A text, or the resource whose ARN is meant.
    fn text(&self, value: &Yaml) -> Result<String, Failure> {
        match value {
            Yaml::String(text) => Ok(text.clone()),
            // A secret's name is its ARN; other names are none.
            Yaml::Tagged(tagged) if tagged.tag == "Ref" => {
                let name = tagged.value.as_str().unwrap_or_default();
                let mut secrets = self.resources("AWS::SecretsManager::Secret");
                let is_secret = secrets.any(|(secret, _)| secret == name);
                let secret = is_secret.then(|| name.to_owned());
                secret.ok_or_else(|| format!("{name}'s name is no ARN").into())
            }
            value => symbol(value),
        }
    }
}

impl Function {
    /// The logical name of its role.
    pub(crate) fn role(&self) -> String {
        format!("{}Role", self.logical_name)
    }
}

impl Statement {
    /// Whether AWS would let this pass.
    pub(crate) fn allows(&self, call: &Call) -> bool {
        let known = |(name, allowed): (&String, &Vec<String>)| {
            let value = match name.as_str() {
                // A request without any leading key has none that is not allowed.
                LEADING_KEYS => {
                    return call
                        .leading_key
                        .as_ref()
                        .is_none_or(|key| allowed.iter().any(|pattern| like(key, pattern)));
                }
                PURPOSE => call.purpose.as_ref(),
                _ => None,
            };
            value.is_some_and(|value| allowed.contains(value))
        };
        self.actions.contains(&call.action)
            && self.resources.contains(&call.resource)
            && self.conditions.iter().all(known)
    }

    /// What somebody must need of it: each action on each resource, for each purpose, and each
    /// kind of key for any of its actions.
    pub(crate) fn grants(&self) -> BTreeSet<String> {
        let keys = self.keys().iter().map(|key| self.of_keys(key));
        let mut grants: BTreeSet<String> = keys.collect();
        let values = self
            .conditions
            .iter()
            .filter(|(name, _)| *name != LEADING_KEYS);
        let values: Vec<&str> = values
            .flat_map(|(_, values)| values)
            .map(String::as_str)
            .collect();
        for action in &self.actions {
            for resource in &self.resources {
                if values.is_empty() {
                    grants.insert(of_action(action, resource, None));
                }
                grants.extend(values.iter().map(|v| of_action(action, resource, Some(v))));
            }
        }
        grants
    }

    /// Which of its grants an allowed call needs.
    pub(crate) fn needed_for(&self, call: &Call) -> BTreeSet<String> {
        let purpose = call.purpose.as_deref();
        let mut needed = BTreeSet::from([of_action(&call.action, &call.resource, purpose)]);
        let key = call.leading_key.as_ref();
        let patterns = self.keys().iter();
        let patterns = patterns.filter(|pattern| key.is_some_and(|key| like(key, pattern)));
        needed.extend(patterns.map(|pattern| self.of_keys(pattern)));
        needed
    }

    fn of_keys(&self, pattern: &str) -> String {
        format!("{pattern} for any of {}", self.actions.join(", "))
    }

    fn keys(&self) -> &[String] {
        self.conditions.get(LEADING_KEYS).map_or(&[], Vec::as_slice)
    }

    /// Everywhere that a star stands.
    pub(crate) fn stars(&self) -> Vec<String> {
        let mut stars = Vec::new();
        for action in &self.actions {
            let all = self.resources.iter().any(|resource| resource.contains('*'));
            if all || action.contains('*') {
                stars.push(action.clone());
            }
        }
        stars
    }
}

/// What is needed of a statement, in words.
pub(crate) fn of_action(action: &str, resource: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("{action} on {resource} for {value}"),
        None => format!("{action} on {resource}"),
    }
}

/// IAM's `StringLike`, as far as our patterns go: a star at the end.
fn like(text: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => text == pattern,
    }
}

/// `!GetAtt Name.Arn` is the resource, and `!Sub "${Name.Arn}/rest"` a part of it. The token key
/// may be an older stack's, then and only then by parameter.
fn symbol(value: &Yaml) -> Result<String, Failure> {
    let Yaml::Tagged(tagged) = value else {
        return Err("no text".into());
    };
    if tagged.tag == "If" {
        let token_key: Yaml = serde_norway::from_str(
            "[MakesTokenKey, !GetAtt TokenKey.Arn, !Ref ExistingTokenKeyArn]",
        )?;
        let is_known = tagged.value == token_key;
        return is_known
            .then(|| "TokenKey".to_owned())
            .ok_or_else(|| "nobody reads such an !If here".into());
    }
    let text = tagged.value.as_str().ok_or("no text")?;
    if tagged.tag == "GetAtt" {
        Ok(text.trim_end_matches(".Arn").to_owned())
    } else if tagged.tag == "Sub" {
        Ok(text.replace(".Arn}", "").replace("${", "").replace('}', ""))
    } else {
        Err(format!("nobody reads {} here", tagged.tag).into())
    }
}

/// What a role has where Astra is switched on: `!If [AstraEnabled, statement, !Ref AWS::NoValue]`.
fn with_astra(statement: &Yaml) -> Result<&Yaml, Failure> {
    let Yaml::Tagged(tagged) = statement else {
        return Ok(statement);
    };
    let no_value: Yaml = serde_norway::from_str("!Ref AWS::NoValue")?;
    match tagged.value.as_sequence().map(Vec::as_slice) {
        Some([condition, statement, otherwise])
            if tagged.tag == "If" && condition == "AstraEnabled" && *otherwise == no_value =>
        {
            Ok(statement)
        }
        _ => Err("nobody reads such a statement here".into()),
    }
}

/// A list, or one thing in place of a list.
fn list(value: &Yaml) -> Vec<&Yaml> {
    match value {
        Yaml::Sequence(values) => values.iter().collect(),
        value => vec![value],
    }
}

fn entries(value: &Yaml) -> impl Iterator<Item = (&str, &Yaml)> {
    let entries = value.as_mapping().into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.as_str()?, value)))
}
