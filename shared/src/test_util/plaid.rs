//! Plaid in memory: Items that are made and removed, and failures that a test asks for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use plaid_webhook::{KeyId, VerificationKey};

use crate::domain::{
    AccessToken, AccountId, AccountType, Deadline, Health, Institution, InstitutionId, ItemId,
    LinkToken, LinkTokenRequest, PlaidAccount, PlaidError, PlaidFailure, PlaidRequestId, Processor,
    ProcessorToken, PublicToken, VerificationStatus,
};
use crate::ports::{
    Accounts, CreatedLinkToken, ExchangedItem, ItemRemoval, ItemSnapshot, Items, LinkOutcome,
    LinkOutcomes, LinkTokens, ProcessorTokens, PublicTokens, VerificationKeys, WebhookUrls,
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
    /// The institution of all Items; First Platypus Bank by default.
    pub institution: Option<Institution>,
    /// The health of all Items; good by default.
    pub health: Option<Health>,
    /// Where the webhooks of all Items go.
    pub webhook: Option<String>,
    /// Public tokens that were exchanged, with the access token of their first Item.
    pub exchanged: BTreeMap<String, String>,
    /// What happens when a public token is exchanged again.
    pub second_exchange: SecondExchange,
    /// How many Items were made.
    pub made: u32,
    /// Processor tokens by Item and account.
    pub processor_tokens: BTreeMap<(ItemId, AccountId), u32>,
    /// The keys that webhooks are signed with.
    pub keys: Vec<VerificationKey>,
    /// The calls, in order.
    pub calls: Vec<&'static str>,
    /// Failures of the next calls, by name.
    pub failures: BTreeMap<&'static str, VecDeque<PlaidFailure>>,
    /// Link tokens that were asked for.
    pub link_requests: Vec<LinkTokenRequest>,
    /// What became of sessions, by link token.
    pub link_outcomes: BTreeMap<String, LinkOutcome>,
}

/// What happens when a public token is exchanged again; Plaid's documentation does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SecondExchange {
    /// It is refused as invalid.
    #[default]
    Refuse,
    /// It gives the same Item again.
    SameItem,
    /// It makes another Item.
    NewItem,
}

impl World {
    fn make_item(&mut self) -> (String, ItemId) {
        self.made += 1;
        let access_token = format!("access-sandbox-canary-{}", self.made);
        let item_id = ItemId::new(format!("item-{}", self.made));
        self.items.insert(access_token.clone(), item_id.clone());
        (access_token, item_id)
    }

    fn exchange(&mut self, public_token: &str) -> Result<(String, ItemId), PlaidFailure> {
        let refused = || refusal("INVALID_INPUT", "INVALID_PUBLIC_TOKEN");
        if let Some(first) = self.exchanged.get(public_token).cloned() {
            return match self.second_exchange {
                SecondExchange::Refuse => Err(refused()),
                SecondExchange::SameItem => {
                    let item_id = self.items.get(&first).cloned();
                    item_id.map(|item_id| (first, item_id)).ok_or_else(refused)
                }
                SecondExchange::NewItem => Ok(self.make_item()),
            };
        }
        let made = self.make_item();
        self.exchanged
            .insert(public_token.to_owned(), made.0.clone());
        Ok(made)
    }

    fn key(&self, key_id: &KeyId) -> Option<VerificationKey> {
        let mut keys = self.keys.iter();
        keys.find(|key| key.key_id == key_id.as_str()).cloned()
    }

    fn snapshot(&self, access_token: &AccessToken) -> Result<ItemSnapshot, PlaidFailure> {
        if !self.items.contains_key(access_token.expose()) {
            return Err(refusal("ITEM_ERROR", "ITEM_NOT_FOUND"));
        }
        let first_platypus = || Institution {
            institution_id: InstitutionId::new("ins_109508"),
            name: Some("First Platypus Bank".to_owned()),
        };
        let institution = self.institution.clone();
        Ok(ItemSnapshot {
            institution: Some(institution.unwrap_or_else(first_platypus)),
            health: self.health.clone().unwrap_or(Health::Good),
            consent_expires_at: None,
            webhook: self.webhook.clone(),
            accounts: Vec::new(),
            request_id: PlaidRequestId::new("plaid-request"),
        })
    }
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
        let number = world.link_requests.len();
        Ok(CreatedLinkToken {
            link_token: LinkToken::new(format!("link-sandbox-canary-{number:04}")),
            expiration: Timestamp::UNIX_EPOCH,
            hosted_link_url: request
                .hosted
                .as_ref()
                .map(|_| "https://hosted.example/1".to_owned()),
            request_id: PlaidRequestId::new("plaid-request"),
        })
    }
}

impl LinkOutcomes for MemoryPlaid {
    async fn link_outcome(
        &self,
        link_token: &LinkToken,
        _deadline: Deadline,
    ) -> Result<LinkOutcome, PlaidFailure> {
        let world = self.begin("link_token_get")?;
        let outcome = world.link_outcomes.get(link_token.expose()).cloned();
        outcome.ok_or_else(|| refusal("INVALID_INPUT", "INVALID_LINK_TOKEN"))
    }
}

impl PublicTokens for MemoryPlaid {
    async fn exchange(
        &self,
        public_token: &PublicToken,
        _deadline: Deadline,
    ) -> Result<ExchangedItem, PlaidFailure> {
        let mut world = self.begin("exchange")?;
        let (access_token, item_id) = world.exchange(public_token.expose())?;
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
        Ok(ItemSnapshot {
            accounts: world.accounts.clone(),
            ..world.snapshot(access_token)?
        })
    }
}

impl Items for MemoryPlaid {
    async fn item(
        &self,
        access_token: &AccessToken,
        _deadline: Deadline,
    ) -> Result<ItemSnapshot, PlaidFailure> {
        self.begin("item")?.snapshot(access_token)
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
        let mut world = self.begin("processor_token")?;
        let item_id = world.items.get(access_token.expose()).cloned();
        let item_id = item_id.ok_or_else(|| refusal("ITEM_ERROR", "ITEM_NOT_FOUND"))?;
        let mut accounts = world.accounts.iter();
        if !accounts.any(|account| account.account_id == *account_id) {
            return Err(refusal("INVALID_INPUT", "INVALID_ACCOUNT_ID"));
        }
        let made = world
            .processor_tokens
            .entry((item_id, account_id.clone()))
            .or_default();
        *made += 1;
        let suffix = if *made == 1 {
            String::new()
        } else {
            format!("-{made}")
        };
        Ok(ProcessorToken::new(format!(
            "processor-sandbox-{account_id}{suffix}"
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

impl WebhookUrls for MemoryPlaid {
    async fn update_webhook(
        &self,
        _access_token: &AccessToken,
        url: &str,
        _deadline: Deadline,
    ) -> Result<(), PlaidFailure> {
        self.begin("update_webhook")?.webhook = Some(url.to_owned());
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
        Ok(world.key(key_id))
    }
}
