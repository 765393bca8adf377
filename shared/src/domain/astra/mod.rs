//! Bank accounts at Astra, and the users who let us bring them there.

mod at_astra;
mod authorization;
mod connection;
mod step;

pub use at_astra::{AstraStatus, AtAstra, HandOver};
pub use authorization::{AUTHORIZATION_TIME, AstraAuthorization};
pub use connection::{AstraConnection, ConnectionState, SealedTokens};
pub use step::AstraStep;
