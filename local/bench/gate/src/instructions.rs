//! Instructions, counted by valgrind: the same on a busy machine.

use std::path::Path;
use std::process::Command;

use crate::Failure;

/// Two runs, whose difference is free of what a start takes.
const TIMES: [u64; 2] = [100, 300];

/// What one more webhook takes.
pub(crate) fn of_a_verified_webhook(program: &Path, folder: &Path) -> Result<u64, Failure> {
    let [few, many] = TIMES;
    let more = of_a_run(program, folder, many)?.saturating_sub(of_a_run(program, folder, few)?);
    Ok(more / (many - few))
}

fn of_a_run(program: &Path, folder: &Path, times: u64) -> Result<u64, Failure> {
    let counted = folder.join("gate.callgrind");
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", counted.display()))
        .arg(program)
        .args(["verify", &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind counts instructions: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let counted = std::fs::read_to_string(counted)?;
    let total = counted
        .lines()
        .find_map(|line| line.strip_prefix("summary: "));
    Ok(total.ok_or("valgrind counted nothing")?.trim().parse()?)
}
