//! The README tells of everything that is there.

use serde_json::{Value, json};

use crate::support::Scene;

const README: &str = include_str!("../../README.md");

/// The first code of each line of a table.
fn first_cells() -> impl Iterator<Item = &'static str> {
    README
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(cell, _)| cell)
}

#[tokio::test]
async fn every_setting_is_in_the_readme_with_its_default() {
    let scene = Scene::start().await;
    let settings = scene.astra.control("GET", "/settings", Value::Null).await;
    for (name, default) in settings.as_object().unwrap() {
        let line = format!("| `{name}` | `{default}` |");
        assert!(README.contains(&line), "{line}");
    }
}

#[tokio::test]
async fn every_control_in_the_readme_exists() {
    let scene = Scene::start().await;
    let mut controls = 0;
    for call in first_cells() {
        let Some((method, path)) = call.split_once(" /simulator") else {
            continue;
        };
        let path = path.replace("{user_id}", "u").replace("{account_id}", "a");
        let answer = scene.astra.try_control(method, &path, json!({})).await;
        assert_ne!(answer.json()["error"], "there is no such control", "{call}");
        assert_ne!(answer.status, 405, "{call}");
        controls += 1;
    }
    assert_eq!(controls, 17);
}

#[tokio::test]
async fn every_endpoint_in_the_readme_can_be_struck() {
    let scene = Scene::start().await;
    let mut endpoints = 0;
    for endpoint in first_cells() {
        if !endpoint.contains(" /v1/") {
            continue;
        }
        let fault = json!({"endpoint": endpoint, "kind": "lose_answer"});
        let answer = scene.astra.try_control("POST", "/faults", fault).await;
        assert_eq!(answer.status, 200, "{endpoint}");
        endpoints += 1;
    }
    assert_eq!(endpoints, 6);
}

#[test]
fn every_option_is_in_the_readme() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_astra-sandbox"))
        .arg("-h")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let options = help
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("--"))
        .filter(|word| !matches!(*word, "help" | "version"));
    let mut found = 0;
    for option in options {
        let option = option.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        assert!(README.contains(&format!("`--{option}")), "--{option}");
        found += 1;
    }
    assert!(found >= 10, "{help}");
}
