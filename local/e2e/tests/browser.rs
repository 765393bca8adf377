//! The reference page, and react-plaid-link as npm has it, in Chromium against a stack and
//! the simulator's Link. What they do is in `local/e2e/browser`.
//!
//! It needs node, `npm ci --ignore-scripts` in that folder, and Chromium (`CHROMIUM` says
//! where, if not at `/usr/bin/chromium`). Without them it says so and passes, unless
//! `REQUIRE_BROWSER=1`.

#![cfg(test)]

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use e2e::scene::{Failure, Scene};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser");
/// What `npm ci` brings, the latest addition among it.
const PACKAGES: [&str; 2] = ["playwright-core", "axe-core"];
/// Node counts it for each file of tests, too. None takes a quarter of it, even where two
/// processors do everything.
const TIMEOUT: &str = "--test-timeout=480000";

/// What is missing, if something is.
fn missing(chromium: &Path) -> Option<String> {
    let node = Command::new("node")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !node.is_ok_and(|status| status.success()) {
        return Some("node is not installed".to_owned());
    }
    let packages = Path::new(FOLDER).join("node_modules");
    if PACKAGES.iter().any(|name| !packages.join(name).is_dir()) {
        return Some(format!("run `npm ci --ignore-scripts` in {FOLDER} first"));
    }
    if !chromium.is_file() {
        return Some(format!("there is no Chromium at {}", chromium.display()));
    }
    None
}

fn chromium() -> PathBuf {
    let chosen = std::env::var_os("CHROMIUM").filter(|path| !path.is_empty());
    chosen.map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from)
}

/// `target/browser`, beside the folder that Cargo gives to tests.
fn screenshots() -> OsString {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("browser");
    folder.into_os_string()
}

#[tokio::test]
async fn the_page_and_react_plaid_link_work_in_a_browser() -> Result<(), Failure> {
    let chromium = chromium();
    if let Some(missing) = missing(&chromium) {
        if std::env::var("REQUIRE_BROWSER").is_ok_and(|value| value == "1") {
            return Err(missing.into());
        }
        // Not println: that is only seen when a test fails.
        writeln!(
            std::io::stderr(),
            "left out: the browser test, because {missing}"
        )?;
        return Ok(());
    }
    let scene = Scene::start().await?;
    let mut node = Command::new("node");
    node.current_dir(FOLDER)
        .args([
            "--test",
            "--test-concurrency=1",
            "--test-reporter=spec",
            TIMEOUT,
        ])
        .env("GATEWAY_URL", scene.stack().gateway_url())
        .env(
            "PLAID_URL",
            scene.stack().plaid_url().ok_or("no simulator")?,
        )
        .env(
            "ASTRA_URL",
            scene.stack().astra_url().ok_or("no simulator")?,
        )
        .env("CHROMIUM", &chromium)
        .env("SCREENSHOTS", screenshots())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || node.output()).await??;
    scene.stop().await;
    let said = String::from_utf8_lossy(&output.stdout);
    // Where node finds no test, it is content.
    if output.status.success() && said.contains("react-plaid-link links a bank") {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}\n{said}\n{errors}", output.status).into())
}
