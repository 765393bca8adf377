//! Our client of Astra, against the simulators of Astra and of Plaid: what it asks for, how
//! often it asks, and what it makes of everything that can go wrong.

#![cfg(test)]

mod hand_over;
mod lists;
mod removal;
mod scene;
mod tokens;
