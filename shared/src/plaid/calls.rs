//! The calls, one port each.

use plaid_webhook::{KeyId, VerificationKey};

use super::client::PlaidClient;
use super::wire::{
    Done, ItemAnswer, KeyGet, KeyGot, LinkTokenCreate, LinkTokenCreated, OfItem,
    ProcessorTokenCreate, ProcessorTokenCreated, PublicTokenExchange, PublicTokenExchanged,
    WebhookUpdate,
};
use super::wire_link::{LinkTokenGet, LinkTokenGot};
use crate::domain::{
    AccessToken, AccountId, Deadline, LinkToken, LinkTokenRequest, PlaidFailure, Processor,
    ProcessorToken, PublicToken,
};
use crate::ports::{
    Accounts, Clock, CreatedLinkToken, CredentialSource, ExchangedItem, ItemRemoval, ItemSnapshot,
    Items, LinkOutcome, LinkOutcomes, LinkTokens, ProcessorTokens, PublicTokens, VerificationKeys,
    WebhookUrls,
};

impl<S: CredentialSource, C: Clock> LinkTokens for PlaidClient<S, C> {
    async fn create_link_token(
        &self,
        request: &LinkTokenRequest,
        deadline: Deadline,
    ) -> Result<CreatedLinkToken, PlaidFailure> {
        let request = LinkTokenCreate::from(request);
        let answer: LinkTokenCreated = self.call("/link/token/create", &request, deadline).await?;
        Ok(answer.into())
    }
}

impl<S: CredentialSource, C: Clock> LinkOutcomes for PlaidClient<S, C> {
    async fn link_outcome(
        &self,
        link_token: &LinkToken,
        deadline: Deadline,
    ) -> Result<LinkOutcome, PlaidFailure> {
        let request = LinkTokenGet::from(link_token);
        let answer: LinkTokenGot = self.call("/link/token/get", &request, deadline).await?;
        Ok(answer.into())
    }
}

impl<S: CredentialSource, C: Clock> WebhookUrls for PlaidClient<S, C> {
    async fn update_webhook(
        &self,
        access_token: &AccessToken,
        url: &str,
        deadline: Deadline,
    ) -> Result<(), PlaidFailure> {
        let request = WebhookUpdate::new(access_token, url);
        let answer = self.call("/item/webhook/update", &request, deadline).await;
        answer.map(|Done {}| ())
    }
}

impl<S: CredentialSource, C: Clock> PublicTokens for PlaidClient<S, C> {
    async fn exchange(
        &self,
        public_token: &PublicToken,
        deadline: Deadline,
    ) -> Result<ExchangedItem, PlaidFailure> {
        let request = PublicTokenExchange::from(public_token);
        let path = "/item/public_token/exchange";
        let answer: PublicTokenExchanged = self.call(path, &request, deadline).await?;
        Ok(answer.into())
    }
}

impl<S: CredentialSource, C: Clock> Accounts for PlaidClient<S, C> {
    async fn accounts(
        &self,
        access_token: &AccessToken,
        deadline: Deadline,
    ) -> Result<ItemSnapshot, PlaidFailure> {
        let request = OfItem::from(access_token);
        let answer: ItemAnswer = self.call("/accounts/get", &request, deadline).await?;
        Ok(answer.into())
    }
}

impl<S: CredentialSource, C: Clock> Items for PlaidClient<S, C> {
    async fn item(
        &self,
        access_token: &AccessToken,
        deadline: Deadline,
    ) -> Result<ItemSnapshot, PlaidFailure> {
        let request = OfItem::from(access_token);
        let answer: ItemAnswer = self.call("/item/get", &request, deadline).await?;
        Ok(answer.into())
    }
}

impl<S: CredentialSource, C: Clock> ProcessorTokens for PlaidClient<S, C> {
    async fn create_processor_token(
        &self,
        access_token: &AccessToken,
        account_id: &AccountId,
        processor: &Processor,
        deadline: Deadline,
    ) -> Result<ProcessorToken, PlaidFailure> {
        let request = ProcessorTokenCreate::new(access_token, account_id, processor);
        let path = "/processor/token/create";
        let answer: ProcessorTokenCreated = self.call(path, &request, deadline).await?;
        Ok(answer.into())
    }
}

impl<S: CredentialSource, C: Clock> ItemRemoval for PlaidClient<S, C> {
    async fn remove_item(
        &self,
        access_token: &AccessToken,
        deadline: Deadline,
    ) -> Result<(), PlaidFailure> {
        let request = OfItem::from(access_token);
        match self
            .call::<_, Done>("/item/remove", &request, deadline)
            .await
        {
            Ok(Done {}) => Ok(()),
            Err(failure) if is(&failure, "ITEM_NOT_FOUND") => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

impl<S: CredentialSource, C: Clock> VerificationKeys for PlaidClient<S, C> {
    async fn verification_key(
        &self,
        key_id: &KeyId,
        deadline: Deadline,
    ) -> Result<Option<VerificationKey>, PlaidFailure> {
        let request = KeyGet::from(key_id);
        match self
            .call::<_, KeyGot>("/webhook_verification_key/get", &request, deadline)
            .await
        {
            Ok(answer) => Ok(Some(answer.key)),
            Err(failure) if is(&failure, "INVALID_WEBHOOK_VERIFICATION_KEY_ID") => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

fn is(failure: &PlaidFailure, error_code: &str) -> bool {
    failure
        .plaid_error()
        .is_some_and(|error| error.is(error_code))
}
