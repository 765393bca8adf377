//! Plaid, as it goes wrong.

use plaid_webhook::{KeyId, VerificationKey};

use super::{Faulty, Kind, Service};
use crate::domain::{
    AccessToken, AccountId, Deadline, ExchangeKey, LinkToken, LinkTokenRequest, PlaidError,
    PlaidFailure, Processor, ProcessorToken, PublicToken,
};
use crate::ports::{
    Accounts, CreatedLinkToken, ExchangedItem, ItemRemoval, ItemSnapshot, Items, LinkOutcome,
    LinkOutcomes, LinkTokens, ProcessorTokens, PublicTokens, VerificationKeys, WebhookUrls,
};

/// Plaid's word for: not so fast.
pub(super) fn rate_limit() -> PlaidFailure {
    let error = PlaidError {
        error_type: "RATE_LIMIT_EXCEEDED".to_owned(),
        error_code: "RATE_LIMIT".to_owned(),
        http_status: 429,
        ..PlaidError::default()
    };
    PlaidFailure::Refused {
        error: Box::new(error),
        after_lost_answer: false,
    }
}

const fn read(name: &'static str) -> (Service, Kind, &'static str) {
    (Service::Plaid, Kind::Read, name)
}

const fn write(name: &'static str) -> (Service, Kind, &'static str) {
    (Service::Plaid, Kind::Write, name)
}

impl<T: PublicTokens> PublicTokens for Faulty<T> {
    async fn exchange(
        &self,
        public_token: &PublicToken,
        deadline: Deadline,
    ) -> Result<ExchangedItem, PlaidFailure> {
        self.call(write("exchange"), Some(deadline), || async {
            let made = self.inner.exchange(public_token, deadline).await?;
            let key = ExchangeKey::of(public_token);
            self.plan.hand_out(key, made.item_id.clone());
            Ok(made)
        })
        .await
    }
}

impl<T: Accounts> Accounts for Faulty<T> {
    async fn accounts(
        &self,
        access_token: &AccessToken,
        deadline: Deadline,
    ) -> Result<ItemSnapshot, PlaidFailure> {
        self.call(read("accounts"), Some(deadline), || {
            self.inner.accounts(access_token, deadline)
        })
        .await
    }
}

impl<T: Items> Items for Faulty<T> {
    async fn item(
        &self,
        access_token: &AccessToken,
        deadline: Deadline,
    ) -> Result<ItemSnapshot, PlaidFailure> {
        self.call(read("item_get"), Some(deadline), || {
            self.inner.item(access_token, deadline)
        })
        .await
    }
}

impl<T: ProcessorTokens> ProcessorTokens for Faulty<T> {
    async fn create_processor_token(
        &self,
        access_token: &AccessToken,
        account_id: &AccountId,
        processor: &Processor,
        deadline: Deadline,
    ) -> Result<ProcessorToken, PlaidFailure> {
        self.call(write("processor_token"), Some(deadline), || {
            self.inner
                .create_processor_token(access_token, account_id, processor, deadline)
        })
        .await
    }
}

impl<T: ItemRemoval> ItemRemoval for Faulty<T> {
    async fn remove_item(
        &self,
        access_token: &AccessToken,
        deadline: Deadline,
    ) -> Result<(), PlaidFailure> {
        self.call(write("remove_item"), Some(deadline), || {
            self.inner.remove_item(access_token, deadline)
        })
        .await
    }
}

impl<T: WebhookUrls> WebhookUrls for Faulty<T> {
    async fn update_webhook(
        &self,
        access_token: &AccessToken,
        url: &str,
        deadline: Deadline,
    ) -> Result<(), PlaidFailure> {
        self.call(write("update_webhook"), Some(deadline), || {
            self.inner.update_webhook(access_token, url, deadline)
        })
        .await
    }
}

impl<T: LinkOutcomes> LinkOutcomes for Faulty<T> {
    async fn link_outcome(
        &self,
        link_token: &LinkToken,
        deadline: Deadline,
    ) -> Result<LinkOutcome, PlaidFailure> {
        self.call(read("link_outcome"), Some(deadline), || {
            self.inner.link_outcome(link_token, deadline)
        })
        .await
    }
}

impl<T: LinkTokens> LinkTokens for Faulty<T> {
    async fn create_link_token(
        &self,
        request: &LinkTokenRequest,
        deadline: Deadline,
    ) -> Result<CreatedLinkToken, PlaidFailure> {
        self.call(write("link_token"), Some(deadline), || {
            self.inner.create_link_token(request, deadline)
        })
        .await
    }
}

impl<T: VerificationKeys> VerificationKeys for Faulty<T> {
    async fn verification_key(
        &self,
        key_id: &KeyId,
        deadline: Deadline,
    ) -> Result<Option<VerificationKey>, PlaidFailure> {
        self.call(read("verification_key"), Some(deadline), || {
            self.inner.verification_key(key_id, deadline)
        })
        .await
    }
}
