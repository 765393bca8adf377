//! `cargo local doctor` as people and scripts start it.

use std::process::Output;

use serde_json::{Value, json};

use super::ward::Ward;
use crate::support::{login, program};

fn doctor(arguments: &[&str]) -> Output {
    let mut command = program();
    command.arg("doctor").args(arguments);
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_a_line_for_each_check_and_fails_when_one_does() {
    let ward = Ward::open().await;
    let folder = ward.folder.path().to_str().unwrap();
    let output = doctor(&["--data-dir", folder]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(output.stderr.is_empty());
    let lines = text(&output);
    assert!(
        lines.lines().all(|line| line.starts_with("ok       ")),
        "{lines}"
    );

    ward.disable_token_key().await;
    let output = doctor(&["--data-dir", folder]);
    assert_eq!(output.status.code(), Some(1));
    let lines = text(&output);
    assert!(
        lines.contains("FAIL     token key\n         found: "),
        "{lines}"
    );
    assert!(lines.contains("\n         mend:  enable"), "{lines}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_json_lines_and_no_token() {
    let ward = Ward::open().await;
    let url = ward.stack.gateway_url();
    let token = login(&ward.client, url, &json!({ "user_id": "alice" })).await;
    let file = ward.folder.path().join("token");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let file = file.to_str().unwrap();
    let output = doctor(&["--url", url, "--token-file", file, "--json"]);
    let lines = text(&output);
    assert_eq!(output.status.code(), Some(0), "{lines}");
    let findings = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let findings: Vec<Value> = findings.collect();
    assert_eq!(findings[0], json!({ "check": "URL", "outcome": "ok" }));
    let cors = findings.iter().find(|finding| finding["check"] == "CORS");
    assert_eq!(cors.unwrap()["why"], "no --origin");
    assert!(
        !lines.contains(&token) && !lines.contains("link-sandbox-"),
        "{lines}"
    );
}

#[test]
fn a_token_file_that_is_missing_or_holds_no_token_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let url = "http://127.0.0.1:9";
    let arguments = ["--url", url, "--token-file", file.to_str().unwrap()];
    for (content, message) in [(None, "is not there"), (Some("no canary"), "is not a JWT")] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let output = doctor(&arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(complaint.contains(message), "{complaint}");
        assert!(!complaint.contains("canary"), "{complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
}
