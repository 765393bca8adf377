//! What settings may name on this machine alone: simulators in Plaid's and Astra's place,
//! and the authority that vouches for emulators.

use std::sync::Arc;

use url::{Host, Url};

use super::web_url;

/// A certificate authority for endpoints on this machine, as PEM.
#[derive(Debug, Clone)]
pub struct LocalRoot(Arc<[u8]>);

impl LocalRoot {
    /// Reads it from a file.
    pub(super) fn read(path: &str) -> Result<Self, &'static str> {
        let pem = std::fs::read(path).map_err(|_| "names a file that cannot be read")?;
        Ok(Self(pem.into()))
    }

    /// Its certificates.
    pub fn pem(&self) -> &[u8] {
        &self.0
    }
}

/// Their hosts are fixed, so that no configuration sends tokens elsewhere.
pub(super) fn loopback_url(text: &str) -> Result<Url, &'static str> {
    let url = web_url(text)?;
    is_here(&url)
        .then_some(url)
        .ok_or("may only name a simulator on this machine")
}

pub(super) fn is_loopback(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| is_here(&url))
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Environment, Reader};

    const AWS: [(&str, &str); 5] = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", "https://127.0.0.1:1"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "https://localhost:2"),
    ];
    const PLAID: [(&str, &str); 2] = [("PLAID_SECRET_ID", "arn"), ("PLAID_ENVIRONMENT", "sandbox")];
    /// A file that is there.
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

    fn with(more: &[(&str, &str)]) -> Environment {
        AWS.into_iter()
            .chain(PLAID)
            .chain(more.iter().copied())
            .collect()
    }

    #[test]
    fn a_simulator_on_this_machine_may_stand_in_for_plaid() {
        for url in [
            "http://127.0.0.1:3001",
            "http://localhost:1",
            "https://[::1]:2",
        ] {
            let environment = with(&[("PLAID_BASE_URL", url)]);
            assert!(Reader::read(&environment, Reader::plaid).is_ok(), "{url}");
        }
    }

    #[test]
    fn its_authority_is_trusted_where_everything_is_on_this_machine() {
        let environment = with(&[
            ("AWS_CA_BUNDLE", FILE),
            ("PLAID_BASE_URL", "https://[::1]:2"),
        ]);
        let aws = Reader::read(&environment, Reader::aws).unwrap();
        assert!(aws.local_root.unwrap().pem().starts_with(b"[package]"));
        let plaid = Reader::read(&environment, Reader::plaid).unwrap();
        assert!(plaid.local_root.is_some());
    }

    #[test]
    fn plaid_itself_is_never_vouched_for_by_another_authority() {
        let environment = with(&[("AWS_CA_BUNDLE", FILE)]);
        let plaid = Reader::read(&environment, Reader::plaid).unwrap();
        assert!(plaid.local_root.is_none());
    }

    #[test]
    fn neither_is_aws() {
        for elsewhere in [
            "",
            "https://dynamodb.us-east-1.amazonaws.com",
            "https://127.0.0.1.example",
        ] {
            let more = [
                ("AWS_CA_BUNDLE", FILE),
                ("AWS_ENDPOINT_URL_DYNAMODB", elsewhere),
            ];
            let aws = Reader::read(&with(&more), Reader::aws).unwrap();
            assert!(aws.local_root.is_none(), "{elsewhere}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_told() {
        let environment = with(&[("AWS_CA_BUNDLE", "/nowhere/at/all")]);
        let error = Reader::read(&environment, Reader::aws).err().unwrap();
        assert_eq!(
            error.problems(),
            ["AWS_CA_BUNDLE names a file that cannot be read"]
        );
    }
}
