//! Starts and stops the whole system.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use url::Url;

use crate::astra;
use crate::aws::dynamodb::{DynamoDb, DynamoDbError};
use crate::aws::events::EventLog;
use crate::aws::services::{Files, Services, ServicesError};
use crate::data_dir::{self, DataDir, DataDirError};
use crate::environment::{self, Urls};
use crate::functions::deploy::{DeployError, deploy};
use crate::functions::{Runner, remote};
use crate::gateway::{Gateway, KeyError, Tokens, Web};
use crate::options::{Astra, Data, Options, Plaid};
use crate::plaid;
use crate::ports::{Bound, Port, PortError, bind};
use crate::server::Server;
use crate::template::{Api, Document, FunctionResource, Scope, TEMPLATE, Table, TemplateError};
use crate::triggers::{Running, Surroundings, TriggerError, Triggers};

/// The secret of the template that holds Plaid's keys.
const PLAID_SECRET: &str = "PlaidSecret";
/// That which holds Astra's.
const ASTRA_SECRET: &str = "AstraSecret";
/// The package without which there is no Astra to connect.
const CONNECT_ASTRA: &str = "connect-astra";

/// Why a stack did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A port cannot be listened on.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The data folder cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A parameter that the template does not have.
    #[error("--parameter {name}: template.yaml has {known}")]
    Parameter {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// KMS, Secrets Manager or EventBridge.
    #[error("KMS, Secrets Manager and EventBridge did not start")]
    Services(#[from] ServicesError),
    /// DynamoDB.
    #[error(transparent)]
    DynamoDb(#[from] DynamoDbError),
    /// The Plaid simulator.
    #[error("the Plaid simulator did not start")]
    Simulator(#[from] plaid_sandbox::OpenError),
    /// The Astra simulator.
    #[error("the Astra simulator did not start")]
    AstraSimulator(#[from] astra_sandbox::OpenError),
    /// No key could be made to sign local JWTs with.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The data folder's key.
    #[error("{} is no key to sign JWTs with: delete it, and everybody signs in anew", path.display())]
    StoredKey {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// A function.
    #[error(transparent)]
    Function(#[from] DeployError),
    /// A stream, schedule or event rule.
    #[error(transparent)]
    Trigger(#[from] TriggerError),
}

/// The parameters that were asked for, if the template has them.
fn known_parameters(
    document: &Document,
    options: &Options,
) -> Result<BTreeMap<String, String>, StartError> {
    let known = document.keys(&["Parameters"]);
    match options
        .parameters
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        Some(name) => Err(StartError::Parameter {
            name: name.clone(),
            known: known.join(", "),
        }),
        None => Ok(options.parameters.clone()),
    }
}

/// A step of the start, for people to read.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What is up.
    pub what: &'static str,
    /// Where, or which.
    pub detail: String,
}

impl fmt::Display for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:<22} {}", self.what, self.detail)
    }
}

/// A running system. Dropping it ends it at once; [`Stack::stop`] is kinder.
pub struct Stack {
    gateway: Server,
    triggers: Running,
    others: Vec<Server>,
    runner: Arc<Runner>,
    urls: Urls,
    environment: BTreeMap<String, String>,
    /// Locked as long as the stack runs.
    _data_dir: Option<DataDir>,
}

impl Stack {
    /// Starts everything and returns when requests are answered.
    ///
    /// # Errors
    ///
    /// A port is taken, the data folder is in use, the template is wrong, or a function
    /// cannot be set up.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        Self::start_with(options, |_| {}).await
    }

    /// Like [`Stack::start`], telling `report` of each step.
    ///
    /// # Errors
    ///
    /// As [`Stack::start`].
    pub async fn start_with(
        options: Options,
        report: impl Fn(&Progress),
    ) -> Result<Self, StartError> {
        let report = |what, detail: &str| {
            report(&Progress {
                what,
                detail: detail.to_owned(),
            });
        };
        let ports = Ports::bind(&options).await?;
        let urls = ports.urls();
        let data_dir = match &options.data {
            Data::InMemory => None,
            Data::Dir(path) => Some(DataDir::open(path)?),
        };
        let files = FilesOfStack {
            data_dir: data_dir.as_ref(),
        };
        let document = Document::parse(TEMPLATE)?;
        let mut parameters = environment::parameters(&urls, ports.gateway.number);
        parameters.extend(known_parameters(&document, &options)?);
        let mut scope = Scope::new(&document, &parameters);

        let mut others = Vec::new();
        let (server, events) =
            start_services(&options, &document, &mut scope, &files, ports.aws).await?;
        others.push(server);
        report("KMS, Secrets Manager", &urls.aws);
        report("EventBridge", &urls.aws);
        let (servers, database) = start_dynamodb(&document, &mut scope, &files, ports.dynamodb)?;
        others.extend(servers);
        report("DynamoDB", &urls.dynamodb);
        let state_file = files.path("plaid-simulator.json");
        others.extend(plaid::start(&options.plaid, state_file, ports.plaid).await?);
        report(
            "Plaid",
            urls.plaid.as_deref().unwrap_or("https://sandbox.plaid.com"),
        );
        if let (Some(plaid_url), Some(bound)) = (&urls.plaid, ports.astra) {
            report("Astra", &bound.url);
            let state_file = files.path("astra-simulator.json");
            others.push(astra::start(plaid_url, state_file, bound)?);
        }

        let functions = FunctionResource::read_all(&document, &scope)?;
        let api = Api::read(&document, &scope, &functions)?;
        let triggers = Triggers::read(&document, &scope, &functions, options.schedules)?;
        let aws = environment::aws(&urls, &options);
        let environment = environment::of_all(&functions, &aws);
        for path in files.path("env").iter().chain(&options.env_file) {
            data_dir::write_anywhere(path, environment::as_file(&environment).as_bytes())?;
        }
        let runner = Arc::new(deploy(&functions, &aws, options.lambda.as_ref()).await?);
        if let Some(lambda) = &options.lambda {
            expect(lambda, files.path("env").or(options.env_file.clone())).await;
        }
        for function in &functions {
            report("function", &function.package);
        }

        for trigger in triggers.names() {
            report("trigger", trigger);
        }
        let surroundings = Surroundings {
            runner: Arc::clone(&runner),
            database,
            events: events.clone(),
            file: files.path("triggers.json"),
        };
        let triggers = triggers.start(surroundings).await?;

        let has_astra = functions.iter().any(|one| one.package == CONNECT_ASTRA);
        let web = Web::new(urls.plaid.as_deref()).with_astra(has_astra);
        let gateway = Gateway::new(api, Arc::clone(&runner), files.tokens()?, web, events);
        let listener = ports.gateway.listener;
        let gateway = Server::start("the gateway", |shutdown| gateway.serve(listener, shutdown));
        report("gateway", &urls.gateway);
        Ok(Self {
            gateway,
            triggers,
            others,
            runner,
            urls,
            environment,
            _data_dir: data_dir,
        })
    }

    /// The gateway's base URL, without a slash at the end; so are all URLs here.
    pub fn gateway_url(&self) -> &str {
        &self.urls.gateway
    }

    /// The Plaid simulator's base URL; `None` with the real Plaid.
    pub fn plaid_url(&self) -> Option<&str> {
        self.urls.plaid.as_deref()
    }

    /// The Astra simulator's base URL; `None` where Astra is switched off.
    pub fn astra_url(&self) -> Option<&str> {
        self.urls.astra.as_deref()
    }

    /// The base URL of KMS, Secrets Manager and EventBridge.
    pub fn aws_url(&self) -> &str {
        &self.urls.aws
    }

    /// DynamoDB's base URL.
    pub fn dynamodb_url(&self) -> &str {
        &self.urls.dynamodb
    }

    /// All that any function needs, as in the file `env` of the data folder.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Answers the requests under way, but no more, and stops everything.
    pub async fn stop(self) {
        tokio::join!(self.gateway.stop(), self.triggers.stop());
        // What still runs has lost its caller, and would lose its database now.
        self.runner.abort_all();
        let mut stopping = tokio::task::JoinSet::new();
        for server in self.others {
            stopping.spawn(server.stop());
        }
        while stopping.join_next().await.is_some() {}
    }
}

/// All ports, bound before anything else happens: a taken one costs no time.
struct Ports {
    gateway: Bound,
    plaid: Option<Bound>,
    astra: Option<Bound>,
    aws: Bound,
    dynamodb: Bound,
}

impl Ports {
    async fn bind(options: &Options) -> Result<Self, PortError> {
        let gateway = bind(Port::Gateway, options.port).await?;
        let plaid = match options.plaid {
            Plaid::Simulator { .. } => Some(bind(Port::Plaid, options.plaid_port).await?),
            Plaid::Sandbox { .. } => None,
        };
        let astra = match (options.astra, &plaid) {
            (Astra::Simulator, Some(_)) => Some(bind(Port::Astra, options.astra_port).await?),
            _ => None,
        };
        let aws = bind(Port::Aws, options.aws_port).await?;
        let dynamodb = bind(Port::DynamoDb, options.dynamodb_port).await?;
        Ok(Self {
            gateway,
            plaid,
            astra,
            aws,
            dynamodb,
        })
    }

    fn urls(&self) -> Urls {
        Urls {
            gateway: self.gateway.url.clone(),
            plaid: self.plaid.as_ref().map(|plaid| plaid.url.clone()),
            astra: self.astra.as_ref().map(|astra| astra.url.clone()),
            aws: self.aws.url.clone(),
            dynamodb: self.dynamodb.url.clone(),
        }
    }
}

/// The files of the data folder, if there is one.
struct FilesOfStack<'a> {
    data_dir: Option<&'a DataDir>,
}

impl FilesOfStack<'_> {
    fn path(&self, name: &str) -> Option<PathBuf> {
        self.data_dir.map(|dir| dir.file(name))
    }

    /// The key of the data folder, made at the first start.
    fn tokens(&self) -> Result<Tokens, StartError> {
        let Some(path) = self.path("jwt-key.p8") else {
            return Ok(Tokens::new(&Tokens::generate_key()?)?);
        };
        if let Some(key) = data_dir::read(&path)? {
            return Tokens::new(&key).map_err(|source| StartError::StoredKey { path, source });
        }
        let key = Tokens::generate_key()?;
        data_dir::write(&path, &key)?;
        Ok(Tokens::new(&key)?)
    }
}

/// Says so if nobody runs the functions yet. That is no failure: who does needs the file with
/// the variables, which is there from now on.
async fn expect(lambda: &Url, env_file: Option<PathBuf>) {
    if remote::answers(lambda).await {
        return;
    }
    if let Some(path) = env_file {
        let command = remote::watch_command(lambda, &path);
        tracing::warn!("nothing runs the functions at {lambda} yet: start `{command}`");
    } else {
        tracing::warn!(
            "nothing runs the functions at {lambda} yet, and without --data-dir \
             there is no file with their variables"
        );
    }
}

async fn start_services(
    options: &Options,
    document: &Document,
    scope: &mut Scope,
    files: &FilesOfStack<'_>,
    bound: Bound,
) -> Result<(Server, EventLog), StartError> {
    let files = files.data_dir.map(|dir| Files {
        kms: dir.file("kms.json"),
        secrets: dir.file("secrets.json"),
        buses: dir.file("eventbridge.json"),
        events: dir.file("events.jsonl"),
    });
    let services = Services::open(files).await?;
    for name in document.resources_of_type("AWS::KMS::Key") {
        scope.insert(name, services.key(name).await?);
    }
    for name in document.made_of_type("AWS::SecretsManager::Secret", scope)? {
        let value = match name {
            PLAID_SECRET => Some(plaid::secret(&options.plaid)),
            ASTRA_SECRET => Some(astra::secret()),
            _ => None,
        };
        scope.insert(name, services.secret(name, value.as_deref()).await?);
    }
    for name in document.resources_of_type("AWS::Events::EventBus") {
        let given = document.typed_part(&["Resources", name, "Properties", "Name"], scope)?;
        scope.insert(name, services.bus(name, given).await?);
    }
    let events = services.events().clone();
    let server = Server::start(
        "the server of KMS, Secrets Manager and EventBridge",
        |shutdown| services.serve(bound.listener, shutdown),
    );
    Ok((server, events))
}

fn start_dynamodb(
    document: &Document,
    scope: &mut Scope,
    files: &FilesOfStack<'_>,
    bound: Bound,
) -> Result<([Server; 2], DynamoDb), StartError> {
    let file = files.path("dynamodb.sqlite");
    if let Some(file) = &file {
        // SQLite gives its other files the mode of this one.
        data_dir::ensure(file)?;
    }
    let database = DynamoDb::open(file.as_deref())?;
    for table in Table::read_all(document, scope)? {
        scope.insert(&table.logical_name, database.ensure(&table)?);
    }
    let (sweeper, served) = (database.clone(), database.clone());
    let servers = [
        Server::start("DynamoDB", |shutdown| {
            served.serve(bound.listener, shutdown)
        }),
        Server::start("the sweep of expired records", |shutdown| async move {
            tokio::select! {
                () = shutdown => Ok::<(), std::convert::Infallible>(()),
                () = sweeper.sweep_expired() => Ok(()),
            }
        }),
    ];
    Ok((servers, database))
}
