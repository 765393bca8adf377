//! A simulator of the Astra Sandbox, over HTTP.
//!
//! It answers on Astra's own paths: the page on which a user authorises an application,
//! the tokens of OAuth 2, and accounts made of Plaid's processor tokens, which it checks
//! against a Plaid simulator. And it does on demand what a test needs: faults at a chosen
//! call, time that moves, a list of all users, tokens and accounts. Everything it can do,
//! and which of it Astra documents, is in the package's README.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use astra_sandbox::{Options, Simulator};
//!
//! let options = Options {
//!     plaid_url: "http://127.0.0.1:3001".to_owned(),
//!     ..Options::default()
//! };
//! let simulator = Simulator::open(options)?;
//! let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
//! println!("http://{}", listener.local_addr()?);
//! simulator.serve(listener, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod authorize;
mod controls;
mod endpoints;
mod error;
mod faults;
mod options;
mod plaid;
mod server;
mod simulator;
mod store;
mod world;

pub use options::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, OpenError, Options};
pub use sandbox_kit::Clock;
pub use simulator::Simulator;
pub use store::StoreError;
