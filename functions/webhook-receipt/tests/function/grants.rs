//! What AWS lets the function do, by the template.

/// The lines of the function's role.
fn role() -> String {
    let template = include_str!("../../../../template.yaml");
    let mut lines = template.lines();
    lines.find(|line| *line == "  WebhookReceiptRole:").unwrap();
    let own = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
    own.collect::<Vec<_>>().join("\n")
}

#[test]
fn it_opens_and_seals_no_token() {
    assert!(!role().contains("TokenKey"));
    let receipt = include_str!("../../src/lib.rs");
    assert!(!receipt.contains("vault"), "nor has it a vault");
}

#[test]
fn it_writes_only_the_inbox_and_reads_nothing() {
    let role = role();
    let actions: Vec<_> = role.match_indices("dynamodb:").collect();
    assert_eq!(actions.len(), 2, "an action and its condition: {role}");
    assert!(role.contains("Action: dynamodb:PutItem\n"));
    assert!(role.contains("dynamodb:LeadingKeys: [\"INBOX#*\"]"));
    assert!(!role.contains("ManagedPolicyArns"));
}
