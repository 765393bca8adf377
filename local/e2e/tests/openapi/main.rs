//! docs/openapi.yaml against the template, the code, docs/problems.md, and a running stack; and the
//! other lists of routes against the template.

#![cfg(test)]

mod answers;
mod description;
mod examples;
mod lists;
mod problems;
mod requests;
mod routes;
mod views;
mod vocabulary;
mod witness;
