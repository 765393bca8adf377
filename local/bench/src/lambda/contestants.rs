//! Who is measured: our functions as they are shipped, a function that does nothing, and
//! what a project in Node or Python would write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use serde::Serialize;

use crate::Failure;

/// The functions that there are in every language.
pub(super) const FUNCTIONS: [&str; 3] = [
    "create-link-token",
    "exchange-and-processor-token",
    "webhook-receipt",
];

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");

/// Who is measured
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Contestant {
    /// The functions of this repository, as they are shipped
    Ours,
    /// A function that does nothing, on the same runtime crate
    Bare,
    /// The official clients, AWS's SDK and runtime for Node
    Node,
    /// The official clients, AWS's SDK and runtime for Python
    Python,
}

impl Contestant {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "this project",
            Self::Bare => "bare function",
            Self::Node => "Node",
            Self::Python => "Python",
        }
    }

    pub(super) fn is_ours(self) -> bool {
        self == Self::Ours
    }

    /// Whether it does what the functions do.
    pub(super) fn works(self) -> bool {
        self != Self::Bare
    }

    /// Builds it, or has its packages installed.
    pub(super) fn build(self, target: &Path) -> Result<(), Failure> {
        match self {
            Self::Ours => FUNCTIONS.iter().try_for_each(|name| cargo(target, name)),
            Self::Bare => cargo(target, "bare"),
            Self::Node => {
                let npm = [
                    "ci",
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund",
                    "--prefix",
                ];
                run(Command::new("npm").args(npm).arg(format!("{PEERS}/node")))?;
                let build = format!("{PEERS}/node/build.mjs");
                run(Command::new("node").arg(build).arg(bundle(target)))
            }
            Self::Python => {
                let venv = venv(target);
                run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
                let folder = format!("{PEERS}/python");
                run(Command::new(venv.join("bin/pip"))
                    .args(["install", "--quiet", "--requirement"])
                    .arg(format!("{folder}/requirements.txt"))
                    .arg("--constraint")
                    .arg(format!("{folder}/constraints.txt")))
            }
        }
    }

    /// How a function of it is started.
    pub(super) fn command(self, target: &Path, function: &str) -> Vec<String> {
        let release = |name| target.join("release").join(name).display().to_string();
        match self {
            Self::Ours => vec![release(function)],
            Self::Bare => vec![release("bare")],
            Self::Node => vec!["node".to_owned(), format!("{PEERS}/node/main.mjs")],
            Self::Python => {
                let python = venv(target).join("bin/python").display().to_string();
                vec![python, format!("{PEERS}/python/main.py")]
            }
        }
    }

    /// What is deployed: the program, or everything that is installed.
    pub(super) fn deployed(self, target: &Path, function: &str) -> PathBuf {
        match self {
            Self::Ours => target.join("release").join(function),
            Self::Bare => target.join("release/bare"),
            Self::Node => bundle(target).join(format!("{function}.mjs")),
            Self::Python => venv(target).join("lib"),
        }
    }
}

/// What every sandbox has in its environment, as at AWS.
pub(super) fn of_the_runtime(target: &Path, function: &str) -> BTreeMap<String, String> {
    let bundle = bundle(target).display().to_string();
    // Python's compiled sources; at AWS they are beside the sources.
    let compiled = target.join("bench-pycache").display().to_string();
    let own = [
        ("_HANDLER", function),
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("LAMBDA_TASK_ROOT", &bundle),
        ("PYTHONPYCACHEPREFIX", &compiled),
        ("TZ", ":UTC"),
    ];
    let mut variables: BTreeMap<_, _> = own
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    // Where programs are found.
    variables.extend(std::env::vars().filter(|(name, _)| name == "PATH" || name == "HOME"));
    variables
}

fn bundle(target: &Path) -> PathBuf {
    target.join("bench-node")
}

fn venv(target: &Path) -> PathBuf {
    target.join("bench-venv")
}

/// Each package by itself, as SAM builds them: together, Cargo would give each the features of
/// all.
fn cargo(target: &Path, package: &str) -> Result<(), Failure> {
    run(Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            package,
            "--target-dir",
        ])
        .arg(target)
        .current_dir(ROOT))
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command:?} ended with {status}").into())
    }
}
