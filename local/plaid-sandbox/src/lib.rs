//! A simulator of the Plaid Sandbox, over HTTP.
//!
//! It answers on Plaid's own paths, keeps Items, tokens and Link sessions,
//! signs and delivers webhooks, and does on demand what a test needs and no
//! Sandbox offers: faults at a chosen call, time that moves, a list of all live
//! Items. Everything it can do is in the package's README.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use plaid_sandbox::{Options, Simulator};
//!
//! let simulator = Simulator::open(Options::default()).await?;
//! let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
//! println!("http://{}", listener.local_addr()?);
//! simulator.serve(listener, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod bank;
mod controls;
mod endpoints;
mod faults;
mod limits;
mod link;
mod options;
mod server;
mod simulator;
mod store;
mod webhooks;
mod wire;
mod world;

pub use options::{DEFAULT_CLIENT_ID, DEFAULT_SECRET, OpenError, Options};
pub use sandbox_kit::Clock;
pub use simulator::Simulator;
pub use store::StoreError;
