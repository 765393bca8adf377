//! The metrics that the template takes from the function's log.

const TEMPLATE: &str = include_str!("../../../../template.yaml");
const HANDLER: &str = include_str!("../../src/handler.rs");

#[test]
fn each_reason_to_refuse_a_webhook_is_a_metric() {
    for message in ["refused a webhook", "a webhook is undecided"] {
        assert!(HANDLER.contains(&format!("\"{message}\"")), "{message}");
        let (_, filter) = TEMPLATE
            .split_once(&format!("FilterPattern: '{{ $.message = \"{message}\" }}'"))
            .unwrap();
        let filter = filter.split("\n\n").next().unwrap();
        let by_reason = "Dimensions: [{ Key: reason, Value: $.reason }]";
        assert!(filter.contains(by_reason), "{message}");
    }
}
