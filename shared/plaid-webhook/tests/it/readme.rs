//! What the README shows of `check-webhook` is what it prints.

use std::env;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../README.md");
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/recorded");

/// What a shell prints for a command, with the program in its path.
fn shell(command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_check-webhook"));
    let mut folders = vec![program.parent().unwrap().to_path_buf()];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap()));
    let output = Command::new("sh")
        .args(["-c", command])
        .env("PATH", env::join_paths(folders).unwrap())
        .current_dir(RECORDED)
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands of the README, with what it says that they print.
fn examples() -> Vec<(String, String)> {
    let blocks = README.split("```console\n$ ").skip(1);
    blocks
        .map(|rest| {
            let block = rest.split("```").next().unwrap();
            let mut lines = block.lines();
            let mut command = String::new();
            for line in lines.by_ref() {
                command.push_str(line);
                command.push('\n');
                if !line.ends_with('\\') {
                    break;
                }
            }
            let said: Vec<_> = lines.collect();
            (command, said.join("\n") + "\n")
        })
        .collect()
}

#[test]
fn every_command_in_the_readme_prints_what_it_shows() {
    let examples = examples();
    assert_eq!(examples.len(), 6);
    for (command, said) in examples {
        assert_eq!(shell(&command), said, "{command}");
    }
}
