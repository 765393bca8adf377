//! From a token to what it stands for, or to the error that Plaid gives instead.

use jiff::Timestamp;

use super::World;
use super::ids::token_fault;
use super::item::{Item, ItemState};
use super::link::LinkToken;
use super::tokens::{ProcessorToken, PublicToken};
use crate::wire::error::PlaidError;

impl World {
    /// The live Item of an access token.
    pub(crate) fn item_of(&self, access_token: &str) -> Result<&Item, PlaidError> {
        shape("access", access_token, "INVALID_ACCESS_TOKEN")?;
        let wrong = || PlaidError::of("INVALID_ACCESS_TOKEN");
        let token = self.access_tokens.get(access_token).ok_or_else(wrong)?;
        if token.invalidated {
            return Err(wrong().saying("the access_token was invalidated and replaced"));
        }
        self.live(&token.item_id)
    }

    /// The live Item with this id.
    pub(crate) fn live(&self, item_id: &str) -> Result<&Item, PlaidError> {
        self.items
            .get(item_id)
            .filter(|item| item.state == ItemState::Live)
            .ok_or_else(|| PlaidError::of("ITEM_NOT_FOUND"))
    }

    /// The Item of an access token, if `endpoint` answers for an Item in its state.
    pub(crate) fn usable_item_of(
        &self,
        access_token: &str,
        endpoint: &str,
    ) -> Result<&Item, PlaidError> {
        let item = self.item_of(access_token)?;
        self.usable(item, endpoint)
    }

    /// `item`, if `endpoint` answers for an Item in its state.
    pub(crate) fn usable<'a>(
        &self,
        item: &'a Item,
        endpoint: &str,
    ) -> Result<&'a Item, PlaidError> {
        let refuses = self
            .settings()
            .item_error_refuses
            .iter()
            .any(|path| path == endpoint);
        match &item.error {
            Some(error) if refuses || item.is_revoked() => Err(error.clone()),
            _ => Ok(item),
        }
    }

    /// A processor token and the live Item behind it.
    pub(crate) fn processor_token(
        &self,
        token: &str,
    ) -> Result<(&ProcessorToken, &Item), PlaidError> {
        shape("processor", token, "INVALID_PROCESSOR_TOKEN")?;
        let found = self
            .processor_tokens
            .get(token)
            .ok_or_else(|| PlaidError::of("INVALID_PROCESSOR_TOKEN"))?;
        Ok((found, self.live(&found.item_id)?))
    }

    /// A public token that has not expired.
    pub(crate) fn public_token(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<&PublicToken, PlaidError> {
        shape("public", token, "INVALID_PUBLIC_TOKEN")?;
        let found = self
            .public_tokens
            .get(token)
            .ok_or_else(|| PlaidError::of("INVALID_PUBLIC_TOKEN"))?;
        if now >= found.expires_at {
            return Err(
                PlaidError::of("INVALID_PUBLIC_TOKEN").saying("the public_token has expired")
            );
        }
        Ok(found)
    }

    /// A link token, expired or not.
    pub(crate) fn link_token(&self, token: &str) -> Result<&LinkToken, PlaidError> {
        shape("link", token, "INVALID_LINK_TOKEN")?;
        self.link_tokens
            .get(token)
            .ok_or_else(|| PlaidError::of("INVALID_LINK_TOKEN"))
    }
}

fn shape(kind: &str, token: &str, code: &str) -> Result<(), PlaidError> {
    match token_fault(kind, token) {
        Some(fault) => Err(PlaidError::of(code).saying(fault)),
        None => Ok(()),
    }
}
