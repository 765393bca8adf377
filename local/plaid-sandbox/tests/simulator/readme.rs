//! The README tells of everything that is there.

use serde_json::{Value, json};

use crate::support::Sandbox;

const README: &str = include_str!("../../README.md");

#[tokio::test]
async fn every_setting_is_in_the_readme() {
    let sandbox = Sandbox::start().await;
    let settings = sandbox.plaid.control("GET", "/settings", Value::Null).await;
    for name in settings.as_object().unwrap().keys() {
        assert!(README.contains(&format!("`{name}`")), "{name}");
    }
}

#[tokio::test]
async fn every_control_in_the_readme_exists() {
    let sandbox = Sandbox::start().await;
    let mut controls = 0;
    for line in README.lines() {
        let Some(rest) = line.strip_prefix("| `") else {
            continue;
        };
        let Some((call, _)) = rest.split_once('`') else {
            continue;
        };
        let Some((method, path)) = call.split_once(" /simulator") else {
            continue;
        };
        let path = path.replace("{item_id}", "i").replace("{account_id}", "a");
        let answer = sandbox.plaid.try_control(method, &path, json!({})).await;
        assert_ne!(answer.body["error"], "there is no such control", "{call}");
        assert_ne!(answer.status, 405, "{call}");
        controls += 1;
    }
    assert!(controls >= 15, "only {controls} controls found");
}

#[tokio::test]
async fn every_plaid_path_in_the_readme_exists() {
    let sandbox = Sandbox::start().await;
    let table = README
        .split("## Endpoints")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let mut endpoints = 0;
    for path in table.split('`').filter(|text| text.starts_with('/')) {
        let answer = sandbox.plaid.call(path, json!({"unheard_of": 1})).await;
        assert_eq!(answer.code(), "UNKNOWN_FIELDS", "{path}");
        endpoints += 1;
    }
    assert_eq!(endpoints, 21);
}
