//! The function over in-memory ports.

#![cfg(test)]

mod another_account;
mod duplicates;
mod exchange;
mod scene;
mod sdks;
