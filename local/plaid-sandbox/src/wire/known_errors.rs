//! The error codes that the simulator answers with by itself.

/// A code, and what Plaid says with it.
pub(super) struct Known {
    pub(super) code: &'static str,
    pub(super) error_type: &'static str,
    pub(super) status: u16,
    pub(super) message: &'static str,
    pub(super) display: Option<&'static str>,
}

const fn known(
    code: &'static str,
    error_type: &'static str,
    status: u16,
    message: &'static str,
    display: Option<&'static str>,
) -> Known {
    Known {
        code,
        error_type,
        status,
        message,
        display,
    }
}

/// For users whose bank does not answer.
const BANK: Option<&str> =
    Some("Your bank cannot be reached at the moment. Please try again later.");
/// For users who have to log in at their bank again.
const LOGIN: Option<&str> = Some("Your bank asks you to log in again.");
/// For users who typed something wrong.
const CREDENTIALS: Option<&str> = Some("Your bank did not accept these credentials.");

const REQUEST: &str = "INVALID_REQUEST";
const INPUT: &str = "INVALID_INPUT";
pub(super) const ITEM: &str = "ITEM_ERROR";
const INSTITUTION: &str = "INSTITUTION_ERROR";
const OAUTH: &str = "OAUTH_ERROR";

/// The codes that this program answers with by itself.
/// <https://plaid.com/docs/errors/>
pub(super) const KNOWN: &[Known] = &[
    known(
        "MISSING_FIELDS",
        REQUEST,
        400,
        "a required field was not sent",
        None,
    ),
    known(
        "UNKNOWN_FIELDS",
        REQUEST,
        400,
        "a field was sent that this endpoint does not have",
        None,
    ),
    known(
        "INVALID_FIELD",
        REQUEST,
        400,
        "a field has a value that it cannot have",
        None,
    ),
    known(
        "INVALID_BODY",
        REQUEST,
        400,
        "the body is not a JSON object",
        None,
    ),
    known(
        "INVALID_HEADERS",
        REQUEST,
        400,
        "a header is missing or has a wrong value",
        None,
    ),
    known("NOT_FOUND", REQUEST, 404, "there is no such endpoint", None),
    known(
        "INVALID_API_KEYS",
        INPUT,
        400,
        "client_id or secret is wrong",
        None,
    ),
    known(
        "INVALID_LINK_TOKEN",
        INPUT,
        400,
        "the link_token is wrong or has expired",
        None,
    ),
    known(
        "INVALID_PUBLIC_TOKEN",
        INPUT,
        400,
        "the public_token is wrong or has expired",
        None,
    ),
    known(
        "INVALID_ACCESS_TOKEN",
        INPUT,
        400,
        "the access_token is wrong",
        None,
    ),
    known(
        "INVALID_PROCESSOR_TOKEN",
        INPUT,
        400,
        "the processor_token is wrong",
        None,
    ),
    known(
        "INVALID_ACCOUNT_ID",
        INPUT,
        400,
        "the Item has no account with this account_id",
        None,
    ),
    known(
        "INVALID_INSTITUTION",
        INPUT,
        400,
        "there is no such institution here",
        None,
    ),
    known(
        "INVALID_PRODUCT",
        INPUT,
        400,
        "the product or processor cannot be used here",
        None,
    ),
    known(
        "INVALID_WEBHOOK_VERIFICATION_KEY_ID",
        INPUT,
        400,
        "this environment has no key with this key_id",
        None,
    ),
    known(
        "INVALID_CREDENTIALS",
        ITEM,
        400,
        "the institution refused the credentials",
        CREDENTIALS,
    ),
    known(
        "INVALID_UPDATED_USERNAME",
        ITEM,
        400,
        "update mode needs the same user as before",
        Some("Please log in with the same user as before."),
    ),
    known(
        "INCORRECT_LINK_TOKEN",
        OAUTH,
        400,
        "the bank's answer belongs to another link_token",
        None,
    ),
    known(
        "OAUTH_STATE_ID_ALREADY_PROCESSED",
        OAUTH,
        400,
        "this oauth_state_id was used before",
        None,
    ),
    known(
        "OAUTH_STATE_ID_NOT_FOUND",
        OAUTH,
        400,
        "there is no such oauth_state_id",
        None,
    ),
    known(
        "INVALID_MFA",
        ITEM,
        400,
        "the institution refused the second factor",
        CREDENTIALS,
    ),
    known(
        "INVALID_SEND_METHOD",
        ITEM,
        400,
        "the second factor cannot be sent this way",
        None,
    ),
    known(
        "USER_PERMISSION_REVOKED",
        INPUT,
        400,
        "the account's holder withdrew the permission",
        Some("You have withdrawn the permission for this account."),
    ),
    known(
        "TOO_MANY_VERIFICATION_ATTEMPTS",
        INPUT,
        400,
        "the micro-deposit was guessed wrong too often",
        Some("This account could not be verified. Please link it again."),
    ),
    known(
        "ACCESS_NOT_GRANTED",
        ITEM,
        400,
        "the user granted no access",
        Some("You did not give access to your accounts."),
    ),
    known(
        "INSTITUTION_NO_LONGER_SUPPORTED",
        INSTITUTION,
        400,
        "the institution is not supported any more",
        BANK,
    ),
    known(
        "ITEM_LOCKED",
        ITEM,
        400,
        "the institution has locked the user out",
        Some("Your bank has locked this login."),
    ),
    known(
        "ITEM_LOGIN_REQUIRED",
        ITEM,
        400,
        "the user has to log in again",
        LOGIN,
    ),
    known("ITEM_NOT_FOUND", ITEM, 400, "the Item was removed", None),
    known(
        "ITEM_NOT_SUPPORTED",
        ITEM,
        400,
        "this Item or account is not supported",
        None,
    ),
    known(
        "MFA_NOT_SUPPORTED",
        ITEM,
        400,
        "the institution asks for a second factor that is not supported",
        None,
    ),
    known(
        "NO_ACCOUNTS",
        ITEM,
        400,
        "the user has no open accounts",
        None,
    ),
    known(
        "NO_AUTH_ACCOUNTS",
        ITEM,
        400,
        "the Item has no account that can be debited or credited",
        None,
    ),
    known(
        "PRODUCT_NOT_READY",
        ITEM,
        400,
        "the product's data is not there yet",
        None,
    ),
    known(
        "USER_SETUP_REQUIRED",
        ITEM,
        400,
        "the user has to do something at the institution first",
        LOGIN,
    ),
    known(
        "PRODUCTS_NOT_SUPPORTED",
        ITEM,
        400,
        "the institution has none of these products",
        None,
    ),
    known(
        "INSTITUTION_DOWN",
        INSTITUTION,
        400,
        "the institution is down",
        BANK,
    ),
    known(
        "INSTITUTION_NOT_AVAILABLE",
        INSTITUTION,
        400,
        "the institution is not available",
        BANK,
    ),
    known(
        "INSTITUTION_NOT_RESPONDING",
        INSTITUTION,
        400,
        "the institution does not respond",
        BANK,
    ),
    known(
        "RATE_LIMIT",
        "RATE_LIMIT_EXCEEDED",
        429,
        "too many calls",
        None,
    ),
    known(
        "ACCOUNTS_LIMIT",
        "RATE_LIMIT_EXCEEDED",
        429,
        "too many calls of /accounts/get",
        None,
    ),
    known(
        "AUTH_LIMIT",
        "RATE_LIMIT_EXCEEDED",
        429,
        "too many calls of /auth/get",
        None,
    ),
    known(
        "ITEM_GET_LIMIT",
        "RATE_LIMIT_EXCEEDED",
        429,
        "too many calls of /item/get",
        None,
    ),
    known(
        "CREDITS_EXHAUSTED",
        "RATE_LIMIT_EXCEEDED",
        429,
        "the free usage is used up",
        None,
    ),
    known(
        "INTERNAL_SERVER_ERROR",
        "API_ERROR",
        500,
        "something went wrong on the server's side",
        None,
    ),
    known(
        "PLANNED_MAINTENANCE",
        "API_ERROR",
        503,
        "the API is down for maintenance",
        None,
    ),
    known(
        "SANDBOX_PRODUCT_NOT_ENABLED",
        "SANDBOX_ERROR",
        400,
        "the Item does not have this webhook's product",
        None,
    ),
    known(
        "SANDBOX_WEBHOOK_INVALID",
        "SANDBOX_ERROR",
        400,
        "the Item has no webhook URL to send to",
        None,
    ),
];
