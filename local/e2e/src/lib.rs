//! Tests that drive a running stack over HTTP, as its users do.
//!
//! - [`scene`]: a stack, and people who use it
//! - `astra`: Astra's side of a scene, and a user who goes to its page and back
//! - [`deployment`]: where the stack is
//! - [`routes`]: the template's
//! - [`table`]: a look into the stack's table, past every function
//! - [`keys`]: credentials of an API, as a test has them change
//! - [`paper`]: a log that a test reads
//! - [`proxy`]: between the functions and their table
//! - [`served`]: a server of a test's own
//! - [`beside`]: how long operations take at two tables
//! - [`sides`]: what one list has and another has not
//! - [`contract`]: what Plaid's own description says of requests and answers

mod astra;
pub mod beside;
pub mod contract;
pub mod deployment;
pub mod keys;
pub mod paper;
pub mod proxy;
pub mod routes;
pub mod scene;
pub mod served;
pub mod sides;
pub mod table;
