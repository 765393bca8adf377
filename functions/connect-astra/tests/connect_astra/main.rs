//! A user's connection to Astra over in-memory ports.

#![cfg(test)]

mod authorization;
mod connection;
mod refusals;
mod scene;
mod secrets;
