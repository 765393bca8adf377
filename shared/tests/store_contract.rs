//! The store in memory keeps every promise of a store.

#![cfg(test)]

use std::future::{Ready, ready};

use shared::test_util::MemoryStore;

fn fresh() -> Ready<Box<MemoryStore>> {
    ready(Box::default())
}

shared::store_contract!(crate::fresh);
