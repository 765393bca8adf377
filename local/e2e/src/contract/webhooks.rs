//! Which schema of the description belongs to which webhook.

use serde_json::Value;

/// `webhook_type`, `webhook_code`, and the schema.
pub const SCHEMAS: &[(&str, &str, &str)] = &[
    ("ITEM", "ERROR", "ItemErrorWebhook"),
    ("ITEM", "LOGIN_REPAIRED", "ItemLoginRepairedWebhook"),
    (
        "ITEM",
        "NEW_ACCOUNTS_AVAILABLE",
        "NewAccountsAvailableWebhook",
    ),
    ("ITEM", "PENDING_DISCONNECT", "PendingDisconnectWebhook"),
    ("ITEM", "PENDING_EXPIRATION", "PendingExpirationWebhook"),
    (
        "ITEM",
        "USER_PERMISSION_REVOKED",
        "UserPermissionRevokedWebhook",
    ),
    ("ITEM", "USER_ACCOUNT_REVOKED", "UserAccountRevokedWebhook"),
    (
        "ITEM",
        "WEBHOOK_UPDATE_ACKNOWLEDGED",
        "WebhookUpdateAcknowledgedWebhook",
    ),
    (
        "AUTH",
        "AUTOMATICALLY_VERIFIED",
        "AutomaticallyVerifiedWebhook",
    ),
    ("AUTH", "VERIFICATION_EXPIRED", "VerificationExpiredWebhook"),
    ("AUTH", "DEFAULT_UPDATE", "AuthDefaultUpdateWebhook"),
    (
        "AUTH",
        "SMS_MICRODEPOSITS_VERIFICATION",
        "HostedMMDVerificationWebhook",
    ),
    (
        "AUTH",
        "PRODUCT_PERMISSIONS_REQUIRED",
        "ProductPermissionsRequiredAuthWebhook",
    ),
    (
        "BANK_TRANSFERS",
        "BANK_TRANSFERS_EVENTS_UPDATE",
        "BankTransfersEventsUpdateWebhookForAuth",
    ),
    ("LINK", "SESSION_FINISHED", "LinkSessionFinishedWebhook"),
    ("LINK", "ITEM_ADD_RESULT", "ItemAddResultWebhook"),
    ("LINK", "EVENTS", "LinkEventsWebhook"),
    (
        "PROCESSOR_TOKEN",
        "WEBHOOK_UPDATE_ACKNOWLEDGED",
        "ProcessorTokenWebhookUpdate",
    ),
];

/// The schema of a webhook with this body, if there is one.
pub fn schema_name(body: &Value) -> Option<&'static str> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let (webhook_type, webhook_code) = (text("webhook_type")?, text("webhook_code")?);
    let found = SCHEMAS
        .iter()
        .find(|(t, c, _)| (*t, *c) == (webhook_type, webhook_code));
    found.map(|(_, _, name)| *name)
}
