//! What the program says: one line when something is missing, lines for people on a terminal,
//! and JSON for programs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

use crate::support::{FREE_PORTS, Running, program};

/// The only line of a program that could not start.
fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.starts_with("error: "), "{message}");
    message
}

fn refused(arguments: &[&str]) -> String {
    let output = program().args(FREE_PORTS).args(arguments).output();
    complaint(&output.unwrap())
}

#[test]
fn a_taken_port_is_one_line_that_names_port_flag_and_who_has_it() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for flag in [
        "--port",
        "--plaid-port",
        "--astra-port",
        "--aws-port",
        "--dynamodb-port",
    ] {
        let others = FREE_PORTS.chunks(2).filter(|pair| pair[0] != flag);
        let mut command = program();
        command.args(others.flatten());
        let output = command.args([flag, &port, "--in-memory"]).output();
        let message = complaint(&output.unwrap());
        let choice = format!("choose another with {flag}\n");
        assert!(
            message.contains(&port) && message.ends_with(&choice),
            "{message}"
        );
        if cfg!(target_os = "linux") {
            let holder = format!("(process {}): stop that one", std::process::id());
            assert!(message.contains(&holder), "{message}");
        }
    }
}

#[test]
fn the_real_sandbox_without_keys_is_one_line_that_names_them() {
    let message = refused(&["--in-memory", "--plaid", "sandbox"]);
    assert!(
        message.contains("PLAID_CLIENT_ID and PLAID_SECRET"),
        "{message}"
    );
}

#[test]
fn a_data_folder_in_use_is_one_line_that_names_it_and_the_flag() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let _running = Running::start(&["--data-dir", path]);
    let message = refused(&["--data-dir", path]);
    assert!(
        message.contains(path) && message.contains("--data-dir"),
        "{message}"
    );
}

#[test]
fn a_data_folder_that_cannot_be_made_is_one_line_that_names_it_the_flag_and_why() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().join("data");
    let path = path.to_str().unwrap();
    let message = refused(&["--data-dir", path]);
    assert!(
        message.contains(path) && message.contains("--data-dir: "),
        "{message}"
    );
}

#[test]
fn a_file_of_the_data_folder_that_is_broken_is_named_at_the_end_with_what_to_do() {
    for (file, advice) in [
        ("dynamodb.sqlite", "choose another with --data-dir"),
        ("jwt-key.p8", "delete it, and everybody signs in anew"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(file);
        std::fs::write(&path, "this is no such file").unwrap();
        let mut command = program();
        command.args(FREE_PORTS).arg("--data-dir").arg(dir.path());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let message = String::from_utf8(output.stderr).unwrap();
        let last = message.lines().last().unwrap();
        assert!(
            last.starts_with(&format!("error: {}", path.display())),
            "{last}"
        );
        assert!(last.contains(advice), "{last}");
    }
}

#[test]
fn a_wrong_scenario_is_told_which_there_are() {
    let output = program().args(["--scenario", "broken"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    let first = message.lines().next().unwrap();
    assert_eq!(
        first,
        "error: invalid value 'broken' for '--scenario <NAME>'"
    );
    assert!(
        message.contains("broken-bank, pending-deposit, revoked-user"),
        "{message}"
    );
}

/// The lines that a program writes to standard error until it is stopped with Ctrl-C, without
/// a terminal.
#[cfg(unix)]
fn lines_of(arguments: &[&str]) -> Vec<Value> {
    let mut log = tempfile::tempfile().unwrap();
    let mut command = program();
    command.args(FREE_PORTS).args(["--schedule-seconds", "0"]);
    let child = command
        .args(arguments)
        .stderr(log.try_clone().unwrap())
        .spawn();
    let mut running = Stopped(child.unwrap());
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    let mut ready = String::new();
    output.read_line(&mut ready).unwrap();
    let pid = running.0.id().to_string();
    let killed = Command::new("kill").args(["-INT", &pid]).status();
    assert!(killed.unwrap().success());
    running.0.wait().unwrap();
    let mut text = String::new();
    std::io::Seek::rewind(&mut log).unwrap();
    log.read_to_string(&mut text).unwrap();
    assert!(ready.starts_with("ready http"), "{text}");
    let line =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    text.lines().map(line).collect()
}

/// A program that ends with the test at the latest.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[cfg(unix)]
#[test]
fn without_a_terminal_every_line_is_json_and_the_hint_of_a_scenario_is_one() {
    let lines = lines_of(&["--in-memory", "--scenario", "broken-bank"]);
    let has = |what: &str, detail: &str| {
        lines.iter().any(|line| {
            let told = line["detail"].as_str().unwrap_or_default();
            line["message"] == what && told.starts_with(detail)
        })
    };
    assert!(has("DynamoDB", "http://127.0.0.1:"), "{lines:#?}");
    assert!(
        has("scenario", "broken-bank: the bank wants a new login"),
        "{lines:#?}"
    );
    assert!(
        has("sign in as", "broken-bank at http://127.0.0.1:"),
        "{lines:#?}"
    );
    assert!(
        has("then", "log in again, as user_single with pass_good"),
        "{lines:#?}"
    );
}

#[cfg(unix)]
#[test]
fn functions_that_nobody_runs_yet_are_one_warning_with_the_command() {
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let lines = lines_of(&[
        "--data-dir",
        path,
        "--lambda",
        &format!("http://127.0.0.1:{port}"),
    ]);
    let warnings: Vec<_> = lines
        .iter()
        .filter(|line| line["level"] == "WARN")
        .collect();
    let command =
        format!("start `cargo lambda watch --env-file {path}/env -A 127.0.0.1 -P {port}`");
    let [warning] = warnings[..] else {
        panic!("{lines:#?}")
    };
    assert!(
        warning["message"].as_str().unwrap().ends_with(&command),
        "{warning}"
    );
}

/// The program on a terminal, which `script` makes.
#[cfg(target_os = "linux")]
struct OnTerminal {
    script: Child,
    output: BufReader<ChildStdout>,
}

#[cfg(target_os = "linux")]
impl OnTerminal {
    fn start(no_color: bool) -> Self {
        let arguments = FREE_PORTS.join(" ");
        let program = env!("CARGO_BIN_EXE_local");
        // A shell that stayed beside the program would get the Ctrl-C too, and die of it.
        let command = format!("exec '{program}' --in-memory --schedule-seconds 0 {arguments}");
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &command, "/dev/null"]);
        script
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if no_color {
            script.env("NO_COLOR", "1");
        }
        let mut script = script
            .spawn()
            .expect("script (of util-linux) makes a terminal");
        let output = BufReader::new(script.stdout.take().unwrap());
        Self { script, output }
    }

    /// Everything that it says until Ctrl-C has stopped it.
    fn says(mut self) -> String {
        let mut said = String::new();
        while !said.contains("ready http://") {
            assert_ne!(self.output.read_line(&mut said).unwrap(), 0, "{said}");
        }
        self.script
            .stdin
            .as_mut()
            .unwrap()
            .write_all(b"\x03")
            .unwrap();
        self.output.read_to_string(&mut said).unwrap();
        assert_eq!(self.script.wait().unwrap().code(), Some(0), "{said}");
        said
    }
}

#[cfg(target_os = "linux")]
impl Drop for OnTerminal {
    fn drop(&mut self) {
        drop(self.script.kill());
        drop(self.script.wait());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_there_are_lines_for_people_with_colours_unless_unwanted() {
    for (no_color, escape) in [(false, true), (true, false)] {
        let said = OnTerminal::start(no_color).says();
        let progress = said.lines().find(|line| line.contains("DynamoDB  "));
        assert!(progress.unwrap().contains("http://127.0.0.1:"), "{said}");
        assert!(said.contains("stopping"), "{said}");
        assert!(!said.contains("{\""), "{said}");
        assert_eq!(said.contains('\x1b'), escape, "{said}");
    }
}
