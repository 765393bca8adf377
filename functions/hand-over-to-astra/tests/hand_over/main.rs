//! Accounts are brought to Astra, over in-memory ports.

#![cfg(test)]

mod accounts;
mod already_there;
mod at_once;
mod renewal;
mod replacement;
mod scene;
