//! Plaid's limit for one Item is kept.

use jiff::Timestamp;
use serde_json::Value;

use crate::scene::Scene;

/// In a minute (plaid.com/docs/errors/rate-limit-exceeded).
const LIMIT: usize = 15;

/// Only where there was one Item does the log tell whose the calls were.
pub(super) async fn of(scene: &Scene) -> Option<String> {
    if scene.handed().len() != 1 {
        return None;
    }
    let log = scene.sandbox.look("/simulator/requests").await;
    let calls = log["requests"].as_array().unwrap().iter();
    let reads = calls.filter(|call| call["endpoint"] == "/item/get");
    let at = |call: &Value| call["started_at"].as_str().unwrap().parse::<Timestamp>();
    let reads: Vec<Timestamp> = reads.map(|call| at(call).unwrap()).collect();
    let mut windows = reads.windows(LIMIT + 1);
    let over = windows.any(|window| window[LIMIT].duration_since(window[0]).as_secs() < 60);
    over.then(|| format!("an Item was read more than {LIMIT} times in a minute"))
}
