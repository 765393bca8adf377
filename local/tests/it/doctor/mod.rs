//! `cargo local doctor`: a healthy stack is all right, and each thing that is broken is named.

mod astra;
mod front;
mod inside;
mod outside;
mod program;
mod ward;
