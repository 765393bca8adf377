//! The simulator over real HTTP, with a Plaid simulator behind it.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod authorize;
#[cfg(test)]
mod controls;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod program;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod support;
