//! Plaid in memory: Items that are made and removed, and failures that a test asks for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::{
    AccessToken, AccountId, AccountType, Deadline, Health, Institution, InstitutionId, ItemId,
    KeyId, LinkToken, LinkTokenRequest, PlaidAccount, PlaidError, PlaidFailure, PlaidRequestId,
    Processor, ProcessorToken, PublicToken, VerificationStatus,
};
use crate::ports::{
    Accounts, CreatedLinkToken, ExchangedItem, ItemRemoval, ItemSnapshot, LinkTokens,
    ProcessorTokens, PublicTokens, VerificationKey, VerificationKeys,
};

/// Plaid in memory.
#[derive(Default)]
pub struct MemoryPlaid {
    world: Mutex<World>,
}

/// What is true at Plaid, for a test to look at and to arrange.
#[derive(Default)]
pub struct World {
    /// The accounts that the next Items have.
    pub accounts: Vec<PlaidAccount>,
    /// Live Items by access token.
    pub items: BTreeMap<String, ItemId>,
    /// Public tokens that were exchanged.
    pub exchanged: Vec<String>,
    /// The keys that webhooks are signed with.
    pub keys: Vec<VerificationKey>,
    /// The calls, in order.
    pub calls: Vec<&'static str>,
    /// Failures of the next calls, by name.
    pub failures: BTreeMap<&'static str, VecDeque<PlaidFailure>>,
    /// Link tokens that were asked for.
    pub link_requests: Vec<LinkTokenRequest>,
}

impl MemoryPlaid {
    /// Plaid with Items of these accounts.
    pub fn with_accounts(accounts: Vec<PlaidAccount>) -> Self {
        let plaid = Self::default();
        plaid.world().accounts = accounts;
        plaid
    }

    /// What is true at Plaid.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the next call of this name fail.
    pub fn fail(&self, call: &'static str, failure: PlaidFailure) {
        self.world()
            .failures
            .entry(call)
            .or_default()
            .push_back(failure);
    }

    fn begin(&self, call: &'static str) -> Result<MutexGuard<'_, World>, PlaidFailure> {
        let mut world = self.world();
        world.calls.push(call);
        match world.failures.get_mut(call).and_then(VecDeque::pop_front) {
            Some(failure) => Err(failure),
            None => Ok(world),
        }
    }
}

/// An account of this subtype.
pub fn account(id: &str, subtype: &str, verification_status: Option<&str>) -> PlaidAccount {
    PlaidAccount {
        account_id: AccountId::new(id),
        name: Some(format!("Plaid {subtype}")),
        mask: Some("0000".to_owned()),
        account_type: AccountType::Depository,
        subtype: Some(subtype.to_owned()),
        verification_status: verification_status.map(VerificationStatus::from),
    }
}

/// A refusal with this type and code, at HTTP status 400.
pub fn refusal(error_type: &str, error_code: &str) -> PlaidFailure {
    let error = PlaidError {
        error_type: error_type.to_owned(),
        error_code: error_code.to_owned(),
        request_id: Some(PlaidRequestId::new("refused")),
        http_status: 400,
        ..PlaidError::default()
    };
    PlaidFailure::Refused {
        error: Box::new(error),
        after_lost_answer: false,
    }
}

impl LinkTokens for MemoryPlaid {
    async fn create_link_token(
        &self,
        request: &LinkTokenRequest,
        _deadline: Deadline,
    ) -> Result<CreatedLinkToken, PlaidFailure> {
        let mut world = self.begin("link_token_create")?;
        world.link_requests.push(request.clone());
        Ok(CreatedLinkToken {
            link_token: LinkToken::new("link-sandbox-canary-0001"),
            expiration: Timestamp::UNIX_EPOCH,
            hosted_link_url: request
                .hosted
                .as_ref()
                .map(|_| "https://hosted.example/1".to_owned()),
            request_id: PlaidRequestId::new("plaid-request"),
        })
    }
}

impl PublicTokens for MemoryPlaid {
    async fn exchange(
        &self,
        public_token: &PublicToken,
        _deadline: Deadline,
    ) -> Result<ExchangedItem, PlaidFailure> {
        let mut world = self.begin("exchange")?;
        if world
            .exchanged
            .iter()
            .any(|token| token == public_token.expose())
        {
            return Err(refusal("INVALID_INPUT", "INVALID_PUBLIC_TOKEN"));
        }
        world.exchanged.push(public_token.expose().to_owned());
        let number = world.exchanged.len();
        let access_token = format!("access-sandbox-canary-{number}");
        let item_id = ItemId::new(format!("item-{number}"));
        world.items.insert(access_token.clone(), item_id.clone());
        Ok(ExchangedItem {
            item_id,
            access_token: AccessToken::new(access_token),
            request_id: PlaidRequestId::new("plaid-request"),
        })
    }
}

impl Accounts for MemoryPlaid {
    async fn accounts(
        &self,
        access_token: &AccessToken,
        _deadline: Deadline,
    ) -> Result<ItemSnapshot, PlaidFailure> {
        let world = self.begin("accounts")?;
        if !world.items.contains_key(access_token.expose()) {
            return Err(refusal("ITEM_ERROR", "ITEM_NOT_FOUND"));
        }
        Ok(ItemSnapshot {
            institution: Some(Institution {
                institution_id: InstitutionId::new("ins_109508"),
                name: Some("First Platypus Bank".to_owned()),
            }),
            health: Health::Good,
            consent_expires_at: None,
            accounts: world.accounts.clone(),
            request_id: PlaidRequestId::new("plaid-request"),
        })
    }
}

impl ProcessorTokens for MemoryPlaid {
    async fn create_processor_token(
        &self,
        access_token: &AccessToken,
        account_id: &AccountId,
        _processor: &Processor,
        _deadline: Deadline,
    ) -> Result<ProcessorToken, PlaidFailure> {
        let world = self.begin("processor_token")?;
        let known = world
            .accounts
            .iter()
            .any(|account| account.account_id == *account_id);
        if !known || !world.items.contains_key(access_token.expose()) {
            return Err(refusal("INVALID_INPUT", "INVALID_ACCOUNT_ID"));
        }
        Ok(ProcessorToken::new(format!(
            "processor-sandbox-{account_id}"
        )))
    }
}

impl ItemRemoval for MemoryPlaid {
    async fn remove_item(
        &self,
        access_token: &AccessToken,
        _deadline: Deadline,
    ) -> Result<(), PlaidFailure> {
        self.begin("remove")?.items.remove(access_token.expose());
        Ok(())
    }
}

impl VerificationKeys for MemoryPlaid {
    async fn verification_key(
        &self,
        key_id: &KeyId,
        _deadline: Deadline,
    ) -> Result<Option<VerificationKey>, PlaidFailure> {
        let world = self.begin("verification_key")?;
        Ok(world.keys.iter().find(|key| key.key_id == *key_id).cloned())
    }
}
