//! Streams, schedules and event rules, with a template and functions of our own.

mod events;
mod schedules;
mod stage;
mod streams;
