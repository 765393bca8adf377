//! The command line of `cargo local doctor`.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use url::Url;

use crate::data_dir::{self, DataDirError};

const LONG_ABOUT: &str = "\
Looks at a stack and says for each part whether it works, what is wrong and how to mend it.

Without --url it looks at the stack on this machine, with the variables in <data-dir>/env: \
settings, secrets, table, token key, Plaid's keys and what Plaid says to a link token, Astra's \
keys and page, and whether webhooks arrive. With --url it looks at a stack from outside, as a \
front end and as Plaid would, and with a token of one of your users at everything that a link \
token and a connection to Astra need.

What it leaves behind is harmless: a link token that nobody opens and that expires by itself; \
with --url the record of its session, which goes after 30 days, and one of a user on the way to \
Astra, which goes after ten minutes; and one line in the webhook function's log about a webhook \
without a signature. Exit code 1 when a check fails.";

const AFTER_HELP: &str = "\
Examples:
  cargo local doctor
      The stack of this folder.
  cargo local doctor --url https://abc.execute-api.us-east-1.amazonaws.com
      A deployed stack, as far as a stranger sees it.
  cargo local doctor --url https://abc.execute-api.us-east-1.amazonaws.com \\
      --token-file token --origin https://app.example.com
      And with a user's JWT and a front end's origin.
  cargo local doctor --env-file deployed.env
      A deployed stack's variables, as KEY=VALUE lines, and AWS credentials from the environment.";

/// Says what is wrong with a stack, and how to mend it.
#[derive(Args)]
#[command(long_about = LONG_ABOUT, after_long_help = AFTER_HELP)]
pub struct Options {
    /// Folder with the state of the stack on this machine.
    #[arg(long, value_name = "DIR", default_value = crate::cli::DEFAULT_DATA_DIR)]
    pub data_dir: PathBuf,

    /// Look at the stack with these variables instead, as KEY=VALUE lines
    ///
    /// `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` come
    /// from the environment where the file has none.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "data_dir"])]
    pub env_file: Option<PathBuf>,

    /// Look at the stack behind this URL, from outside.
    #[arg(long, value_name = "URL", value_parser = base_url, conflicts_with = "data_dir")]
    pub url: Option<Url>,

    /// A JWT of one of your users; other programs of this machine see it, so prefer --token-file.
    #[arg(
        long,
        value_name = "JWT",
        requires = "url",
        conflicts_with = "token_file"
    )]
    pub token: Option<String>,

    /// File with a JWT of one of your users.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub token_file: Option<PathBuf>,

    /// The origin of a front end, which must be able to call the API.
    #[arg(long, value_name = "ORIGIN", requires = "url", value_parser = origin)]
    pub origin: Option<String>,

    /// Print each finding as a line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// What is to be looked at.
pub enum Subject {
    /// The stack on this machine, by its data folder.
    Local(PathBuf),
    /// A stack by its functions' variables.
    Variables(PathBuf),
    /// A stack from outside.
    Outside {
        /// Its URL.
        url: Url,
        /// A user's JWT.
        token: Option<String>,
        /// A front end's origin.
        origin: Option<String>,
    },
}

/// A command line that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The file with the token.
    #[error(transparent)]
    File(#[from] DataDirError),
    /// The file is not there.
    #[error("{} is not there", .0.display())]
    NoFile(PathBuf),
    /// The token.
    #[error("the token is not a JWT: three parts of letters, digits, - and _, with dots between")]
    Token,
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token stays out of logs.
        formatter
            .debug_struct("Options")
            .field("data_dir", &self.data_dir)
            .field("url", &self.url.as_ref().map(Url::as_str))
            .finish_non_exhaustive()
    }
}

impl Options {
    /// What is to be looked at.
    ///
    /// # Errors
    /// The file with the token cannot be read, or the token is none.
    pub fn subject(&self) -> Result<Subject, OptionsError> {
        if let Some(url) = &self.url {
            return Ok(Subject::Outside {
                url: url.clone(),
                token: self.token()?,
                origin: self.origin.clone(),
            });
        }
        Ok(match &self.env_file {
            Some(file) => Subject::Variables(file.clone()),
            None => Subject::Local(self.data_dir.clone()),
        })
    }

    fn token(&self) -> Result<Option<String>, OptionsError> {
        let token = match &self.token_file {
            Some(path) => Some(text(path)?),
            None => self.token.clone(),
        };
        let Some(token) = token else { return Ok(None) };
        let token = token.trim();
        is_jwt(token)
            .then(|| Some(token.to_owned()))
            .ok_or(OptionsError::Token)
    }
}

/// The content of a file that has to be there.
pub(super) fn text(path: &Path) -> Result<String, OptionsError> {
    let content = data_dir::read(path)?.ok_or_else(|| OptionsError::NoFile(path.to_owned()))?;
    Ok(String::from_utf8_lossy(&content).into_owned())
}

fn is_jwt(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let parts: Vec<_> = text.split('.').collect();
    parts.len() == 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.chars().all(plain))
}

fn base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let web = matches!(url.scheme(), "http" | "https");
    if !web || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err("it must be an http or https URL without user, query and fragment".to_owned());
    }
    Ok(url)
}

/// As a browser sends it: no path, no slash at the end.
fn origin(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let origin = url.origin();
    if !origin.is_tuple() || url.path() != "/" || url.query().is_some() {
        return Err("it must be an origin, as in https://app.example.com".to_owned());
    }
    Ok(origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        let sent = "https://app.example.com";
        assert_eq!(origin("https://app.example.com/").unwrap(), sent);
        assert_eq!(origin("https://App.example.com:443").unwrap(), sent);
        for wrong in ["app.example.com", "https://app.example.com/x", "mailto:a@b"] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_a_jwt_is_taken_for_a_token() {
        assert!(is_jwt("a-1.b_2.c3"));
        for wrong in ["", "a.b", "a.b.c.d", "a..c", "a.b.c\nd", "Bearer a.b.c"] {
            assert!(!is_jwt(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_url_has_no_user_and_no_query() {
        assert!(base_url("https://api.example.com/v").is_ok());
        for wrong in ["ftp://a", "https://u@a", "https://a/?x", "a.example.com"] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }
}
