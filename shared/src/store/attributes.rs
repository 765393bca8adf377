//! Values of attributes.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::domain::Sealed;

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(super) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// A time, in whole milliseconds since 1970.
pub(super) fn moment(at: Timestamp) -> AttributeValue {
    number(at.as_millisecond())
}

pub(super) fn binary(sealed: &Sealed) -> AttributeValue {
    AttributeValue::B(Blob::new(sealed.as_bytes()))
}
