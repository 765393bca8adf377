//! The arrows between rooms, as `docs/architecture.md` draws them. A new arrow is a
//! decision, so it is made here first.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms of the common crate a room may import.
const ARROWS: [(&str, &[&str]); 17] = [
    ("domain", &[]),
    ("ports", &["domain"]),
    ("use_cases", &["domain", "ports"]),
    ("settings", &["domain"]),
    ("system_clock", &["ports"]),
    ("telemetry", &["domain", "settings"]),
    ("aws", &["settings"]),
    ("upstream", &["domain"]),
    ("plaid", &["domain", "ports", "upstream"]),
    ("astra", &["domain", "ports", "upstream"]),
    ("store", &["aws", "domain", "ports", "settings"]),
    ("vault", &["aws", "domain", "ports", "settings"]),
    ("secrets", &["aws", "domain", "ports", "settings"]),
    ("event_bus", &["aws", "domain", "ports", "settings"]),
    ("http", &["domain", "ports", "use_cases"]),
    ("stream", &["domain"]),
    (
        "live",
        &[
            "astra",
            "aws",
            "domain",
            "http",
            "plaid",
            "secrets",
            "settings",
            "store",
            "system_clock",
            "upstream",
            "use_cases",
            "vault",
        ],
    ),
];

/// Crates that only adapters may know: SDKs, HTTP clients and the like.
const OUTSIDE: [&str; 6] = [
    "aws_sdk_",
    "aws_smithy_",
    "aws_types",
    "reqwest",
    "lambda_http",
    "rustls",
];
const PURE: [&str; 3] = ["domain", "ports", "use_cases"];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The code without its unit tests, which may use `test_util`, in the file or in one beside it.
fn code(file: &Path) -> String {
    if file.file_name().is_some_and(|name| name == "tests.rs") {
        return String::new();
    }
    let text = fs::read_to_string(file).unwrap();
    text.split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// `crate::room` in a source file of the common crate, wherever it stands.
fn rooms_named(code: &str) -> BTreeSet<String> {
    let after = code.split("crate::").skip(1);
    after
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect()
        })
        .filter(|room: &String| !room.is_empty())
        .collect()
}

fn room_of(file: &Path, root: &Path) -> String {
    let inside = file.strip_prefix(root).unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn rooms_of_the_common_crate_import_only_what_their_arrows_allow() {
    let root = workspace().join("shared/src");
    let arrows: BTreeMap<_, _> = ARROWS.into_iter().collect();
    let mut seen = BTreeSet::new();
    for file in source_files(&root) {
        let home = room_of(&file, &root);
        if home == "lib" || home == "test_util" {
            continue;
        }
        let allowed = arrows.get(home.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("the room {home} has no arrows yet"));
        for named in rooms_named(&code(&file)) {
            let fine = named == home || allowed.contains(&named.as_str());
            assert!(fine, "{}: {home} must not import {named}", file.display());
        }
        seen.insert(home);
    }
    let expected: BTreeSet<_> = arrows.keys().map(|room| (*room).to_owned()).collect();
    assert_eq!(seen, expected, "every arrow belongs to a room");
}

#[test]
fn the_core_knows_no_sdk_and_no_transport() {
    let root = workspace().join("shared/src");
    for file in source_files(&root) {
        if !PURE.contains(&room_of(&file, &root).as_str()) {
            continue;
        }
        for name in OUTSIDE {
            assert!(
                !code(&file).contains(name),
                "{} must not know {name}",
                file.display()
            );
        }
    }
}

#[test]
fn the_environment_is_read_in_settings_alone() {
    let mut folders = vec![workspace().join("shared/src")];
    for function in fs::read_dir(workspace().join("functions")).unwrap() {
        folders.push(function.unwrap().path().join("src"));
    }
    let mut readers = BTreeSet::new();
    for file in folders.iter().flat_map(|folder| source_files(folder)) {
        if code(&file).contains("env::var") {
            readers.insert(file.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    assert_eq!(readers, BTreeSet::from(["settings.rs".to_owned()]));
}

/// The lines of a manifest that say what is linked into whatever uses it.
fn dependencies_in(manifest: &Path) -> String {
    let text = fs::read_to_string(manifest).unwrap();
    let (_, dependencies) = text.split_once("\n[dependencies]\n").unwrap();
    dependencies.split("\n[").next().unwrap().to_owned()
}

#[test]
fn nothing_deployed_depends_on_the_laptop() {
    let functions = fs::read_dir(workspace().join("functions")).unwrap();
    let mut manifests: Vec<_> = functions
        .map(|function| function.unwrap().path().join("Cargo.toml"))
        .collect();
    assert!(manifests.len() >= 4, "the functions were found");
    manifests.push(workspace().join("shared/Cargo.toml"));
    manifests.push(workspace().join("shared/plaid-webhook/Cargo.toml"));
    for manifest in manifests {
        let dependencies = dependencies_in(&manifest);
        for laptop in [
            "local",
            "astra-sandbox",
            "plaid-sandbox",
            "sandbox-kit",
            "dynoxide",
            "winterbaume",
            "jsonwebtoken",
            "bolero",
            "\"cli\"",
        ] {
            assert!(
                !dependencies.contains(laptop),
                "{} names {laptop}",
                manifest.display()
            );
        }
    }
}

#[test]
fn the_webhook_verifier_is_for_any_program() {
    let dependencies = dependencies_in(&workspace().join("shared/plaid-webhook/Cargo.toml"));
    let names: BTreeSet<_> = dependencies
        .lines()
        .filter_map(|line| line.split(['.', ' ']).next())
        .filter(|name| !name.is_empty())
        .collect();
    let plain = [
        "base64",
        "clap",
        "jiff",
        "ring",
        "serde",
        "serde_json",
        "subtle",
        "thiserror",
        "tokio",
    ];
    assert_eq!(
        names,
        BTreeSet::from(plain),
        "no cloud, no HTTP, none of us"
    );
    assert!(
        dependencies.contains("clap = { workspace = true, optional = true }"),
        "its program's needs are not the functions'"
    );
}

#[test]
fn the_binaries_only_start_their_functions() {
    for function in fs::read_dir(workspace().join("functions")).unwrap() {
        let main = function.unwrap().path().join("src/main.rs");
        let lines = fs::read_to_string(&main).unwrap().lines().count();
        assert!(lines <= 40, "{} has {lines} lines", main.display());
    }
}
