//! What the tests have in common.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lambda_http::{BoxFuture, Context};
use local::aws::events::EventLog;
use local::functions::{Deployed, Function, FunctionError, Runner};
use local::gateway::{Gateway, Tokens, USER_AUDIENCE, USER_ISSUER, Web};
use local::template::{Api, Document, FunctionResource, Scope};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

/// An HTTP client.
pub fn client() -> Client {
    local::functions::remote::client().unwrap()
}

/// A function made of a closure.
pub struct Fake<F>(pub F);

impl<F, R> Function for Fake<F>
where
    F: Fn(Value) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Value, FunctionError>> + Send + 'static,
{
    fn invoke(
        &self,
        payload: Value,
        _context: Context,
    ) -> BoxFuture<'_, Result<Value, FunctionError>> {
        Box::pin((self.0)(payload))
    }
}

/// Answers with the event.
pub fn echo() -> Arc<dyn Function> {
    Arc::new(Fake(|event: Value| async move {
        Ok(json!({
            "statusCode": 200,
            "headers": {
                "content-type": "application/json",
                "access-control-allow-origin": "http://of.the.function",
            },
            "body": event.to_string(),
        }))
    }))
}

pub const ORIGIN: &str = "http://front.end";

const TEMPLATE: &str = "
Parameters:
  Issuer: { Type: String }
  Audience: { Type: String }
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Jwt
        Authorizers:
          Jwt:
            IdentitySource: $request.header.Authorization
            JwtConfiguration: { issuer: !Ref Issuer, audience: [!Ref Audience] }
      CorsConfiguration:
        AllowOrigins: [http://front.end]
        AllowMethods: [GET, POST]
        AllowHeaders: [authorization]
        ExposeHeaders: [retry-after]
        MaxAge: 600
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/f
      Timeout: 1
      Events:
        User: { Type: HttpApi, Properties: { Method: GET, Path: '/user/{name}' } }
        Open: { Type: HttpApi, Properties: { Method: POST, Path: /open, Auth: { Authorizer: NONE } } }
        Server: { Type: HttpApi, Properties: { Method: GET, Path: /server, Auth: { Authorizer: AWS_IAM } } }
";

/// A gateway in front of one function, `f`: `GET /user/{name}` for users, `POST /open`
/// for everybody, `GET /server` for servers. Timeout: one second.
pub struct TestGateway {
    pub url: String,
    pub client: Client,
    _server: JoinSet<()>,
}

impl TestGateway {
    pub async fn start(function: Arc<dyn Function>) -> Self {
        let document = Document::parse(TEMPLATE).unwrap();
        let parameters = [("Issuer", USER_ISSUER), ("Audience", USER_AUDIENCE)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let scope = Scope::new(&document, &BTreeMap::from(parameters));
        let functions = FunctionResource::read_all(&document, &scope).unwrap();
        let api = Api::read(&document, &scope, &functions).unwrap();
        let timeout = functions[0].timeout;
        assert_eq!(timeout, Duration::from_secs(1));
        let runner = Runner::new([("f".to_owned(), Deployed { timeout, function })]);
        let tokens = Tokens::new(&Tokens::generate_key().unwrap()).unwrap();
        let gateway = Gateway::new(
            api,
            Arc::new(runner),
            tokens,
            Web::new(None),
            EventLog::default(),
        );
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async move {
            gateway
                .serve(listener, std::future::pending())
                .await
                .unwrap();
        });
        Self {
            url,
            client: client(),
            _server: server,
        }
    }

    pub async fn get(&self, path: &str, token: Option<&str>) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub async fn post(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        let request = self.client.post(format!("{}{path}", self.url));
        request
            .header("content-type", content_type)
            .body(body.into())
            .send()
            .await
            .unwrap()
    }

    pub async fn user_token(&self) -> String {
        login(&self.client, &self.url, &json!({ "user_id": "user-1" })).await
    }

    pub async fn server_token(&self) -> String {
        login(&self.client, &self.url, &json!({ "server": true })).await
    }
}

pub async fn login(client: &Client, url: &str, body: &Value) -> String {
    let response = client
        .post(format!("{url}/dev/login"))
        .json(body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let answer: Value = response.json().await.unwrap();
    answer["token"].as_str().unwrap().to_owned()
}

/// A server on a free port, until it is dropped.
pub async fn serve(router: Router) -> (Url, JoinSet<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, server)
}

/// Calls an AWS service with its JSON protocol.
pub async fn aws(client: &Client, url: &str, target: &str, body: &Value) -> Result<Value, Value> {
    let version = if target.starts_with("DynamoDB") {
        "1.0"
    } else {
        "1.1"
    };
    let response = client
        .post(url)
        .header("x-amz-target", target)
        .header("content-type", format!("application/x-amz-json-{version}"))
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/any/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=0",
        )
        .header("x-amz-date", "20261122T000000Z")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let ok = response.status().is_success();
    let answer: Value = response.json().await.unwrap();
    if ok { Ok(answer) } else { Err(answer) }
}

pub const FREE_PORTS: [&str; 10] = [
    "--port",
    "0",
    "--plaid-port",
    "0",
    "--astra-port",
    "0",
    "--aws-port",
    "0",
    "--dynamodb-port",
    "0",
];

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
        .env_remove("PLAID_CLIENT_ID")
        .env_remove("PLAID_SECRET");
    command
}

/// A started program, killed when it is dropped.
pub struct Running {
    pub child: Child,
    pub output: BufReader<ChildStdout>,
    pub url: String,
}

impl Running {
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = program();
        // Nobody reads it here, and a full pipe would block the program.
        command
            .args(FREE_PORTS)
            // What runs is what a test invokes.
            .args(["--schedule-seconds", "0"])
            .args(arguments)
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("ready ").unwrap().to_owned();
        Self { child, output, url }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What `<data-dir>/env` says.
    pub fn variable(dir: &Path, name: &str) -> String {
        let text = std::fs::read_to_string(dir.join("env")).unwrap();
        let prefix = format!("{name}=");
        text.lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .unwrap()
            .to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
