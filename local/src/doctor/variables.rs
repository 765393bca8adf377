//! The functions' variables of a stack, from its file of KEY=VALUE lines.

use std::collections::BTreeMap;

use shared::settings::Environment;

/// Who we are at AWS, and where.
const OF_PROCESS: [&str; 4] = [
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// The variables of a file: a line each, with or without quotes, as `cargo local` writes it.
pub(super) fn parse(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim);
    let variables = lines.filter(|line| !line.starts_with('#'));
    variables
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), unquoted(value.trim()).to_owned()))
        .collect()
}

/// The credentials and region of `process`, where the file has none. A region and keys that
/// belong together are never mixed: the file's own keys come without anybody else's session.
pub(super) fn completed(
    mut variables: BTreeMap<String, String>,
    process: &Environment,
) -> BTreeMap<String, String> {
    let own_keys = variables.contains_key("AWS_ACCESS_KEY_ID");
    for name in OF_PROCESS {
        if own_keys && name != "AWS_REGION" {
            continue;
        }
        if let Some(value) = process.get(name) {
            variables
                .entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }
    variables
}

fn unquoted(value: &str) -> &str {
    let inside = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    inside('\'').or_else(|| inside('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::as_file;

    fn map(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        variables.iter().map(owned).collect()
    }

    #[test]
    fn what_the_stack_writes_is_read_back() {
        let variables = map(&[
            ("A", "http://127.0.0.1:1/?a=b"),
            ("B", "Local Demo"),
            ("C", "it's"),
        ]);
        assert_eq!(parse(&as_file(&variables)), variables);
        assert_eq!(parse("# a comment\n\n A = b \n"), map(&[("A", "b")]));
    }

    #[test]
    fn keys_of_the_process_serve_where_the_file_has_none() {
        let process: Environment = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "process"),
            ("AWS_SESSION_TOKEN", "session"),
        ]
        .into_iter()
        .collect();
        let taken = completed(map(&[("AWS_REGION", "us-east-1")]), &process);
        assert_eq!(taken["AWS_REGION"], "us-east-1");
        assert_eq!(taken["AWS_ACCESS_KEY_ID"], "process");
        assert_eq!(taken["AWS_SESSION_TOKEN"], "session");
        let own = completed(map(&[("AWS_ACCESS_KEY_ID", "file")]), &process);
        assert_eq!(own["AWS_ACCESS_KEY_ID"], "file");
        assert!(!own.contains_key("AWS_SESSION_TOKEN"));
    }
}
