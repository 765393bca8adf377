//! A user in Link, who speaks to the simulator as Link's pages do.

use serde_json::{Value, json};

use crate::support::Plaid;

/// A user in Link.
pub struct User<'a> {
    pub plaid: &'a Plaid,
    pub link_token: String,
    pub session: Value,
}

impl<'a> User<'a> {
    /// Opens Link with a new token.
    pub async fn opens(plaid: &'a Plaid, more: Value) -> Self {
        let link_token = link_token(plaid, more).await;
        Self::opens_with(plaid, &link_token).await
    }

    pub async fn opens_with(plaid: &'a Plaid, link_token: &str) -> Self {
        let mut user = Self {
            plaid,
            link_token: link_token.to_owned(),
            session: Value::Null,
        };
        let answer = user.takes(json!({"name": "open"})).await;
        user.session = answer["link_session_id"].clone();
        user
    }

    pub async fn tries(&self, step: Value) -> (u16, Value) {
        let body = json!({
            "link_token": self.link_token,
            "link_session_id": self.session,
            "step": step,
        });
        post(self.plaid, "/link/v2/session", &body).await
    }

    /// A step that is in order.
    pub async fn takes(&self, step: Value) -> Value {
        let (status, body) = self.tries(step).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub async fn chooses(&self, institution_id: &str) -> Value {
        self.takes(json!({"name": "consent"})).await;
        self.takes(json!({"name": "institution", "institution_id": institution_id}))
            .await
    }

    pub async fn logs_in(&self, username: &str, password: &str) -> Value {
        let step = json!({"name": "credentials", "username": username, "password": password});
        self.takes(step).await
    }

    /// Shares the account of this name out of those that `answer` offers.
    pub async fn shares(&self, answer: &Value, name: &str) -> Value {
        let accounts = answer["view"]["accounts"].as_array().unwrap();
        let account = accounts.iter().find(|account| account["name"] == name);
        let step = json!({"name": "accounts", "account_ids": [account.unwrap()["id"]]});
        self.takes(step).await
    }

    pub async fn sessions(&self) -> Vec<Value> {
        let body = json!({"link_token": self.link_token});
        let answer = self.plaid.call("/link/token/get", body).await.ok();
        answer["link_sessions"].as_array().unwrap().clone()
    }
}

pub async fn post(plaid: &Plaid, path: &str, body: &Value) -> (u16, Value) {
    let request = plaid.http.post(format!("{}{path}", plaid.base)).json(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

pub async fn create(plaid: &Plaid, more: Value) -> Value {
    let mut body = json!({
        "client_name": "Test",
        "country_codes": ["US"],
        "language": "en",
        "products": ["auth"],
        "user": {"client_user_id": "u"},
    });
    if more.get("access_token").is_some() {
        body.as_object_mut().unwrap().remove("products");
    }
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    plaid.call("/link/token/create", body).await.ok()
}

pub async fn link_token(plaid: &Plaid, more: Value) -> String {
    let answer = create(plaid, more).await;
    answer["link_token"].as_str().unwrap().to_owned()
}

pub fn names(answer: &Value) -> Vec<&str> {
    let events = answer["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["name"].as_str().unwrap())
        .collect()
}
