//! A certificate authority of one run's own, and the certificate of this machine that it signs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::Failure;

/// The names under which everything here is reached.
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

pub(super) struct Authority {
    /// Its certificate, for whoever is to believe it.
    pub(super) pem: PathBuf,
    /// How its servers do TLS.
    pub(super) server: Arc<ServerConfig>,
}

impl Authority {
    /// A new one, with its certificate in this folder.
    pub(super) fn new(folder: &Path) -> Result<Self, Failure> {
        let mut params = CertificateParams::new([])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Not the name of what it signs, which would look as if it signed itself.
        params.distinguished_name.push(DnType::CommonName, "bench");
        let issuer_key = KeyPair::generate()?;
        let issuer = params.self_signed(&issuer_key)?;
        let key = KeyPair::generate()?;
        let names = NAMES.map(str::to_owned);
        let own = CertificateParams::new(names)?.signed_by(&key, &issuer, &issuer_key)?;
        let pem = folder.join("authority.pem");
        std::fs::write(&pem, issuer.pem())?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let server = ServerConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], key.into())?;
        Ok(Self {
            pem,
            server: Arc::new(server),
        })
    }
}
