//! A function's process, and what it uses of the machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::process::{Child, Command};

use super::runtime_api::RuntimeApi;
use crate::Failure;

/// A function that has been started and waits for events. It is killed when it is dropped.
pub(super) struct Sandbox {
    api: RuntimeApi,
    child: Child,
    pid: Pid,
    /// From the start of the process until it asked for its first event.
    pub(super) init: Duration,
    /// What that took of the processor, all threads together.
    pub(super) init_cpu: Duration,
}

impl Sandbox {
    /// Starts the program, with these variables and no others; what it logs goes to a file.
    pub(super) async fn start(
        command: &[String],
        variables: &BTreeMap<String, String>,
        log: &Path,
    ) -> Result<Self, Failure> {
        let (program, arguments) = command.split_first().ok_or("no program")?;
        let mut api = RuntimeApi::start().await?;
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)?;
        let mut starting = Command::new(program);
        starting
            .args(arguments)
            .env_clear()
            .envs(variables)
            .env("AWS_LAMBDA_RUNTIME_API", &api.address)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        let begun = Instant::now();
        let child = starting.spawn()?;
        let pid = Pid::from_raw(i32::try_from(child.id().ok_or("it ended at once")?)?);
        let init = api.idle().await? - begun;
        let init_cpu = cpu(pid)?;
        Ok(Self {
            api,
            child,
            pid,
            init,
            init_cpu,
        })
    }

    /// One event, until the function asks for the next one: the answer, and how long it took.
    pub(super) async fn invoke(&mut self, event: &Value) -> Result<(Value, Duration), Failure> {
        let answered = self.api.invoke(event).await?;
        self.api.idle().await?;
        Ok(answered)
    }

    /// What it has used of the processor so far.
    pub(super) fn cpu(&self) -> Result<Duration, Failure> {
        cpu(self.pid)
    }

    /// Its memory now, in bytes: what is resident.
    pub(super) fn resident(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kilobytes.ok_or("no VmRSS")?.trim().parse::<u64>()? * 1024)
    }

    /// Ends it.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }
}

/// The clock of all the process's threads, those that have ended included.
fn cpu(pid: Pid) -> Result<Duration, Failure> {
    Ok(clock_gettime(clock_getcpuclockid(pid)?)?.into())
}
