//! What goes wrong at Plaid and inside, as callers see it.

use crate::domain::{AccountRefusal, FailureClass, PlaidFailure};
use crate::ports::{StoreError, VaultError};
use crate::use_cases::exchange::ExchangeError;
use crate::use_cases::item_sync::SyncError;
use crate::use_cases::processor_token::TokenError;
use crate::use_cases::removal::RemovalError;

use super::{A_MINUTE, Code, LATER, MUCH_LATER, Problem, SOON, WITHIN_A_MINUTE};

impl From<PlaidFailure> for Problem {
    fn from(failure: PlaidFailure) -> Self {
        let problem = match (&failure, failure.class()) {
            (PlaidFailure::Unintelligible { .. }, _) => Self::new(
                Code::PlaidUnintelligible,
                "Plaid answered, but not in its own terms.",
            )
            .retry_after(SOON),
            (PlaidFailure::NoCredentials, _) | (_, FailureClass::Operator) => Self::new(
                Code::PlaidNotConfigured,
                "Plaid refuses how this service is set up. Its operator has to mend that.",
            )
            .retry_after(LATER),
            (_, FailureClass::Institution) => Self::new(
                Code::InstitutionUnavailable,
                "The institution does not answer Plaid.",
            )
            .retry_after(MUCH_LATER),
            (_, FailureClass::UpdateMode) => Self::new(
                Code::UpdateModeRequired,
                "Open Link in update mode for this Item, then try again.",
            ),
            (_, FailureClass::NotReady) => Self::new(
                Code::PlaidUnavailable,
                "Plaid is not ready with this Item yet. Try again later.",
            )
            .retry_after(LATER),
            (_, FailureClass::Retry) if failure.is_rate_limit() => Self::new(
                Code::PlaidUnavailable,
                "Plaid asks for patience. Try again.",
            )
            .retry_after(WITHIN_A_MINUTE),
            _ => Self::new(
                Code::PlaidUnavailable,
                "Plaid did not do its part. Try again.",
            )
            .retry_after(SOON),
        };
        let mut problem = problem.caused_by(&failure);
        if let PlaidFailure::Refused { error, .. } = failure {
            problem.0.plaid = Some(error);
        }
        problem
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt(_) => {
                Self::new(Code::InternalError, "A record could not be read.").caused_by(&error)
            }
            StoreError::Conflict | StoreError::Unavailable(_) => Self::new(
                Code::StorageUnavailable,
                "The storage did not answer. Try again.",
            )
            .retry_after(SOON)
            .caused_by(&error),
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Unavailable(_) => Self::new(
                Code::StorageUnavailable,
                "The key service did not answer. Try again.",
            )
            .retry_after(SOON)
            .caused_by(&error),
            VaultError::DoesNotOpen | VaultError::CannotSeal => {
                Self::new(Code::InternalError, "A sealed value could not be used.")
                    .caused_by(&error)
            }
        }
    }
}

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::InProgress { retry_after } => Self::new(
                Code::ExchangeInProgress,
                "The same public token is being exchanged right now. Ask again for its outcome.",
            )
            .retry_after(retry_after),
            ExchangeError::SomebodyElses => Self::not_found("exchange"),
            ExchangeError::Refused(plaid) => {
                let mut problem = Self::field(
                    Code::PublicTokenRefused,
                    "public_token",
                    "is not accepted by Plaid: it may have expired. Run Link again.",
                );
                problem.0.plaid = plaid;
                problem
            }
            ExchangeError::Lost => Self::new(
                Code::ExchangeLost,
                "Plaid's answer was lost on its way to us. Run Link again.",
            ),
            ExchangeError::Removed => Self::new(
                Code::ItemRemoved,
                "The Item of this exchange was removed. Run Link again.",
            ),
            ExchangeError::Duplicate(first) => {
                let mut problem = Self::new(
                    Code::DuplicateItem,
                    "These accounts are linked already. Send allow_duplicate to link them again.",
                );
                problem.0.item_state = Some((first.status(), first.action()));
                problem.0.item_id = Some(first.item_id);
                problem
            }
            ExchangeError::TooManyItems { limit } => Self::new(
                Code::TooManyItems,
                format!("A user may have {limit} Items. Remove one first."),
            ),
            ExchangeError::Account { item_id, refusal } => {
                let mut problem = Self::from(refusal);
                problem.0.item_id = Some(item_id);
                problem
            }
            ExchangeError::OutOfTime => Self::new(
                Code::OutOfTime,
                "The request came too late to be finished. Try again.",
            )
            .retry_after(SOON),
            ExchangeError::Plaid(failure) => failure.into(),
            ExchangeError::Store(error) => error.into(),
            ExchangeError::Vault(error) => error.into(),
        }
    }
}

impl From<AccountRefusal> for Problem {
    fn from(refusal: AccountRefusal) -> Self {
        let (code, rule) = match refusal {
            AccountRefusal::Unknown => (
                Code::UnknownAccount,
                "is not an account of the linked Item. Send one of its accounts instead.",
            ),
            AccountRefusal::NotEligible => (
                Code::AccountNotEligible,
                "is not a checking, savings or cash management account. Send another one.",
            ),
            AccountRefusal::NotVerified => (
                Code::AccountNotVerified,
                "could not be verified as the user's own. Link again.",
            ),
        };
        Self::field(code, "account_id", rule)
    }
}

impl From<SyncError> for Problem {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::NotFound => Self::not_found("Item"),
            SyncError::Linking => Self::still_linking(),
            SyncError::Removed => {
                Self::new(Code::ItemRemoved, "The Item was removed. Run Link again.")
            }
            SyncError::TooOften { .. } => {
                let detail = "Plaid was asked about this Item too often. Wait a minute.";
                Self::new(Code::TooOften, detail).retry_after(A_MINUTE)
            }
            SyncError::Plaid(failure) => failure.into(),
            SyncError::Store(error) => error.into(),
            SyncError::Vault(error) => error.into(),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Account(refusal) => refusal.into(),
            TokenError::Revoked => Self::new(
                Code::ItemRevoked,
                "The user took the permission back at the bank. Run Link again.",
            ),
            TokenError::Item(error) => error.into(),
        }
    }
}

impl From<RemovalError> for Problem {
    fn from(error: RemovalError) -> Self {
        match error {
            RemovalError::NotFound => Self::not_found("Item"),
            RemovalError::Linking => Self::still_linking(),
            RemovalError::Store(error) => error.into(),
        }
    }
}

impl Problem {
    fn still_linking() -> Self {
        let detail = "The Item is still being linked. Try again when that has ended.";
        Self::new(Code::ItemLinking, detail).retry_after(SOON)
    }
}
