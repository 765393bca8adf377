//! Plaid with whatever keys a test puts there, and short names for what every test does.

use std::collections::HashMap;
use std::sync::Mutex;

use plaid_webhook::test_util::WebhookSigner;
use plaid_webhook::{
    KeyCache, KeyId, KeySource, LookupError, Rejection, SignedWebhook, Timestamp, UnverifiedToken,
    VerificationKey, VerifyError,
};
use tokio::sync::Semaphore;

pub const NOW: i64 = 1_795_000_000;
pub const BODY: &[u8] = b"{\n  \"webhook_code\": \"ERROR\"\n}";
pub const KID: &str = "kid-1";

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOW + second).unwrap()
}

/// One webhook against one key.
pub fn verify(token: &str, body: &[u8], key: &VerificationKey) -> Result<SignedWebhook, Rejection> {
    UnverifiedToken::read(Some(token))?
        .with_body(body, at(0))?
        .verify(key)
}

/// Why a token is refused that the signer signed for the usual body just now.
pub fn refusal(token: &str, signer: &WebhookSigner) -> Rejection {
    verify(token, BODY, &signer.key()).unwrap_err()
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Plaid is down")]
pub struct Down;

pub type Verdict = Result<SignedWebhook, VerifyError<Down>>;

/// Plaid's endpoint for keys.
pub struct Plaid {
    keys: Mutex<HashMap<String, VerificationKey>>,
    lookups: Mutex<Vec<String>>,
    down: Mutex<bool>,
    /// A lookup needs a permit of its key's gate, if there is one.
    gates: HashMap<String, Semaphore>,
}

impl Plaid {
    pub fn without_keys() -> Self {
        Self {
            keys: Mutex::default(),
            lookups: Mutex::default(),
            down: Mutex::default(),
            gates: HashMap::new(),
        }
    }

    pub fn with(signer: &WebhookSigner) -> Self {
        let plaid = Self::without_keys();
        plaid.put(signer.key());
        plaid
    }

    /// Lookups of this key do not end before `open`.
    pub fn gated(mut self, key_id: &str) -> Self {
        self.gates.insert(key_id.to_owned(), Semaphore::new(0));
        self
    }

    pub fn open(&self, key_id: &str) {
        self.gates[key_id].add_permits(Semaphore::MAX_PERMITS / 2);
    }

    pub fn put(&self, key: VerificationKey) {
        self.keys.lock().unwrap().insert(key.key_id.clone(), key);
    }

    pub fn expire(&self, key_id: &str, expired_at: Timestamp) {
        self.keys
            .lock()
            .unwrap()
            .get_mut(key_id)
            .unwrap()
            .expired_at = Some(expired_at);
    }

    pub fn set_down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }

    pub fn lookups(&self) -> usize {
        self.lookups.lock().unwrap().len()
    }

    pub fn lookups_of(&self, key_id: &str) -> usize {
        let lookups = self.lookups.lock().unwrap();
        lookups.iter().filter(|id| *id == key_id).count()
    }
}

impl KeySource for Plaid {
    type Error = Down;

    async fn key(&self, key_id: &KeyId) -> Result<Option<VerificationKey>, Down> {
        self.lookups.lock().unwrap().push(key_id.to_string());
        match self.gates.get(key_id.as_str()) {
            Some(gate) => gate.acquire().await.unwrap().forget(),
            None => tokio::task::yield_now().await,
        }
        if *self.down.lock().unwrap() {
            return Err(Down);
        }
        Ok(self.keys.lock().unwrap().get(key_id.as_str()).cloned())
    }
}

/// A receiver that asks this Plaid.
pub struct Receiver {
    pub plaid: Plaid,
    pub keys: KeyCache,
}

impl Receiver {
    pub fn of(plaid: Plaid) -> Self {
        Self {
            plaid,
            keys: KeyCache::new(),
        }
    }

    pub async fn receive(&self, token: &str, second: i64) -> Verdict {
        self.receive_body(token, BODY, second).await
    }

    pub async fn receive_body(&self, token: &str, body: &[u8], second: i64) -> Verdict {
        self.keys
            .verify(&self.plaid, Some(token), body, at(second))
            .await
    }

    /// A webhook that this signer signs as it arrives.
    pub async fn genuine(&self, signer: &WebhookSigner, second: i64) -> Verdict {
        self.receive(&signer.sign(BODY, at(second)), second).await
    }

    /// A stranger's webhook that names this key.
    pub async fn naming(&self, stranger: &WebhookSigner, kid: &str, second: i64) -> Verdict {
        let header = format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#);
        let token = stranger.sign_with_header(&header, BODY, at(second));
        self.receive(&token, second).await
    }
}

pub fn rejected(rejection: Rejection) -> Verdict {
    Err(VerifyError::Rejected(rejection))
}

pub fn undecided(error: LookupError<Down>) -> Verdict {
    Err(VerifyError::Undecided(error))
}
