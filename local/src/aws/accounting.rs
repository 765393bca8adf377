//! A call of AWS's on its way, for proxies that keep account of what is asked for and charged.

use serde_json::{Map, Value};

/// The operation in an `x-amz-target`, as `PutItem`.
pub fn operation(target: &str) -> &str {
    target.rsplit('.').next().unwrap_or_default()
}

/// A request to DynamoDB that is to be answered with what it costs.
///
/// # Errors
/// The request is no JSON object.
pub fn asking_for_units(request: &[u8]) -> serde_json::Result<Vec<u8>> {
    let mut request: Map<String, Value> = serde_json::from_slice(request)?;
    request.insert("ReturnConsumedCapacity".to_owned(), "TOTAL".into());
    serde_json::to_vec(&request)
}

/// What DynamoDB charges by its answer, in the units of the operation; of several tables together.
pub fn units(answer: &[u8]) -> f64 {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let of = |table: &Value| table.get("CapacityUnits").and_then(Value::as_f64);
    match answer.get("ConsumedCapacity") {
        Some(Value::Array(tables)) => tables.iter().filter_map(of).sum(),
        Some(table) => of(table).unwrap_or_default(),
        None => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_named_without_its_service() {
        assert_eq!(operation("DynamoDB_20120810.PutItem"), "PutItem");
    }

    #[test]
    fn a_request_keeps_what_it_asks_for() {
        let request = asking_for_units(br#"{"TableName": "t"}"#).unwrap();
        let request: Value = serde_json::from_slice(&request).unwrap();
        let wanted = serde_json::json!({ "TableName": "t", "ReturnConsumedCapacity": "TOTAL" });
        assert_eq!(request, wanted);
        assert!(asking_for_units(b"no JSON").is_err());
    }

    #[test]
    fn units_are_those_of_all_tables() {
        let of = |answer: &str| units(answer.as_bytes());
        let two = r#"{"ConsumedCapacity": [{"CapacityUnits": 4.0}, {"CapacityUnits": 1.5}]}"#;
        let one = r#"{"ConsumedCapacity": {"CapacityUnits": 2.0}}"#;
        let figures = [of(two), of(one), of("{}"), of("no JSON")];
        let wanted = [5.5, 2.0, 0.0, 0.0];
        let same = |(is, wanted): (&f64, f64)| (is - wanted).abs() < 1e-9;
        assert!(figures.iter().zip(wanted).all(same), "{figures:?}");
    }
}
