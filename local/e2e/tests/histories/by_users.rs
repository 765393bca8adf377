//! What users do: they link banks, go through update mode, ask for tokens, remove Items.

use serde_json::{Value, json};

use crate::scene::{Scene, Session};

/// Banks and their users, each with what its Item has.
const BANKS: [(&str, &str); 7] = [
    // One account.
    ("ins_109508", "user_single"),
    ("ins_109508", "user_single"),
    // PNC: a new token after each update mode.
    ("ins_13", "user_single"),
    ("ins_13", "user_good"),
    // Two accounts.
    ("ins_127287", "user_good"),
    // One that Plaid will verify, one that the user will.
    ("ins_109512", "microdeposits_good"),
    ("ins_109508", "microdeposits_same_day"),
];
/// Calls at which an exchange freezes: before the Item is recorded, and while it is linked.
const MID_EXCHANGE: [&str; 4] = ["record_item", "finish", "accounts", "exchange"];

impl Scene {
    fn any_user(&mut self) -> String {
        format!("user-{}", 1 + self.dice.below(2))
    }

    /// A user links a bank.
    pub(crate) async fn link(&mut self) {
        let user = self.any_user();
        let (bank, username) = self.dice.one_of(&BANKS);
        self.tell(format!("{user} links {bank} as {username}"));
        match self.dice.below(6) {
            0 => self.link_on_plaids_page(&user, bank, username).await,
            1 => {
                let body = json!({});
                let Some(session) = self.open_session(&user, "", &body).await else {
                    return;
                };
                let ended = self.run_link(&session, bank, username).await;
                self.exchange(&user, &ended["public_token"]).await;
            }
            _ => {
                let body = json!({
                    "institution_id": bank,
                    "initial_products": ["auth"],
                    "options": { "override_username": username, "webhook": self.webhook_url },
                });
                let made = self
                    .sandbox
                    .call("/sandbox/public_token/create", &body)
                    .await;
                self.exchange(&user, &made["public_token"]).await;
            }
        }
    }

    async fn exchange(&mut self, user: &str, public_token: &Value) {
        let freeze_at = self.dice.one_in(3).then(|| self.dice.one_of(&MID_EXCHANGE));
        let work = self
            .functions
            .exchange(user, &json!({ "public_token": public_token }));
        self.invoke("exchange", freeze_at, work).await;
    }

    async fn link_on_plaids_page(&mut self, user: &str, bank: &str, username: &str) {
        let body = json!({ "hosted_link": {} });
        let Some(session) = self.open_session(user, "", &body).await else {
            return;
        };
        self.run_link(&session, bank, username).await;
    }

    async fn run_link(&mut self, session: &Session, bank: &str, username: &str) -> Value {
        let body = json!({
            "link_token": session.link_token,
            "institution_id": bank,
            "username": username,
        });
        self.sandbox
            .control("/simulator/link-sessions", &body)
            .await
    }

    async fn open_session(&mut self, user: &str, item_id: &str, body: &Value) -> Option<Session> {
        let work = self.functions.create_link_token(user, body);
        let told = self.invoke("link token", None, work).await?;
        let session = Session {
            user: user.to_owned(),
            link_id: told.text("link_id").to_owned(),
            link_token: told.text("link_token").to_owned(),
            item_id: item_id.to_owned(),
            ended: false,
        };
        (told.status == 201).then_some(session)
    }

    /// A user opens update mode, or goes on with it.
    pub(crate) async fn update(&mut self, item_id: &str, truth: &Value) {
        let known = self.sessions.iter().position(|s| s.item_id == item_id);
        if let Some(position) = known {
            let session = self.sessions.remove(position);
            self.go_on_with(session).await;
            return;
        }
        let Some(user) = self.owner(item_id) else {
            return;
        };
        if truth["error"] == "USER_PERMISSION_REVOKED" {
            return;
        }
        let mut body = json!({ "item_id": item_id });
        if self.dice.one_in(4) {
            body["hosted_link"] = json!({});
        }
        if let Some(session) = self.open_session(&user, item_id, &body).await {
            self.tell("update mode is open");
            self.go_on_with(session).await;
        }
    }

    /// The user does what is next in update mode, or leaves it for later or for good.
    async fn go_on_with(&mut self, mut session: Session) {
        if !session.ended {
            let alive = self.truth(&session.item_id).await["state"] == "live";
            if !alive || self.dice.one_in(5) {
                self.tell("update mode is left open");
                return;
            }
            self.end_update_mode(&mut session).await;
        }
        match self.dice.below(4) {
            0 => self.sessions.push(session),
            1 => self.tell("the tab is closed"),
            _ => self.refresh(&session.item_id.clone()).await,
        }
    }

    async fn end_update_mode(&mut self, session: &mut Session) {
        session.ended = true;
        let truth = self.truth(&session.item_id).await;
        let revoked = truth["error"] == "USER_PERMISSION_REVOKED";
        let exit = revoked || self.dice.one_in(3);
        let mut body = json!({ "link_token": session.link_token });
        if exit {
            body["exit"] = true.into();
        }
        if self.is_over(session) {
            return;
        }
        self.sandbox
            .control("/simulator/link-sessions", &body)
            .await;
        self.tell(format!("update mode ended, left: {exit}"));
        if exit && self.dice.one_in(2) {
            let work = self.functions.report_exit(&session.user, &session.link_id);
            self.invoke("exit", None, work).await;
        }
    }

    /// Whether the session's token is dead.
    fn is_over(&self, session: &Session) -> bool {
        let records = self.store.records();
        let mut sessions = records.sessions.iter();
        let found = sessions.find(|stored| stored.link_id.as_str() == session.link_id);
        found.is_none_or(|stored| stored.expires_at <= self.sandbox.now())
    }

    fn owner(&self, item_id: &str) -> Option<String> {
        Some(self.stored(item_id)?.user_id.to_string())
    }

    pub(crate) async fn refresh(&mut self, item_id: &str) {
        let Some(user) = self.owner(item_id) else {
            return;
        };
        let freeze_at = self.dice.one_in(4).then_some("replace");
        let work = self.functions.refresh(&user, item_id);
        self.invoke("refresh", freeze_at, work).await;
    }

    /// The user wants a token for an account, mostly one that could have it.
    pub(crate) async fn ask_for_token(&mut self, item_id: &str, truth: &Value) {
        let accounts = account_ids(truth);
        let (Some(user), false) = (self.owner(item_id), accounts.is_empty()) else {
            return;
        };
        let account_id = accounts[self.dice.below(accounts.len())].clone();
        let freeze_at = self.dice.one_in(4).then_some("replace");
        let work = self.functions.processor_token(&user, item_id, &account_id);
        self.invoke("processor token", freeze_at, work).await;
    }

    pub(crate) async fn remove(&mut self, item_id: &str) {
        let Some(user) = self.owner(item_id) else {
            return;
        };
        let freeze_at = self
            .dice
            .one_in(4)
            .then(|| self.dice.one_of(&["replace", "remove_item"]));
        let work = self.functions.remove(&user, item_id);
        self.invoke("remove", freeze_at, work).await;
    }
}

pub(crate) fn account_ids(truth: &Value) -> Vec<String> {
    let accounts = truth["accounts"].as_array().into_iter().flatten();
    let ids = accounts.filter_map(|account| account["account_id"].as_str());
    ids.map(str::to_owned).collect()
}
