//! How simulators and their tests call others.

use std::sync::Arc;

use reqwest::ClientBuilder;
use rustls::{ClientConfig, RootCertStore, crypto};

/// A client that trusts `roots` and nobody else, and that no proxy gets in the way of. For
/// plain HTTP there need be no roots.
///
/// # Errors
///
/// The TLS settings cannot be built.
pub fn client(roots: RootCertStore) -> Result<ClientBuilder, rustls::Error> {
    let provider = Arc::new(crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy())
}
