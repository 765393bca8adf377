//! The Item with everything that a store can hold, as callers get it: whatever is shown only when it
//! is set is described, and whatever is described is shown.

use std::collections::BTreeSet;

use e2e::scene::Failure;
use e2e::sides::assert_same;
use serde_json::{Value, from_str, json};
use shared::domain::{AtAstra, HandOver, Item, Lifecycle, ProcessorToken};
use shared::http::{ItemView, render_item_with_tokens};
use shared::test_util::store_contract::samples;

use crate::description::Description;

/// With a token in hand, without one, while there is something to wait for, and refused by
/// Astra.
fn views() -> Result<Vec<Value>, Failure> {
    let item = samples::full_item();
    let account = &item.accounts.first().ok_or("no account")?.plaid.account_id;
    let token = ProcessorToken::new("processor-sandbox-00000000-0000-0000-0000-000000000000");
    let linking = Item {
        lifecycle: Lifecycle::Linking,
        ..item.clone()
    };
    let mut refused = item.clone();
    let told = refused.accounts.iter_mut();
    for at_astra in told.filter_map(|account| account.at_astra.as_mut()) {
        *at_astra = AtAstra {
            hand_over: HandOver::Refused {
                reason: "no".to_owned(),
            },
            ..at_astra.clone()
        };
    }
    Ok(vec![
        serde_json::to_value(ItemView::of(&refused))?,
        from_str(&render_item_with_tokens(&item, Some((account, &token))))?,
        serde_json::to_value(ItemView::of(&item))?,
        serde_json::to_value(ItemView::of(&linking))?,
        serde_json::to_value(ItemView::of(&samples::plain_item()))?,
    ])
}

#[test]
fn an_item_with_everything_is_as_described() -> Result<(), Failure> {
    let description = Description::read()?;
    let schema = json!({ "$ref": "#/components/schemas/Item" });
    for view in views()? {
        let errors = description.errors(&schema, &view)?;
        assert_eq!(errors, [] as [String; 0], "{view:#}");
    }
    Ok(())
}

#[test]
fn whatever_is_described_about_an_item_is_shown() -> Result<(), Failure> {
    let description = Description::read()?;
    let views = views()?;
    for (schema, place) in [
        ("Item", ""),
        ("Institution", "/institution"),
        ("Account", "/accounts"),
        ("Notice", "/notices"),
        ("AtAstra", "/accounts/0/at_astra"),
    ] {
        let shown = views.iter().filter_map(|view| view.pointer(place));
        let shown: BTreeSet<_> = shown.flat_map(members).collect();
        let properties = format!("/components/schemas/{schema}/properties");
        let described = description.members(&properties).map(|(name, _)| name);
        assert_same(
            "the view",
            shown,
            &format!("docs/openapi.yaml, {schema}"),
            described,
        );
    }
    Ok(())
}

/// The members of an object, or of all objects in a list.
fn members(value: &Value) -> Vec<&String> {
    match value {
        Value::Object(object) => object.keys().collect(),
        Value::Array(list) => list.iter().flat_map(members).collect(),
        _ => Vec::new(),
    }
}
