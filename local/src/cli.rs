//! The command line of `cargo local`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use url::Url;

use crate::doctor;
use crate::options::{Astra, Data, Options, Plaid};
use crate::restore;
use crate::scenarios::Scenario;
use crate::triggers::Schedules;

pub(crate) const DEFAULT_DATA_DIR: &str = ".local";

const LONG_ABOUT: &str = "\
Runs the whole system in one process: the HTTP API with the functions behind it, DynamoDB, \
KMS, Secrets Manager, EventBridge, and a Sandbox of Plaid's and of Astra's. Nothing leaves this machine, and only this \
machine can connect.

Routes, streams, schedules, event rules, timeouts, environment variables and the table \
come from template.yaml. When \
everything answers, one line `ready URL` goes to standard output; the rest goes to standard \
error. Ctrl-C stops it; state in the data folder survives that, and crashes too.";

const AFTER_HELP: &str = "\
Examples:
  cargo local
      Everything on its usual port, with state in .local.
  cargo local --in-memory --port 0 --plaid-port 0 --astra-port 0 --aws-port 0 --dynamodb-port 0
      A fresh system on free ports, e.g. for a test.
  PLAID_CLIENT_ID=... PLAID_SECRET=... cargo local --plaid sandbox
      With Plaid's own Sandbox.
  cargo local --lambda http://127.0.0.1:9000
      With the functions in `cargo lambda watch --env-file .local/env`, rebuilt on every change.
  cargo local --in-memory --scenario broken-bank
      With a user whose bank wants a new login; it says what to try.
  cargo local doctor
      What is wrong with the stack, and how to mend it; --url looks at a deployed one.

First steps with curl:
  curl http://127.0.0.1:3000/";

/// Runs the whole system in one process.
#[derive(Debug, Parser)]
#[command(name = "cargo local", bin_name = "cargo local", version, long_about = LONG_ABOUT, after_long_help = AFTER_HELP)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Port of the gateway; 0 for any free one, here and below.
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    port: u16,

    /// Port of the Plaid simulator.
    #[arg(long, value_name = "PORT", default_value_t = 3001)]
    plaid_port: u16,

    /// Port of KMS, Secrets Manager and EventBridge.
    #[arg(long, value_name = "PORT", default_value_t = 3002)]
    aws_port: u16,

    /// Port of DynamoDB.
    #[arg(long, value_name = "PORT", default_value_t = 3003)]
    dynamodb_port: u16,

    /// Port of the Astra simulator.
    #[arg(long, value_name = "PORT", default_value_t = 3004)]
    astra_port: u16,

    /// Folder for the state, for this system alone [default: .local]
    ///
    /// Holds the database, keys, secrets, the simulators' state, and the file `env` with
    /// the functions' environment variables. With --in-memory only the file `env` is
    /// written, and only if this flag is given.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Keep nothing: all state ends with the program.
    #[arg(long)]
    in_memory: bool,

    /// Which Plaid to talk to.
    #[arg(long, value_enum, value_name = "PLAID", default_value_t = PlaidChoice::Simulator)]
    plaid: PlaidChoice,

    /// Switch Astra off, as beside Plaid's own Sandbox: accounts are only made ready for it.
    #[arg(long)]
    without_astra: bool,

    /// Delay of every answer of the Plaid simulator, in milliseconds.
    #[arg(long, value_name = "N", default_value_t = 0)]
    plaid_latency_ms: u64,

    /// Run schedules every N seconds instead of at the template's rates; 0 for never.
    #[arg(long, value_name = "N")]
    schedule_seconds: Option<u64>,

    /// A parameter of template.yaml, as in `Processor=dwolla`; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,

    /// Run the functions behind a Lambda Invoke API, such as `cargo lambda watch`.
    #[arg(long, value_name = "URL", value_parser = lambda_url)]
    lambda: Option<Url>,

    /// Start with a story: its user has the story's name and one Item
    ///
    /// Told again in the same data folder, a story that is as it should be is left alone;
    /// otherwise its user's Items are removed and it begins anew.
    #[arg(long, value_enum, value_name = "NAME")]
    scenario: Option<Scenario>,
}

/// What to do instead of running the system.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Looks at a stack.
    Doctor(doctor::Options),
    /// Copies a table.
    Restore(restore::Options),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PlaidChoice {
    /// The simulator in this program.
    Simulator,
    /// Plaid's own Sandbox, with `PLAID_CLIENT_ID` and `PLAID_SECRET` from the environment.
    Sandbox,
}

/// A command line that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// Plaid's keys are not in the environment.
    #[error(
        "--plaid sandbox needs {} in the environment (from https://dashboard.plaid.com/developers/keys)",
        .0.join(" and ")
    )]
    NoKeys(Vec<&'static str>),
    /// A delay for the real Plaid.
    #[error("--plaid-latency-ms only delays the simulator, not --plaid sandbox")]
    Latency,
    /// A story with the real Plaid.
    #[error("--scenario tells the simulator what happens; --plaid sandbox cannot be told")]
    Scenario,
}

impl Cli {
    /// What is asked for in place of running the system.
    pub fn instead(&self) -> Option<&Command> {
        self.command.as_ref()
    }

    /// The story to start with.
    pub fn scenario(&self) -> Option<Scenario> {
        self.scenario
    }

    /// The stack's options. `environment` gives the value of an environment variable.
    ///
    /// # Errors
    ///
    /// The flags contradict each other, or a variable that they ask for is missing.
    pub fn into_options(
        self,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Options, CliError> {
        let plaid = self.plaid(environment)?;
        let (data, env_file) = if self.in_memory {
            (Data::InMemory, self.data_dir.map(|dir| dir.join("env")))
        } else {
            let dir = self
                .data_dir
                .unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR));
            (Data::Dir(dir), None)
        };
        let schedules = match self.schedule_seconds {
            None => Schedules::AsInTemplate,
            Some(0) => Schedules::Never,
            Some(seconds) => Schedules::Every(Duration::from_secs(seconds)),
        };
        Ok(Options {
            port: self.port,
            plaid_port: self.plaid_port,
            astra_port: self.astra_port,
            aws_port: self.aws_port,
            dynamodb_port: self.dynamodb_port,
            data,
            plaid,
            astra: if self.without_astra {
                Astra::Off
            } else {
                Astra::Simulator
            },
            schedules,
            parameters: self.parameters.into_iter().collect(),
            dynamodb_proxy: None,
            aws_proxy: None,
            lambda: self.lambda,
            env_file,
        })
    }

    fn plaid(&self, environment: impl Fn(&str) -> Option<String>) -> Result<Plaid, CliError> {
        let latency = Duration::from_millis(self.plaid_latency_ms);
        match self.plaid {
            PlaidChoice::Simulator => return Ok(Plaid::Simulator { latency }),
            PlaidChoice::Sandbox if !latency.is_zero() => return Err(CliError::Latency),
            PlaidChoice::Sandbox if self.scenario.is_some() => return Err(CliError::Scenario),
            PlaidChoice::Sandbox => {}
        }
        let get = |name| environment(name).filter(|value| !value.trim().is_empty());
        match (get("PLAID_CLIENT_ID"), get("PLAID_SECRET")) {
            (Some(client_id), Some(secret)) => Ok(Plaid::Sandbox { client_id, secret }),
            (client_id, secret) => {
                let missing = [
                    client_id.is_none().then_some("PLAID_CLIENT_ID"),
                    secret.is_none().then_some("PLAID_SECRET"),
                ];
                Err(CliError::NoKeys(missing.into_iter().flatten().collect()))
            }
        }
    }
}

fn parameter(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("there is no = in it")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn lambda_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if url.scheme() == "http" || url.scheme() == "https" {
        Ok(url)
    } else {
        Err("it must begin with http:// or https://".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn options(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Options, CliError> {
        let cli = Cli::try_parse_from([&["local"], arguments].concat()).unwrap();
        cli.into_options(|name| {
            environment
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_command_line_is_well_defined() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_flags_everything_is_on_its_usual_port_and_in_dot_local() {
        let options = options(&[], &[]).unwrap();
        let ports = [
            options.port,
            options.plaid_port,
            options.aws_port,
            options.dynamodb_port,
            options.astra_port,
        ];
        assert_eq!(ports, [3000, 3001, 3002, 3003, 3004]);
        assert!(matches!(options.data, Data::Dir(dir) if dir.as_os_str() == ".local"));
        assert!(matches!(options.plaid, Plaid::Simulator { latency } if latency.is_zero()));
    }

    #[test]
    fn astra_is_there_unless_it_is_switched_off() {
        assert_eq!(options(&[], &[]).unwrap().astra, Astra::Simulator);
        let without = options(&["--without-astra"], &[]).unwrap();
        assert_eq!(without.astra, Astra::Off);
    }

    #[test]
    fn schedules_run_as_in_the_template_as_often_as_asked_or_never() {
        let schedules = |arguments: &[&str]| options(arguments, &[]).unwrap().schedules;
        assert_eq!(schedules(&[]), Schedules::AsInTemplate);
        let every = Schedules::Every(Duration::from_secs(5));
        assert_eq!(schedules(&["--schedule-seconds", "5"]), every);
        assert_eq!(schedules(&["--schedule-seconds", "0"]), Schedules::Never);
    }

    #[test]
    fn parameters_of_the_template_are_taken_with_whatever_is_in_their_value() {
        let arguments = ["--parameter", "Processor=dwolla", "--parameter", "A=b=c"];
        let parameters = options(&arguments, &[]).unwrap().parameters;
        assert_eq!(
            (&*parameters["Processor"], &*parameters["A"]),
            ("dwolla", "b=c")
        );
        let wrong = Cli::try_parse_from(["local", "--parameter", "Processor"]).unwrap_err();
        assert!(wrong.to_string().contains("there is no = in it"), "{wrong}");
    }

    #[test]
    fn in_memory_writes_the_env_file_only_into_a_given_folder() {
        let without = options(&["--in-memory"], &[]).unwrap();
        assert!(matches!(without.data, Data::InMemory) && without.env_file.is_none());
        let with = options(&["--in-memory", "--data-dir", "x"], &[]).unwrap();
        assert!(matches!(with.data, Data::InMemory));
        assert_eq!(with.env_file.unwrap(), PathBuf::from("x/env"));
    }

    #[test]
    fn the_real_sandbox_needs_both_keys_and_says_which_is_missing() {
        let error = options(&["--plaid", "sandbox"], &[("PLAID_CLIENT_ID", "id")]).unwrap_err();
        assert!(
            error.to_string().contains("needs PLAID_SECRET in"),
            "{error}"
        );
        let error = options(&["--plaid", "sandbox"], &[("PLAID_SECRET", " ")]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("PLAID_CLIENT_ID and PLAID_SECRET"),
            "{error}"
        );
        let keys = [("PLAID_CLIENT_ID", "id"), ("PLAID_SECRET", "very-secret")];
        let options = options(&["--plaid", "sandbox"], &keys).unwrap();
        assert!(!format!("{options:?}").contains("very-secret"));
    }

    #[test]
    fn a_delay_of_the_real_sandbox_is_refused() {
        let error = options(&["--plaid", "sandbox", "--plaid-latency-ms", "5"], &[]).unwrap_err();
        assert!(matches!(error, CliError::Latency));
    }

    #[test]
    fn a_scenario_of_the_real_sandbox_is_refused() {
        let keys = [("PLAID_CLIENT_ID", "id"), ("PLAID_SECRET", "very-secret")];
        let arguments = ["--plaid", "sandbox", "--scenario", "broken-bank"];
        let error = options(&arguments, &keys).unwrap_err();
        assert!(matches!(error, CliError::Scenario), "{error}");
    }

    #[test]
    fn help_has_a_line_for_every_scenario_and_so_does_a_wrong_name() {
        let help = Cli::command().render_long_help().to_string();
        let wrong = Cli::try_parse_from(["local", "--scenario", "broken"]).unwrap_err();
        let wrong = wrong.to_string();
        for scenario in Scenario::value_variants() {
            let value = scenario.to_possible_value().unwrap();
            let (name, told) = (value.get_name(), value.get_help().unwrap());
            let line = help
                .lines()
                .find(|line| line.contains(&format!("- {name}:")));
            assert!(line.unwrap().ends_with(&told.to_string()), "{help}");
            assert!(wrong.contains(name), "{wrong}");
        }
        assert!(
            wrong.contains("a similar value exists: 'broken-bank'"),
            "{wrong}"
        );
    }

    #[test]
    fn the_doctor_has_options_of_its_own() {
        let parsed = |arguments: &[&str]| {
            let cli = Cli::try_parse_from([&["local", "doctor"], arguments].concat())?;
            let Some(Command::Doctor(options)) = cli.instead() else {
                panic!("it is the doctor");
            };
            Ok::<_, clap::Error>(options.subject().unwrap())
        };
        let local = parsed(&["--data-dir", "x"]).unwrap();
        assert!(matches!(local, doctor::Subject::Local(dir) if dir.as_os_str() == "x"));
        let local = parsed(&[]).unwrap();
        assert!(matches!(local, doctor::Subject::Local(dir) if dir.as_os_str() == ".local"));
        let outside = ["--url", "https://a.example", "--token", "a.b.c"];
        let outside = parsed(&outside).unwrap();
        assert!(matches!(
            outside,
            doctor::Subject::Outside { token: Some(_), .. }
        ));
        for wrong in [
            &["--token", "a.b.c"][..],
            &["--origin", "https://a.example"],
            &["--url", "https://a.example", "--data-dir", "x"],
            &["--url", "https://a.example", "--env-file", "x"],
        ] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
        assert!(Cli::try_parse_from(["local", "--in-memory", "doctor"]).is_err());
        assert!(Cli::try_parse_from(["local"]).unwrap().instead().is_none());
    }

    #[test]
    fn a_lambda_address_must_be_http() {
        let error = Cli::try_parse_from(["local", "--lambda", "ftp://x"]).unwrap_err();
        assert!(error.to_string().contains("http://"), "{error}");
    }
}
