//! The program `check-webhook`, as a person at a shell runs it.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use plaid_webhook::VerificationKey;
use plaid_webhook::test_util::WebhookSigner;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{NOW, at};

const SECRET: &str = "canary";

/// A folder with the files that a person saved.
struct Recorded {
    folder: TempDir,
    signer: WebhookSigner,
}

impl Recorded {
    fn new() -> Self {
        let recorded = Self {
            folder: TempDir::new().unwrap(),
            signer: WebhookSigner::new("kid-1"),
        };
        let body = format!(r#"{{"public_token":"{SECRET}"}}"#);
        recorded.write("header", &recorded.signer.sign(body.as_bytes(), at(0)));
        recorded.write("body", &body);
        recorded.write("key", &jwk(&recorded.signer.key()).to_string());
        recorded
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, files: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_check-webhook"));
        for name in files {
            command.arg(format!("--{name}")).arg(self.path(name));
        }
        command.args(["--now", &NOW.to_string()]);
        command
    }

    fn check(&self) -> Output {
        let output = self.command(&["header", "body", "key"]).output().unwrap();
        assert!(!text(&output).contains(SECRET), "the body is never printed");
        output
    }
}

fn jwk(key: &VerificationKey) -> serde_json::Value {
    json!({ "alg": key.algorithm, "crv": key.curve, "kid": key.key_id, "kty": key.key_type,
        "use": "sig", "x": key.x, "y": key.y, "created_at": 1, "expired_at": null })
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(both).unwrap()
}

fn lines(output: &Output, mark: &str) -> Vec<String> {
    let text = text(output);
    let marked = text.lines().filter_map(|line| line.strip_prefix(mark));
    marked.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn every_check_of_a_genuine_webhook_passes() {
    let output = Recorded::new().check();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(lines(&output, "pass ").len(), 14, "{}", text(&output));
    assert!(text(&output).ends_with("\nbelieved\n"));
}

#[test]
fn the_failing_check_is_named_and_the_others_are_made_all_the_same() {
    let recorded = Recorded::new();
    recorded.write("body", "{}");
    let output = recorded.check();
    assert_eq!(output.status.code(), Some(1));
    let failed = lines(&output, "FAIL ");
    assert_eq!(failed, ["the body is not the one that was signed"]);
    assert_eq!(lines(&output, "pass ").len(), 13, "{}", text(&output));
    assert!(text(&output).contains("\nrefused: body_hash_mismatch\nGive the bytes"));
}

#[test]
fn several_failures_are_all_told_and_the_first_decides() {
    let recorded = Recorded::new();
    let other = WebhookSigner::new("kid-1");
    recorded.write("header", &other.sign(b"other", at(-600)));
    let output = recorded.check();
    assert_eq!(lines(&output, "FAIL ").len(), 3, "{}", text(&output));
    assert!(text(&output).contains("\nrefused: body_hash_mismatch\nGive the bytes"));
}

#[test]
fn what_cannot_be_read_leaves_the_rest_untold() {
    let recorded = Recorded::new();
    recorded.write("header", "not a token");
    let output = recorded.check();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output, "FAIL "), ["the header is no compact JWT"]);
    assert_eq!(lines(&output, "-     ").len(), 12);
}

#[test]
fn without_a_key_it_tells_which_one_is_needed() {
    let recorded = Recorded::new();
    let output = recorded.command(&["header", "body"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).ends_with("\nundecided: give the key kid-1 with --key\n"));
    assert_eq!(lines(&output, "-     ").len(), 4);
}

#[test]
fn recorded_requests_and_answers_need_no_editing() {
    let recorded = Recorded::new();
    let value = fs::read_to_string(recorded.path("header")).unwrap();
    recorded.write("header", &format!("Plaid-Verification: {value}\r\n"));
    let answer = json!({ "key": jwk(&recorded.signer.key()), "request_id": "r" });
    recorded.write("key", &answer.to_string());
    assert_eq!(recorded.check().status.code(), Some(0));

    let mut command = recorded.command(&["body", "key"]);
    command.args(["--header", "-"]).stdin(Stdio::piped());
    command.stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(value.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn the_time_may_be_written_in_two_ways() {
    let recorded = Recorded::new();
    for (now, code) in [
        (NOW.to_string(), 0),
        (at(0).to_string(), 0),
        ("2026-11-22T12:00:00Z".to_owned(), 1),
        ("yesterday".to_owned(), 2),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_check-webhook"));
        for name in ["header", "body", "key"] {
            command.arg(format!("--{name}")).arg(recorded.path(name));
        }
        let output = command.args(["--now", &now]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{now}: {}", text(&output));
    }
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let recorded = Recorded::new();
    recorded.write("key", r#"{"kty":"EC"}"#);
    let output = recorded.check();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("is no JWK"), "{}", text(&output));
    fs::remove_file(recorded.path("body")).unwrap();
    let output = recorded.check();
    assert_eq!(output.status.code(), Some(2));
    let path = recorded.path("body");
    assert!(text(&output).contains(&path.display().to_string()));
}

#[test]
fn help_tells_the_options_and_the_exit_status() {
    let output = Command::new(env!("CARGO_BIN_EXE_check-webhook"))
        .arg("--help")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    for word in [
        "--header",
        "--body",
        "--key",
        "--now",
        "Exit status",
        "never",
    ] {
        assert!(text(&output).contains(word), "{word}");
    }
}
