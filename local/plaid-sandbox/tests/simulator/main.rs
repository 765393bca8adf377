//! The simulator over real HTTP.

#[cfg(test)]
mod controls;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod link;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod support;
#[cfg(test)]
mod time;
#[cfg(test)]
mod user;
#[cfg(test)]
mod webhooks;
