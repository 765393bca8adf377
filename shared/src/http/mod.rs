//! What every HTTP function shares: who calls, what the body says, how answers and
//! problems look.

mod body;
mod caller;
mod invocation;
mod item_view;
mod problem;

pub use body::{MAX_JSON_BODY, json_body, raw_body};
pub use caller::{Caller, CallerKind, caller};
pub use invocation::{Invocation, invoke, json_response, route_key};
pub use item_view::{ItemView, render_item, render_item_with_tokens};
pub use problem::{Code, Problem};
