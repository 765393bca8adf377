//! Reading a request that has passed its checks.

use serde_json::Value;

/// A JSON object of a request. What is absent reads as nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a>(Option<&'a Value>);

impl<'a> Request<'a> {
    pub(crate) fn new(body: &'a Value) -> Self {
        Self(Some(body))
    }

    fn value(self, name: &str) -> Option<&'a Value> {
        self.0
            .and_then(|body| body.get(name))
            .filter(|value| !value.is_null())
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A text; empty when absent, which the checks allow only where it is optional.
    pub(crate) fn text(self, name: &str) -> &'a str {
        self.maybe(name).unwrap_or_default()
    }

    pub(crate) fn maybe(self, name: &str) -> Option<&'a str> {
        self.value(name).and_then(Value::as_str)
    }

    pub(crate) fn flag(self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn integer(self, name: &str) -> Option<i64> {
        self.value(name).and_then(Value::as_i64)
    }

    pub(crate) fn texts(self, name: &str) -> Vec<String> {
        let list = self.value(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn object(self, name: &str) -> Request<'a> {
        Request(self.value(name))
    }

    pub(crate) fn raw(self, name: &str) -> Option<&'a Value> {
        self.value(name)
    }
}
