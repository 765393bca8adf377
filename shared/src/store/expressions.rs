//! DynamoDB's expressions: what must hold of a record, and what becomes of it. Every
//! attribute is named indirectly, because many plain words are reserved.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// What must hold of a record; always true as long as it is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Condition {
    clauses: Vec<String>,
    references: References,
}

/// What becomes of a record's attributes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Edit {
    sets: Vec<String>,
    removes: Vec<String>,
    references: References,
}

/// The names and values that expressions refer to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct References {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Condition {
    /// There is no such record.
    pub(super) fn absent() -> Self {
        Self::default().lacks("pk")
    }

    /// There is such a record.
    pub(super) fn present() -> Self {
        Self::default().has("pk")
    }

    /// The attribute is there.
    pub(super) fn has(mut self, attribute: &str) -> Self {
        let name = self.references.name(attribute);
        self.clauses.push(format!("attribute_exists({name})"));
        self
    }

    /// The attribute is not there; nor need the record be.
    pub(super) fn lacks(mut self, attribute: &str) -> Self {
        let name = self.references.name(attribute);
        self.clauses.push(format!("attribute_not_exists({name})"));
        self
    }

    /// The attribute has this value.
    pub(super) fn equals(self, attribute: &str, value: AttributeValue) -> Self {
        self.compares(attribute, "=", value)
    }

    /// The attribute has another value, or none.
    pub(super) fn differs(self, attribute: &str, value: AttributeValue) -> Self {
        self.compares(attribute, "<>", value)
    }

    /// The attribute has a smaller value.
    pub(super) fn below(self, attribute: &str, value: AttributeValue) -> Self {
        self.compares(attribute, "<", value)
    }

    /// The attribute has a greater value.
    pub(super) fn above(self, attribute: &str, value: AttributeValue) -> Self {
        self.compares(attribute, ">", value)
    }

    /// The attribute has one of these values.
    pub(super) fn among(
        mut self,
        attribute: &str,
        values: impl IntoIterator<Item = AttributeValue>,
    ) -> Self {
        let name = self.references.name(attribute);
        let values: Vec<_> = values
            .into_iter()
            .map(|value| self.references.expected(value))
            .collect();
        self.clauses
            .push(format!("{name} IN ({})", values.join(", ")));
        self
    }

    fn compares(mut self, attribute: &str, how: &str, value: AttributeValue) -> Self {
        let name = self.references.name(attribute);
        let value = self.references.expected(value);
        self.clauses.push(format!("{name} {how} {value}"));
        self
    }

    pub(super) fn expression(&self) -> Option<String> {
        (!self.clauses.is_empty()).then(|| self.clauses.join(" AND "))
    }

    pub(super) fn references(&self) -> &References {
        &self.references
    }
}

impl Edit {
    /// The attribute gets this value.
    pub(super) fn set(mut self, attribute: &str, value: AttributeValue) -> Self {
        let name = self.references.name(attribute);
        let placeholder = format!(":{attribute}");
        self.sets.push(format!("{name} = {placeholder}"));
        self.references.values.insert(placeholder, value);
        self
    }

    /// The attribute gets this value, if there is one; otherwise it stays.
    pub(super) fn set_some(self, attribute: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(attribute, value),
            None => self,
        }
    }

    /// The attributes are gone.
    pub(super) fn remove<const N: usize>(mut self, attributes: [&str; N]) -> Self {
        let names = attributes.map(|attribute| self.references.name(attribute));
        self.removes.extend(names);
        self
    }

    pub(super) fn expression(&self) -> String {
        let clauses = [("SET", &self.sets), ("REMOVE", &self.removes)];
        let clauses: Vec<_> = clauses
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(keyword, parts)| format!("{keyword} {}", parts.join(", ")))
            .collect();
        clauses.join(" ")
    }

    pub(super) fn references(&self) -> &References {
        &self.references
    }
}

impl References {
    fn name(&mut self, attribute: &str) -> String {
        let placeholder = format!("#{attribute}");
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    /// Told apart from the values of an edit of the same attributes.
    fn expected(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":expected_{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// Those of both.
    pub(super) fn with(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.names.extend(other.names.clone());
        both.values.extend(other.values.clone());
        both
    }

    /// DynamoDB refuses an empty map.
    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    /// DynamoDB refuses an empty map.
    pub(super) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::attributes::{number, text};
    use super::*;

    #[test]
    fn a_condition_and_an_edit_of_the_same_attribute_do_not_meet() {
        let condition = Condition::present()
            .equals("step", text("claimed"))
            .among("owner", [text("a"), text("b")]);
        assert_eq!(
            condition.expression().unwrap(),
            "attribute_exists(#pk) AND #step = :expected_0 AND #owner IN (:expected_1, :expected_2)"
        );
        let edit = Edit::default()
            .set("step", text("lost"))
            .set_some("item_id", None)
            .set("expires_at", number(1))
            .remove(["due", "due_at"]);
        assert_eq!(
            edit.expression(),
            "SET #step = :step, #expires_at = :expires_at REMOVE #due, #due_at"
        );
        let both = condition.references().with(edit.references());
        assert_eq!(both.values().unwrap().len(), 5);
        assert_eq!(both.names().unwrap()["#step"], "step");
    }

    #[test]
    fn nothing_is_said_where_nothing_is_asked() {
        let condition = Condition::default();
        assert_eq!(condition.expression(), None);
        assert_eq!(condition.references().names(), None);
        assert_eq!(condition.references().values(), None);
        let edit = Edit::default().remove(["due"]);
        assert_eq!(edit.expression(), "REMOVE #due");
    }
}
