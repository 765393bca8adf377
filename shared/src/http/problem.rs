//! Errors as callers see them: problem details (RFC 9457). This is the one place that
//! decides status, body and log level of an error.

mod astra;
mod causes;

use std::time::Duration;

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::invocation::private_answer;
use crate::domain::{Action, ItemId, ItemStatus, PlaidError, PlaidRequestId};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// The stable name of a problem; `docs/problems.md` has cause and mend of each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in our API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status that goes with it.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ }
            }

            fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    InvalidJson = "invalid_json", BAD_REQUEST, "The body is not valid JSON";
    /// A field is missing or wrong.
    InvalidField = "invalid_field", BAD_REQUEST, "A field of the request is not valid";
    /// A field that we do not know.
    UnknownField = "unknown_field", BAD_REQUEST, "The request has an unknown field";
    /// A query parameter is wrong.
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "A query parameter is not valid";
    /// The caller is not signed in.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "The caller is not signed in";
    /// A webhook without Plaid's valid signature.
    WebhookNotVerified = "webhook_not_verified", UNAUTHORIZED, "The webhook is not verified";
    /// Nothing of the caller's has this id.
    NotFound = "not_found", NOT_FOUND, "There is no such thing";
    /// The exchange of this public token is running.
    ExchangeInProgress = "exchange_in_progress", CONFLICT, "The exchange is in progress";
    /// The user has an Item of the same accounts.
    DuplicateItem = "duplicate_item", CONFLICT, "The user has linked these accounts before";
    /// The user has as many Items as may be.
    TooManyItems = "too_many_items", CONFLICT, "The user has too many Items";
    /// The Item is still being linked.
    ItemLinking = "item_linking", CONFLICT, "The Item is still being linked";
    /// The user must act at the bank first.
    UpdateModeRequired = "update_mode_required", CONFLICT, "The user must open Link in update mode";
    /// The access token was lost on its way.
    ExchangeLost = "exchange_lost", CONFLICT, "The exchange was lost; link again";
    /// Astra keeps an account of the Item.
    AstraKeepsAccount = "astra_keeps_account", CONFLICT, "Astra keeps an account of the Item";
    /// The user has no connection to Astra that works.
    AstraNotConnected = "astra_not_connected", CONFLICT, "The user is not connected to Astra";
    /// The user came back as another user of Astra's.
    AstraUserDiffers = "astra_user_differs", CONFLICT, "The user is connected to Astra as somebody else";
    /// The Item was removed.
    ItemRemoved = "item_removed", GONE, "The Item was removed; link again";
    /// The user took the permission back.
    ItemRevoked = "item_revoked", GONE, "The user took the permission back; link again";
    /// The body is too large.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The body is not declared as JSON.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON";
    /// Plaid does not accept the public token.
    PublicTokenRefused = "public_token_refused", UNPROCESSABLE_ENTITY, "Plaid refused the public token; link again";
    /// The account is not one of the Item's.
    UnknownAccount = "unknown_account", UNPROCESSABLE_ENTITY, "The account is not part of the Item";
    /// The account is of a kind that no processor can use.
    AccountNotEligible = "account_not_eligible", UNPROCESSABLE_ENTITY, "The account cannot be given to the processor";
    /// That the user owns the account could not be proven.
    AccountNotVerified = "account_not_verified", UNPROCESSABLE_ENTITY, "The account could not be verified; link again";
    /// Nobody was sent to Astra with this state.
    AstraStateUnknown = "astra_state_unknown", UNPROCESSABLE_ENTITY, "The authorization is unknown; begin it again";
    /// Astra does not accept the code.
    AstraCodeRefused = "astra_code_refused", UNPROCESSABLE_ENTITY, "Astra refused the code; begin again";
    /// Plaid's limit for one Item is reached.
    TooOften = "too_often", TOO_MANY_REQUESTS, "The Item was read too often";
    /// A bug of ours.
    InternalError = "internal_error", INTERNAL_SERVER_ERROR, "Something went wrong on our side";
    /// Plaid answered something that is not understood.
    PlaidUnintelligible = "plaid_unintelligible", BAD_GATEWAY, "Plaid's answer was not understood";
    /// Plaid cannot be reached, or asks for patience.
    PlaidUnavailable = "plaid_unavailable", SERVICE_UNAVAILABLE, "Plaid is not available";
    /// The institution is away.
    InstitutionUnavailable = "institution_unavailable", SERVICE_UNAVAILABLE, "The institution is not available";
    /// Plaid refuses how this service is set up.
    PlaidNotConfigured = "plaid_not_configured", SERVICE_UNAVAILABLE, "This service is not set up for Plaid";
    /// Astra cannot be reached, or asks for patience.
    AstraUnavailable = "astra_unavailable", SERVICE_UNAVAILABLE, "Astra is not available";
    /// Astra refuses how this service is set up.
    AstraNotConfigured = "astra_not_configured", SERVICE_UNAVAILABLE, "This service is not set up for Astra";
    /// The table or the key service did not answer.
    StorageUnavailable = "storage_unavailable", SERVICE_UNAVAILABLE, "The storage is not available";
    /// The invocation had too little time left.
    OutOfTime = "out_of_time", SERVICE_UNAVAILABLE, "There was too little time";
}

/// A problem on its way to a caller.
#[derive(Debug)]
pub struct Problem(Box<Details>);

#[derive(Debug)]
struct Details {
    code: Code,
    detail: String,
    field: Option<String>,
    retry_after: Option<Duration>,
    item_id: Option<ItemId>,
    item_state: Option<(ItemStatus, Action)>,
    plaid: Option<Box<PlaidError>>,
    /// What the log needs and the caller must not see.
    cause: Option<String>,
}

/// The body of a problem.
#[derive(Serialize)]
struct ProblemBody<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_id: Option<&'a ItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_status: Option<ItemStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plaid: Option<PlaidPart<'a>>,
}

/// What a caller may know of Plaid's error. The message for developers stays with us.
#[derive(Serialize)]
struct PlaidPart<'a> {
    error_type: &'a str,
    error_code: &'a str,
    display_message: Option<&'a str>,
    request_id: Option<&'a str>,
}

const SOON: Duration = Duration::from_secs(2);
/// Plaid counts its limits by the minute: whoever asks sooner only asks more often.
const WITHIN_A_MINUTE: Duration = Duration::from_secs(20);
const A_MINUTE: Duration = Duration::from_mins(1);
const LATER: Duration = Duration::from_mins(5);
const MUCH_LATER: Duration = Duration::from_hours(1);

impl Problem {
    /// A problem with what the caller should know about it.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Details {
            code,
            detail: detail.into(),
            field: None,
            retry_after: None,
            item_id: None,
            item_state: None,
            plaid: None,
            cause: None,
        }))
    }

    /// A field that is missing or wrong; `rule` completes "`field` ...".
    pub fn field(code: Code, field: &str, rule: impl std::fmt::Display) -> Self {
        let mut problem = Self::new(code, format!("{field} {rule}"));
        problem.0.field = Some(field.to_owned());
        problem
    }

    /// Nothing of the caller's has this id; also when it is somebody else's.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("You have no {what} with this id."))
    }

    /// Nothing is wrong with the request, but it cannot be decided now.
    pub fn try_again(detail: &str) -> Self {
        Self::new(Code::PlaidUnavailable, detail).retry_after(SOON)
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The field it names.
    #[cfg(test)]
    pub(super) fn named_field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// What it says.
    #[cfg(test)]
    pub(super) fn detail(&self) -> &str {
        &self.0.detail
    }

    #[must_use]
    fn retry_after(mut self, time: Duration) -> Self {
        self.0.retry_after = Some(time);
        self
    }

    #[must_use]
    fn caused_by(mut self, cause: &impl ToString) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// Writes the problem to the log, once, and renders it.
    pub fn into_response(self, request_id: &str) -> Response<Body> {
        self.log();
        let status = self.0.code.status();
        let body = ProblemBody {
            r#type: format!("urn:problem-type:{}", self.0.code.as_str()),
            title: self.0.code.title(),
            status: status.as_u16(),
            detail: &self.0.detail,
            code: self.0.code.as_str(),
            request_id,
            field: self.0.field.as_deref(),
            item_id: self.0.item_id.as_ref(),
            item_status: self.0.item_state.map(|(status, _)| status),
            action: self.0.item_state.map(|(_, action)| action.as_str()),
            plaid: self.0.plaid.as_deref().map(PlaidPart::of),
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let mut response = private_answer(status, "application/problem+json", body);
        if let Some(time) = self.0.retry_after {
            response.headers_mut().insert(
                header::RETRY_AFTER,
                HeaderValue::from(time.as_secs().max(1)),
            );
        }
        response
    }

    /// Our own faults are errors, the callers' are information, the rest are warnings.
    fn log(&self) {
        let code = self.0.code.as_str();
        // An unknown field's name is the caller's own text, like the rest of the body.
        let unknown = self.0.code == Code::UnknownField;
        let field = self.0.field.as_deref().filter(|_| !unknown);
        let cause = self.0.cause.as_deref();
        let plaid = self.0.plaid.as_deref();
        let plaid_code = plaid.map(|error| error.error_code.as_str());
        let plaid_request_id = plaid.and_then(|error| Some(error.request_id.as_ref()?.as_str()));
        match self.0.code {
            Code::InternalError
            | Code::PlaidNotConfigured
            | Code::AstraNotConfigured
            | Code::ExchangeLost => {
                tracing::error!(code, field, cause, plaid_code, plaid_request_id, "refused");
            }
            _ if self.0.code.status().is_server_error() => {
                tracing::warn!(code, field, cause, plaid_code, plaid_request_id, "refused");
            }
            _ => tracing::info!(code, field, cause, plaid_code, plaid_request_id, "refused"),
        }
    }
}

impl<'a> PlaidPart<'a> {
    fn of(error: &'a PlaidError) -> Self {
        Self {
            error_type: &error.error_type,
            error_code: &error.error_code,
            display_message: error.display_message.as_deref(),
            request_id: error.request_id.as_ref().map(PlaidRequestId::as_str),
        }
    }
}
