//! Tests that drive a running stack over HTTP, as its users do.
//!
//! - [`scene`]: a stack, and people who use it
//! - [`table`]: a look into the stack's table, past every function
//! - [`proxy`]: between the functions and their table
//! - [`contract`]: what Plaid's own description says of requests and answers

pub mod contract;
pub mod proxy;
pub mod scene;
pub mod table;
