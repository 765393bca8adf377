//! A database, event buses, triggers and functions that the test answers for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use local::Schedules;
use local::aws::dynamodb::DynamoDb;
use local::aws::services::{Files, Services};
use local::functions::{Deployed, Function, FunctionError, Runner};
use local::template::{Document, FunctionResource, Scope, Table};
use local::triggers::{Running, Surroundings, Triggers};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{Fake, aws, client};

/// Longer than anything takes, on the busiest machine.
const PATIENCE: Duration = Duration::from_mins(1);

const TEMPLATE: &str = "
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_IMAGE }
  Bus:
    Type: AWS::Events::EventBus
    Properties: { Name: changes }
";

/// The properties that every mapping has.
pub const STREAM: &str = "Stream: !GetAtt Table.StreamArn, StartingPosition: TRIM_HORIZON";

/// Functions of the template, each with one event: package, type and properties.
pub type Functions<'a> = &'a [(&'a str, &'a str, String)];

fn template(functions: Functions<'_>) -> String {
    let mut text = TEMPLATE.to_owned();
    for (package, kind, properties) in functions {
        let name = package.to_uppercase();
        let function = format!(
            "
  {name}:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/{package}
      EventInvokeConfig: {{ MaximumRetryAttempts: 1 }}
      Events:
        On: {{ Type: {kind}, Properties: {{ {properties} }} }}
"
        );
        text.push_str(&function);
    }
    text
}

/// An invocation that waits for its result.
pub struct Call {
    pub event: Value,
    answer: oneshot::Sender<Result<Value, FunctionError>>,
}

impl Call {
    pub fn answers(self, answer: Value) {
        self.answer.send(Ok(answer)).unwrap();
    }

    pub fn succeeds(self) {
        self.answers(Value::Null);
    }

    pub fn fails(self) {
        let error = FunctionError::Failed("on purpose".to_owned());
        self.answer.send(Err(error)).unwrap();
    }

    /// The keys of the records.
    pub fn keys(&self) -> Vec<&str> {
        let records = self.event["Records"].as_array().unwrap();
        records
            .iter()
            .map(|record| record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap())
            .collect()
    }

    /// The answer that names the records with these keys.
    pub fn failing(&self, keys: &[&str]) -> Value {
        let records = self.event["Records"].as_array().unwrap();
        let failed = records.iter().filter(|record| {
            let key = record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap();
            keys.contains(&key)
        });
        let failures: Vec<_> = failed
            .map(|record| json!({ "itemIdentifier": record["dynamodb"]["SequenceNumber"] }))
            .collect();
        assert_eq!(failures.len(), keys.len(), "{}", self.event);
        json!({ "batchItemFailures": failures })
    }
}

/// A function that the test answers for.
pub struct Played(mpsc::UnboundedReceiver<Call>);

impl Played {
    fn new() -> (Self, Arc<dyn Function>) {
        let (calls, called) = mpsc::unbounded_channel();
        let function = Fake(move |event: Value| {
            let (answer, answered) = oneshot::channel();
            // Nobody listens any more when the test is over.
            drop(calls.send(Call { event, answer }));
            async move { answered.await.unwrap_or(Err(FunctionError::Panicked)) }
        });
        (Self(called), Arc::new(function))
    }

    pub async fn called(&mut self) -> Call {
        let call = timeout(PATIENCE, self.0.recv()).await;
        call.expect("the function is not invoked").unwrap()
    }

    /// The next invocation has exactly these records, and succeeds.
    pub async fn takes(&mut self, keys: &[&str]) {
        let call = self.called().await;
        assert_eq!(call.keys(), keys);
        call.succeeds();
    }

    pub fn is_called(&mut self) -> bool {
        self.0.try_recv().is_ok()
    }
}

pub struct Stage {
    pub client: Client,
    pub services: Services,
    pub services_url: String,
    database: DynamoDb,
    database_url: String,
    table: String,
    document: Document,
    scope: Scope,
    folder: Option<PathBuf>,
    running: Option<Running>,
    schedules: Schedules,
    _servers: JoinSet<()>,
}

impl Stage {
    pub async fn new(functions: Functions<'_>) -> Self {
        Self::open(functions, None, Schedules::Never).await
    }

    pub async fn in_folder(functions: Functions<'_>, folder: &Path) -> Self {
        Self::open(functions, Some(folder), Schedules::Never).await
    }

    pub async fn open(
        functions: Functions<'_>,
        folder: Option<&Path>,
        schedules: Schedules,
    ) -> Self {
        let document = Document::parse(&template(functions)).unwrap();
        let mut scope = Scope::new(&document, &BTreeMap::new());
        let file = |name: &str| folder.map(|folder| folder.join(name));
        let database = DynamoDb::open(file("dynamodb.sqlite").as_deref()).unwrap();
        let tables = Table::read_all(&document, &scope).unwrap();
        let table = tables[0].name.clone();
        scope.insert("Table", database.ensure(&tables[0]).unwrap());
        let files = folder.map(|folder| Files {
            kms: folder.join("kms.json"),
            secrets: folder.join("secrets.json"),
            buses: folder.join("eventbridge.json"),
            events: folder.join("events.jsonl"),
        });
        let services = Services::open(files).await.unwrap();
        let name = Some("changes".to_owned());
        scope.insert("Bus", services.bus("Bus", name).await.unwrap());
        let mut servers = JoinSet::new();
        let (listener, database_url) = listen().await;
        let serving = database.clone().serve(listener, std::future::pending());
        servers.spawn(async move { serving.await.unwrap() });
        let (listener, services_url) = listen().await;
        let serving = services.clone().serve(listener, std::future::pending());
        servers.spawn(async move { serving.await.unwrap() });
        Self {
            client: client(),
            services,
            services_url,
            database,
            database_url,
            table,
            document,
            scope,
            folder: folder.map(Path::to_owned),
            running: None,
            schedules,
            _servers: servers,
        }
    }

    /// Starts the triggers; the functions are in the order of the template.
    pub async fn start<const N: usize>(&mut self) -> [Played; N] {
        let (played, functions): (Vec<_>, Vec<_>) = (0..N).map(|_| Played::new()).unzip();
        self.start_with(functions).await;
        match played.try_into() {
            Ok(played) => played,
            Err(_) => unreachable!(),
        }
    }

    pub async fn start_with(&mut self, implementations: Vec<Arc<dyn Function>>) {
        let functions = FunctionResource::read_all(&self.document, &self.scope).unwrap();
        let triggers =
            Triggers::read(&self.document, &self.scope, &functions, self.schedules).unwrap();
        assert_eq!(functions.len(), implementations.len());
        let timeout = Duration::from_mins(10);
        let deployed = functions.iter().zip(implementations);
        let deployed = deployed
            .map(|(resource, function)| (resource.package.clone(), Deployed { timeout, function }));
        let surroundings = Surroundings {
            runner: Arc::new(Runner::new(deployed)),
            database: self.database.clone(),
            events: self.services.events().clone(),
            file: self
                .folder
                .as_ref()
                .map(|folder| folder.join("triggers.json")),
        };
        self.running = Some(triggers.start(surroundings).await.unwrap());
    }

    pub async fn stop(&mut self) {
        self.running.take().unwrap().stop().await;
    }

    /// As if the program had been killed.
    pub fn kill(&mut self) {
        drop(self.running.take().unwrap());
    }

    async fn write(&self, action: &str, body: &Value) {
        let target = format!("DynamoDB_20120810.{action}");
        aws(&self.client, &self.database_url, &target, body)
            .await
            .unwrap();
    }

    pub async fn put(&self, key: &str) {
        let item = json!({ "pk": { "S": key }, "n": { "N": "1" } });
        let body = json!({ "TableName": self.table, "Item": item });
        self.write("PutItem", &body).await;
    }

    /// Several records in one transaction: nobody sees some of them only.
    pub async fn put_all(&self, keys: &[&str]) {
        let puts: Vec<_> = keys
            .iter()
            .map(
                |key| json!({ "Put": { "TableName": self.table, "Item": { "pk": { "S": key } } } }),
            )
            .collect();
        self.write("TransactWriteItems", &json!({ "TransactItems": puts }))
            .await;
    }

    pub async fn delete(&self, key: &str) {
        let body = json!({ "TableName": self.table, "Key": { "pk": { "S": key } } });
        self.write("DeleteItem", &body).await;
    }

    /// Puts events with these details on the bus of the template.
    pub async fn put_events(&self, details: &[Value]) -> Value {
        let entries: Vec<_> = details
            .iter()
            .map(|detail| {
                json!({
                    "Source": "ours",
                    "DetailType": "changed",
                    "Detail": detail.to_string(),
                    "EventBusName": "changes",
                })
            })
            .collect();
        let body = json!({ "Entries": entries });
        aws(
            &self.client,
            &self.services_url,
            "AWSEvents.PutEvents",
            &body,
        )
        .await
        .unwrap()
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}
