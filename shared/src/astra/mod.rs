//! Astra's API: a thin client for the calls we make (docs.astra.finance/reference). What it
//! documents and what is assumed of it stands in the simulator's README.

mod calls;
mod client;
mod wire;

pub use client::AstraClient;
