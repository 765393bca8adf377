//! `POST /v1/webhooks/plaid` over in-memory ports and real signatures.

#![cfg(test)]

mod aws_sample;
mod grants;
mod kept;
mod scene;
mod statuses;
mod undecided;
