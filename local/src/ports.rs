//! The ports of a stack, all on the loopback interface.

mod holder;

use std::fmt;
use std::io;
use std::net::Ipv4Addr;

use tokio::net::TcpListener;

pub use holder::Holder;

/// What a port is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Port {
    /// The gateway.
    Gateway,
    /// The Plaid simulator.
    Plaid,
    /// The Astra simulator.
    Astra,
    /// KMS, Secrets Manager and EventBridge.
    Aws,
    /// DynamoDB.
    DynamoDb,
}

impl Port {
    /// The command line's flag for this port.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Gateway => "--port",
            Self::Plaid => "--plaid-port",
            Self::Astra => "--astra-port",
            Self::Aws => "--aws-port",
            Self::DynamoDb => "--dynamodb-port",
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Gateway => "the gateway",
            Self::Plaid => "the Plaid simulator",
            Self::Astra => "the Astra simulator",
            Self::Aws => "KMS, Secrets Manager and EventBridge",
            Self::DynamoDb => "DynamoDB",
        })
    }
}

/// A port that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortError {
    /// Something else listens there.
    #[error("port {number} of {port} is already in use{}, or choose another with {}", by(holder.as_ref()), port.flag())]
    Taken {
        /// What it was wanted for.
        port: Port,
        /// The number.
        number: u16,
        /// Who has it, where that can be seen.
        holder: Option<Holder>,
    },
    /// Any other reason.
    #[error("port {number} of {port} cannot be used (see {})", port.flag())]
    Unusable {
        /// What it was wanted for.
        port: Port,
        /// The number.
        number: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn by(holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) => format!(" by {holder}: stop that one"),
        None => ": stop the program that has it".to_owned(),
    }
}

/// A listener and its base URL, without a slash at the end.
pub(crate) struct Bound {
    pub(crate) listener: TcpListener,
    pub(crate) url: String,
    pub(crate) number: u16,
}

/// Listens on a port.
pub(crate) async fn bind(port: Port, number: u16) -> Result<Bound, PortError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => PortError::Taken {
            port,
            number,
            holder: holder::of(number),
        },
        _ => PortError::Unusable {
            port,
            number,
            source,
        },
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, number))
        .await
        .map_err(failed)?;
    let number = listener.local_addr().map_err(failed)?.port();
    Ok(Bound {
        listener,
        url: format!("http://127.0.0.1:{number}"),
        number,
    })
}
