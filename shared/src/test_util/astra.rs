//! Astra in memory: users who authorise us, tokens that end, accounts that are made and
//! deleted, and failures that a test asks for. It keeps the rules that Astra documents, and
//! those that its simulator assumes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::FixedClock;
use crate::domain::{
    AstraAccessToken, AstraAccountId, AstraAuthorizationCode, AstraCaller, AstraError,
    AstraFailure, AstraRefreshToken, AstraRequestId, AstraTokens, AstraUserId, Deadline,
    InstitutionId, ProcessorToken,
};
use crate::ports::{
    AstraAccountRemoval, AstraAuthorizations, AstraClientId, AstraHandOver, AstraUsers, Clock,
};

/// A token's life: ten days.
const TOKEN_SECONDS: i64 = 864_000;
/// A code's life: five minutes.
const CODE_SECONDS: i64 = 300;

/// Astra in memory.
pub struct FakeAstra {
    clock: FixedClock,
    world: Mutex<AstraWorld>,
}

/// What is true at Astra, for a test to look at and to arrange.
#[derive(Default)]
pub struct AstraWorld {
    /// The accounts of all users, in the order of their making.
    pub accounts: Vec<FakeAccount>,
    /// What an account gets that is there already.
    pub repeat: AccountRepeat,
    /// Whether a refresh token is good once; by default it is good for ten days.
    pub refresh_once: bool,
    /// The bank account that a processor token stands for; one that is not here stands for a
    /// bank account of its own.
    pub bank_accounts: BTreeMap<String, String>,
    /// Processor tokens that Plaid no longer takes.
    pub dead_processor_tokens: BTreeSet<String>,
    /// The calls, in order.
    pub calls: Vec<&'static str>,
    /// Failures of the next calls, by name.
    pub failures: BTreeMap<&'static str, VecDeque<AstraFailure>>,
    users: BTreeMap<AstraUserId, FakeUser>,
    /// Tokens, codes and ids are counted.
    made: u32,
}

/// An account at Astra.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeAccount {
    /// Its id.
    pub account_id: AstraAccountId,
    /// Whose it is.
    pub user_id: AstraUserId,
    /// The processor token that it was made of.
    pub processor_token: String,
    /// Its bank, as it was told.
    pub institution_id: Option<InstitutionId>,
    /// While there are some, it cannot be deleted.
    pub active_routines: u32,
    /// Whether it is gone.
    pub deleted: bool,
}

/// What an account gets that is handed over while it is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccountRepeat {
    /// `Account Already Exists`, as documented.
    #[default]
    Refuse,
    /// A second account.
    SecondAccount,
}

/// What a user has given and got.
#[derive(Default)]
struct FakeUser {
    /// Codes that are not used up, with the URI they are for and the end of their life.
    codes: BTreeMap<String, (String, Timestamp)>,
    /// The newest access token and the end of its life. No other one works.
    access: Option<(String, Timestamp)>,
    /// Refresh tokens with the URI they are for and the end of their life.
    refresh: BTreeMap<String, (String, Timestamp)>,
}

impl FakeUser {
    fn is_acted_for(&self, access_token: &str, now: Timestamp) -> bool {
        let newest = self.access.as_ref();
        newest.is_some_and(|(token, until)| token == access_token && now < *until)
    }
}

impl AstraWorld {
    /// The accounts that are not deleted.
    pub fn live_accounts(&self) -> impl Iterator<Item = &FakeAccount> {
        self.accounts.iter().filter(|account| !account.deleted)
    }

    /// An account, for a test to change.
    pub fn account_mut(&mut self, account_id: &AstraAccountId) -> Option<&mut FakeAccount> {
        let mut accounts = self.accounts.iter_mut();
        accounts.find(|account| account.account_id == *account_id)
    }

    /// Ends all tokens and codes of a user, as their word to Astra does.
    pub fn revoke(&mut self, user_id: &AstraUserId) {
        if let Some(user) = self.users.get_mut(user_id) {
            *user = FakeUser::default();
        }
    }

    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("astra-{what}-canary-{}", self.made)
    }

    fn user(&self, token: &AstraAccessToken, now: Timestamp) -> Result<AstraUserId, AstraFailure> {
        let mut users = self.users.iter();
        let owner = users.find(|(_, user)| user.is_acted_for(token.expose(), now));
        let owner = owner.map(|(user_id, _)| user_id.clone());
        owner.ok_or_else(|| astra_refusal(401, "the access_token is not valid"))
    }

    fn give_tokens(&mut self, user_id: &AstraUserId, uri: &str, now: Timestamp) -> AstraTokens {
        let (access, refresh) = (self.next("access"), self.next("refresh"));
        let until = later(now, TOKEN_SECONDS);
        let user = self.users.entry(user_id.clone()).or_default();
        user.access = Some((access.clone(), until));
        let its_life = (uri.to_owned(), until);
        user.refresh.insert(refresh.clone(), its_life);
        AstraTokens {
            access: AstraAccessToken::new(access),
            refresh: Some(AstraRefreshToken::new(refresh)),
            expires_in: Duration::from_secs(TOKEN_SECONDS.unsigned_abs()),
        }
    }

    fn redeem(&mut self, code: &str, uri: &str, now: Timestamp) -> Option<AstraTokens> {
        let mut users = self.users.iter_mut();
        let (user_id, (its_uri, until)) =
            users.find_map(|(id, user)| Some((id.clone(), user.codes.remove(code)?)))?;
        (its_uri == uri && now < until).then(|| self.give_tokens(&user_id, uri, now))
    }

    fn refresh(&mut self, token: &str, uri: &str, now: Timestamp) -> Option<AstraTokens> {
        let mut users = self.users.iter_mut();
        let (user_id, user) = users.find(|(_, user)| user.refresh.contains_key(token))?;
        let (its_uri, until) = user.refresh.get(token)?;
        if its_uri != uri || now >= *until {
            return None;
        }
        if self.refresh_once {
            user.refresh.remove(token);
        }
        let user_id = user_id.clone();
        Some(self.give_tokens(&user_id, uri, now))
    }

    /// The same bank account of the same user, alive.
    fn is_there(&self, user_id: &AstraUserId, processor_token: &str) -> bool {
        let bank_account = |token| self.bank_accounts.get(token).map_or(token, String::as_str);
        let wanted = bank_account(processor_token);
        self.live_accounts().any(|account| {
            account.user_id == *user_id && bank_account(&account.processor_token) == wanted
        })
    }

    fn hand_over(
        &mut self,
        user_id: AstraUserId,
        processor_token: &str,
        institution_id: Option<&InstitutionId>,
    ) -> Result<AstraAccountId, AstraFailure> {
        if self.dead_processor_tokens.contains(processor_token) {
            let said = "Plaid refuses the processor_token: INVALID_PROCESSOR_TOKEN";
            return Err(astra_refusal(400, said));
        }
        if self.repeat == AccountRepeat::Refuse && self.is_there(&user_id, processor_token) {
            return Err(astra_refusal(400, "Account Already Exists"));
        }
        self.made += 1;
        let account_id = AstraAccountId::new(format!("astra-account-{}", self.made));
        self.accounts.push(FakeAccount {
            account_id: account_id.clone(),
            user_id,
            processor_token: processor_token.to_owned(),
            institution_id: institution_id.cloned(),
            active_routines: 0,
            deleted: false,
        });
        Ok(account_id)
    }
}

impl FakeAstra {
    /// An Astra that nobody uses yet, and that goes by this clock.
    pub fn new(clock: &FixedClock) -> Self {
        Self {
            clock: clock.clone(),
            world: Mutex::default(),
        }
    }

    /// What is true at Astra.
    pub fn world(&self) -> MutexGuard<'_, AstraWorld> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the next call of this name fail, without any effect.
    pub fn fail(&self, call: &'static str, failure: AstraFailure) {
        let mut world = self.world();
        world.failures.entry(call).or_default().push_back(failure);
    }

    /// This user authorises us on Astra's page, and comes back to this URI with a code.
    pub fn authorize(&self, user: &str, redirect_uri: &str) -> AstraAuthorizationCode {
        let mut world = self.world();
        let code = world.next("code");
        let until = later(self.clock.now(), CODE_SECONDS);
        let user = world.users.entry(AstraUserId::new(user)).or_default();
        user.codes
            .insert(code.clone(), (redirect_uri.to_owned(), until));
        AstraAuthorizationCode::new(code)
    }

    /// The tokens of a user who authorises us at once.
    pub fn connect(&self, user: &str, redirect_uri: &str) -> AstraTokens {
        let now = self.clock.now();
        let user_id = AstraUserId::new(user);
        self.world().give_tokens(&user_id, redirect_uri, now)
    }

    /// Whose access token it is, while it works.
    pub fn user_of(&self, access_token: &AstraAccessToken) -> Option<AstraUserId> {
        self.world().user(access_token, self.clock.now()).ok()
    }

    fn begin(&self, call: &'static str) -> Result<MutexGuard<'_, AstraWorld>, AstraFailure> {
        let mut world = self.world();
        world.calls.push(call);
        match world.failures.get_mut(call).and_then(VecDeque::pop_front) {
            Some(failure) => Err(failure),
            None => Ok(world),
        }
    }

    fn begin_for(
        &self,
        call: &'static str,
        access_token: &AstraAccessToken,
    ) -> Result<(MutexGuard<'_, AstraWorld>, AstraUserId), AstraFailure> {
        let world = self.begin(call)?;
        let user_id = world.user(access_token, self.clock.now())?;
        Ok((world, user_id))
    }
}

/// A refusal of a user's call.
pub fn astra_refusal(http_status: u16, description: &str) -> AstraFailure {
    refused(AstraCaller::User, http_status, None, description)
}

/// A refusal of the token endpoint, such as `invalid_grant`.
pub fn astra_token_refusal(code: &str) -> AstraFailure {
    let http_status = if code == "invalid_client" { 401 } else { 400 };
    refused(AstraCaller::Us, http_status, Some(code), "it is refused")
}

fn refused(
    caller: AstraCaller,
    http_status: u16,
    code: Option<&str>,
    description: &str,
) -> AstraFailure {
    let error = AstraError {
        http_status,
        caller,
        code: code.map(str::to_owned),
        description: Some(description.to_owned()),
        request_id: Some(AstraRequestId::new("astra-request")),
    };
    AstraFailure::Refused {
        error: Box::new(error),
        after_lost_answer: false,
    }
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.saturating_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

impl AstraClientId for FakeAstra {
    async fn astra_client_id(&self) -> Result<String, AstraFailure> {
        drop(self.begin("astra_client_id")?);
        Ok("astra-client-id".to_owned())
    }
}

impl AstraAuthorizations for FakeAstra {
    async fn redeem(
        &self,
        code: &AstraAuthorizationCode,
        redirect_uri: &str,
        _deadline: Deadline,
    ) -> Result<AstraTokens, AstraFailure> {
        let tokens = self
            .begin("redeem")?
            .redeem(code.expose(), redirect_uri, self.clock.now());
        tokens.ok_or_else(|| astra_token_refusal("invalid_grant"))
    }

    async fn refresh(
        &self,
        refresh_token: &AstraRefreshToken,
        redirect_uri: &str,
        _deadline: Deadline,
    ) -> Result<AstraTokens, AstraFailure> {
        let tokens =
            self.begin("refresh")?
                .refresh(refresh_token.expose(), redirect_uri, self.clock.now());
        tokens.ok_or_else(|| astra_token_refusal("invalid_grant"))
    }
}

impl AstraUsers for FakeAstra {
    async fn astra_user(
        &self,
        access_token: &AstraAccessToken,
        _deadline: Deadline,
    ) -> Result<AstraUserId, AstraFailure> {
        let (world, user_id) = self.begin_for("astra_user", access_token)?;
        drop(world);
        Ok(user_id)
    }
}

impl AstraHandOver for FakeAstra {
    async fn hand_over(
        &self,
        access_token: &AstraAccessToken,
        processor_token: &ProcessorToken,
        institution_id: Option<&InstitutionId>,
        _deadline: Deadline,
    ) -> Result<AstraAccountId, AstraFailure> {
        let (mut world, user_id) = self.begin_for("hand_over", access_token)?;
        world.hand_over(user_id, processor_token.expose(), institution_id)
    }

    async fn astra_accounts(
        &self,
        access_token: &AstraAccessToken,
        _deadline: Deadline,
    ) -> Result<Vec<AstraAccountId>, AstraFailure> {
        let (world, user_id) = self.begin_for("astra_accounts", access_token)?;
        let own = world
            .live_accounts()
            .filter(|account| account.user_id == user_id);
        let mut ids: Vec<_> = own.map(|account| account.account_id.clone()).collect();
        // The newest first, as Astra has them.
        ids.reverse();
        Ok(ids)
    }

    async fn astra_account_exists(
        &self,
        access_token: &AstraAccessToken,
        account_id: &AstraAccountId,
        _deadline: Deadline,
    ) -> Result<bool, AstraFailure> {
        let (world, user_id) = self.begin_for("astra_account_exists", access_token)?;
        let mut accounts = world.live_accounts();
        Ok(accounts.any(|one| one.account_id == *account_id && one.user_id == user_id))
    }
}

impl AstraAccountRemoval for FakeAstra {
    async fn delete_astra_account(
        &self,
        access_token: &AstraAccessToken,
        account_id: &AstraAccountId,
        _deadline: Deadline,
    ) -> Result<(), AstraFailure> {
        let (mut world, user_id) = self.begin_for("delete_astra_account", access_token)?;
        let account = world.account_mut(account_id);
        let Some(account) = account.filter(|one| one.user_id == user_id && !one.deleted) else {
            return Ok(());
        };
        if account.active_routines > 0 {
            return Err(astra_refusal(400, "the account has active routines"));
        }
        account.deleted = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
