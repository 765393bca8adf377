//! Functions that run on a schedule.

use std::time::Duration;

use local::Schedules;
use serde_json::json;

use super::stage::Stage;

const EVERY_MINUTE: &str = r#"ScheduleExpression: rate(1 minute), Input: '{"due": true}'"#;

fn schedule(properties: &str) -> [(&'static str, &'static str, String); 1] {
    [("f", "ScheduleV2", properties.to_owned())]
}

#[tokio::test]
async fn a_schedule_runs_soon_and_again_and_never_twice_at_once() {
    let often = Schedules::Every(Duration::from_millis(50));
    let mut stage = Stage::open(&schedule(EVERY_MINUTE), None, often).await;
    let [mut f] = stage.start().await;
    for _ in 0..3 {
        let call = f.called().await;
        assert_eq!(call.event, json!({ "due": true }));
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!f.is_called());
        call.succeeds();
    }
    stage.stop().await;
    assert!(!f.is_called());
}

#[tokio::test]
async fn a_rate_of_the_template_has_its_first_run_shortly_after_the_start() {
    let functions = schedule(EVERY_MINUTE);
    let mut stage = Stage::open(&functions, None, Schedules::AsInTemplate).await;
    let [mut f] = stage.start().await;
    let begun = std::time::Instant::now();
    // Fails, and is tried again once, as the template says.
    f.called().await.fails();
    f.called().await.fails();
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_schedule_that_is_off_or_that_nobody_wants_does_not_run() {
    let off = format!("{EVERY_MINUTE}, State: DISABLED");
    let often = Schedules::Every(Duration::from_millis(10));
    for (properties, schedules) in [(EVERY_MINUTE, Schedules::Never), (off.as_str(), often)] {
        let mut stage = Stage::open(&schedule(properties), None, schedules).await;
        let [mut f] = stage.start().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!f.is_called(), "{schedules:?}");
    }
}
