//! What starts functions besides HTTP, as in AWS: streams (`stream`), schedules
//! (`schedule`) and event rules (`rule`), all read from the template.
//!
//! | | waits for the function | a failure |
//! | --- | --- | --- |
//! | stream | yes: records go in order, a batch at a time | is retried until it succeeds, its retries are used up or the records are too old; from the first failed record on where the function names it |
//! | schedule | yes: it never runs twice at once | is retried as `EventInvokeConfig` says |
//! | rule | no: each event goes by itself | is retried as `EventInvokeConfig` says |
//!
//! Nothing is lost by a stop or a crash where there is a data folder: what was not
//! delivered by then is delivered at the next start, and so is what was under way.

mod delivery;
pub mod pattern;
mod positions;
mod rule;
mod schedule;
mod stop;
mod stream;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use self::delivery::{Delivery, Policy};
use self::pattern::PatternError;
use self::positions::Positions;
use self::stop::Stop;
use self::stream::Mapping;
use crate::aws::dynamodb::{DynamoDb, DynamoDbError};
use crate::aws::events::EventLog;
use crate::data_dir::DataDirError;
use crate::functions::Runner;
use crate::template::{Document, EventSource, FunctionResource, Scope, TemplateError};

/// How long invocations under way may go on when the stack stops.
const GRACE: Duration = Duration::from_secs(3);

/// When schedules run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Schedules {
    /// Only by hand, so that a test knows what runs.
    #[default]
    Never,
    /// As the template says.
    AsInTemplate,
    /// All of them, this often.
    Every(Duration),
}

/// Why triggers could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TriggerError {
    /// The template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A pattern cannot be followed.
    #[error("template.yaml, {at}: the pattern cannot be used")]
    Pattern {
        /// Where in the template.
        at: String,
        /// Why.
        #[source]
        source: PatternError,
    },
    /// A stream cannot be read.
    #[error("the stream of {trigger} cannot be read")]
    Stream {
        /// The trigger.
        trigger: String,
        /// Why.
        #[source]
        source: Box<DynamoDbError>,
    },
    /// The file of positions cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The file of positions has other content.
    #[error("{} does not contain the positions of triggers", path.display())]
    Positions {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
}

impl TriggerError {
    fn pattern(event: &EventSource<'_>, source: PatternError) -> Self {
        Self::Pattern {
            at: event.at(),
            source,
        }
    }
}

/// One trigger of the template.
#[derive(Clone, Debug)]
struct Trigger {
    /// The logical name of the function, and that of the event.
    name: String,
    /// The function's package.
    function: String,
    settings: Settings,
}

#[derive(Clone, Debug)]
enum Settings {
    Stream(stream::Settings),
    Schedule(schedule::Settings, Policy),
    Rule(rule::Settings, Policy),
}

/// All triggers of a template that are switched on.
#[derive(Clone, Debug)]
pub struct Triggers {
    triggers: Vec<Trigger>,
}

/// What triggers work with.
pub struct Surroundings {
    /// Runs the functions.
    pub runner: Arc<Runner>,
    /// Has the streams.
    pub database: DynamoDb,
    /// Has the events.
    pub events: EventLog,
    /// Where to remember how far they have come; `None` to forget it with the program.
    pub file: Option<PathBuf>,
}

/// Running triggers. Dropping them ends them at once.
pub struct Running {
    stopping: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Triggers {
    /// Reads the triggers of these functions.
    ///
    /// # Errors
    ///
    /// Something in an event cannot be resolved or read, or is not known here.
    pub fn read(
        document: &Document,
        scope: &Scope,
        functions: &[FunctionResource],
        schedules: Schedules,
    ) -> Result<Self, TriggerError> {
        let mut triggers = Vec::new();
        for function in functions {
            for event in function.event_sources(document, scope)? {
                let name = format!("{}.{}", function.logical_name, event.name);
                if let Some(settings) = Settings::read(function, &event, &name, schedules)? {
                    triggers.push(Trigger {
                        name,
                        function: function.package.clone(),
                        settings,
                    });
                }
            }
        }
        Ok(Self { triggers })
    }

    /// The names of the triggers, as in `PublishChanges.Changes`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.triggers.iter().map(|trigger| trigger.name.as_str())
    }

    /// Starts them. When this returns, each knows where it begins: what happens from now on
    /// is delivered.
    ///
    /// # Errors
    ///
    /// A stream or the file cannot be read.
    pub async fn start(self, surroundings: Surroundings) -> Result<Running, TriggerError> {
        let positions = Positions::open(surroundings.file.clone())?;
        let (stopping, _) = watch::channel(false);
        let mut starting = Starting {
            stop: Stop::new(&stopping),
            surroundings,
            positions,
            ends: BTreeMap::new(),
            tasks: JoinSet::new(),
        };
        // Rules first: functions that others start may put events.
        let (rules, others): (Vec<_>, Vec<_>) = self
            .triggers
            .into_iter()
            .partition(|trigger| matches!(trigger.settings, Settings::Rule(..)));
        for trigger in rules.into_iter().chain(others) {
            starting.start(trigger).await?;
        }
        Ok(Running {
            stopping,
            tasks: starting.tasks,
        })
    }
}

impl Running {
    /// Begins nothing new, gives what runs a moment to finish, and stops.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        let ending = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ending).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

impl Settings {
    /// Reads an event of a function; `None` for one that starts nothing here.
    fn read(
        function: &FunctionResource,
        event: &EventSource<'_>,
        trigger: &str,
        schedules: Schedules,
    ) -> Result<Option<Self>, TriggerError> {
        let policy = || Policy::read(function, event);
        Ok(match event.kind.as_str() {
            // The gateway's.
            "HttpApi" => None,
            "DynamoDB" => stream::Settings::read(event)?.map(Self::Stream),
            "Schedule" | "ScheduleV2" => {
                match schedule::Settings::read(event, trigger, schedules)? {
                    Some(settings) => Some(Self::Schedule(settings, policy()?)),
                    None => None,
                }
            }
            "EventBridgeRule" | "CloudWatchEvent" => match rule::Settings::read(event)? {
                Some(settings) => Some(Self::Rule(settings, policy()?)),
                None => None,
            },
            kind => return Err(event.unsupported(format!("Type: {kind}")).into()),
        })
    }
}

/// Whether an event is switched off, in either of SAM's two ways.
fn is_off(event: &EventSource<'_>) -> Result<bool, TemplateError> {
    let enabled: Option<bool> = event.property(&["Enabled"])?;
    let state: Option<String> = event.property(&["State"])?;
    Ok(enabled == Some(false) || state.as_deref() == Some("DISABLED"))
}

struct Starting {
    stop: Stop,
    surroundings: Surroundings,
    positions: Positions,
    /// Of each stream, where its last record is told.
    ends: BTreeMap<String, watch::Receiver<Option<String>>>,
    tasks: JoinSet<()>,
}

impl Starting {
    async fn start(&mut self, trigger: Trigger) -> Result<(), TriggerError> {
        let Trigger {
            name,
            function,
            settings,
        } = trigger;
        let delivery = |policy| Delivery {
            name: name.clone(),
            function: function.clone(),
            policy,
            runner: Arc::clone(&self.surroundings.runner),
            stop: self.stop.clone(),
        };
        match settings {
            Settings::Schedule(settings, policy) => {
                let (delivery, stop) = (delivery(policy), self.stop.clone());
                self.tasks.spawn(settings.run(delivery, stop));
            }
            Settings::Rule(settings, policy) => {
                let rule = rule::Rule {
                    settings,
                    delivery: delivery(policy),
                    positions: self.positions.clone(),
                    stop: self.stop.clone(),
                };
                let subscription = rule.subscribe(&self.surroundings.events).await;
                self.tasks.spawn(rule.run(subscription));
            }
            Settings::Stream(settings) => self.start_mapping(name, function, settings).await?,
        }
        Ok(())
    }

    async fn start_mapping(
        &mut self,
        name: String,
        function: String,
        settings: stream::Settings,
    ) -> Result<(), TriggerError> {
        for lane in 0..settings.lanes() {
            let mapping = Mapping {
                end: self.end_of(settings.stream()),
                name: name.clone(),
                function: function.clone(),
                settings: settings.clone(),
                lane,
                database: self.surroundings.database.clone(),
                runner: Arc::clone(&self.surroundings.runner),
                positions: self.positions.clone(),
                stop: self.stop.clone(),
            };
            let after = mapping.position().await;
            let after = after.map_err(|source| TriggerError::Stream {
                trigger: mapping.name.clone(),
                source: Box::new(source),
            })?;
            self.tasks.spawn(mapping.run(after));
        }
        Ok(())
    }

    /// Where the end of a stream is told, by one task for all that read it.
    fn end_of(&mut self, stream: &str) -> watch::Receiver<Option<String>> {
        if let Some(end) = self.ends.get(stream) {
            return end.clone();
        }
        let (sender, end) = watch::channel(None);
        let (database, stop) = (self.surroundings.database.clone(), self.stop.clone());
        let following = stream::follow(database, stream.to_owned(), sender, stop);
        self.tasks.spawn(following);
        self.ends.insert(stream.to_owned(), end.clone());
        end
    }
}
