//! AWS's client without AWS: every request is answered at once, so that what counts is what
//! it takes to write, sign and hand over a request, and to read the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use secrecy::SecretString;
use shared::aws::sdk_config;
use shared::settings::AwsSettings;
use shared::store::Table;

use crate::Failure;

/// What DynamoDB answers to a write.
const ANSWER: &str = "{}";

/// A DynamoDB that only counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct DynamoDb(Arc<AtomicUsize>);

impl DynamoDb {
    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// The functions' own table, but for the way to AWS.
    pub(crate) fn table(&self) -> Result<Table, Failure> {
        let settings = AwsSettings {
            region: "eu-central-1".to_owned(),
            access_key_id: "for-benchmarks".to_owned(),
            secret_access_key: SecretString::from("not a secret"),
            session_token: Some(SecretString::from("not a session".repeat(50))),
            endpoint_url: None,
            dynamodb_endpoint_url: None,
            local_root: None,
        };
        let connector = SharedHttpConnector::new(self.clone());
        let client = http_client_fn(move |_, _| connector.clone());
        let config = sdk_config(&settings)?.into_builder().http_client(client);
        Ok(Table::new(&config.build(), &settings, "bench"))
    }
}

impl HttpConnector for DynamoDb {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        self.0.fetch_add(1, Ordering::Relaxed);
        let answer = 200
            .try_into()
            .map(|status| HttpResponse::new(status, SdkBody::from(ANSWER)))
            .map_err(|error| ConnectorError::user(Box::new(error)));
        HttpConnectorFuture::ready(answer)
    }
}
