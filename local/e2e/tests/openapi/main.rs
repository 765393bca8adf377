//! docs/openapi.yaml against the template, the code, docs/problems.md, and a running stack.

#![cfg(test)]

mod answers;
mod description;
mod examples;
mod problems;
mod requests;
mod routes;
mod vocabulary;
mod witness;
