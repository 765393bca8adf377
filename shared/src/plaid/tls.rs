//! TLS towards Plaid: rustls over ring, and Mozilla's roots compiled in. Reading the
//! system's trust store would cost most of a cold start.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// The configuration for reqwest.
///
/// # Errors
/// The cryptography provider supports none of rustls' protocol versions.
pub(super) fn client_config() -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
