//! What the functions call, each behind TLS: Plaid's simulator, and AWS's services.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::authority::Authority;
use super::contestants::of_the_runtime;
use super::front::Front;
use super::ledger::{Ledger, Upstream};
use crate::Failure;
use crate::people::People;
use crate::stack::Running;

/// How everybody's own way of naming an authority is called.
const BELIEVED: [&str; 4] = [
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
];

/// They end when this is dropped.
pub(super) struct Upstreams {
    /// Who is at Plaid.
    pub(super) people: People,
    /// What went to all of them.
    pub(super) ledger: Ledger,
    variables: BTreeMap<String, String>,
    _fronts: [Front; 3],
    _stack: Running,
}

impl Upstreams {
    /// Starts them; the authority's certificate is in this folder.
    pub(super) async fn start(
        folder: &Path,
        plaid: Duration,
        aws: Duration,
    ) -> Result<Self, Failure> {
        let stack = Running::start_without_functions().await?;
        let authority = Authority::new(folder)?;
        let ledger = Ledger::default();
        let mut variables = stack.address.variables.clone();
        let mut fronts = Vec::new();
        for (name, upstream, latency) in [
            ("PLAID_BASE_URL", Upstream::Plaid, plaid),
            ("AWS_ENDPOINT_URL", Upstream::Aws, aws),
            ("AWS_ENDPOINT_URL_DYNAMODB", Upstream::Aws, aws),
        ] {
            let address = variables.get(name).ok_or(name)?;
            let front = Front::start(&authority, upstream, address, latency, &ledger).await?;
            variables.insert(name.to_owned(), front.url.clone());
            fronts.push(front);
        }
        for name in BELIEVED {
            variables.insert(name.to_owned(), authority.pem.display().to_string());
        }
        Ok(Self {
            people: People::of(&stack.address)?,
            ledger,
            variables,
            _fronts: fronts.try_into().map_err(|_| "three upstreams")?,
            _stack: stack,
        })
    }

    /// The environment of a function.
    pub(super) fn variables(&self, target: &Path, function: &str) -> BTreeMap<String, String> {
        let mut variables = self.variables.clone();
        variables.extend(of_the_runtime(target, function));
        variables
    }
}
