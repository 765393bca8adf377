//! Astra's side of a scene, and a user who goes to its page and back.

use reqwest::Url;
use serde_json::{Value, json};

use crate::scene::{Failure, Reply, Scene, User, text};

impl<S> Scene<S> {
    fn astra_at(&self, path: &str) -> Result<String, Failure> {
        let url = self.place.astra_url.as_deref().ok_or("no Astra")?;
        Ok(format!("{url}{path}"))
    }

    /// Calls a control of Astra's simulator.
    ///
    /// # Errors
    /// No answer comes, or it refuses.
    pub async fn astra(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let answer = self.http.post(self.astra_at(path)?).json(body).send();
        let reply = Reply::read(answer.await?).await?;
        if reply.status.is_success() {
            Ok(reply.json())
        } else {
            Err(reply.text.into())
        }
    }

    /// Reads one of that simulator's controls.
    ///
    /// # Errors
    /// No answer comes.
    pub async fn look_at_astra(&self, path: &str) -> Result<Value, Failure> {
        let answer = self.http.get(self.astra_at(path)?).send();
        Ok(Reply::read(answer.await?).await?.json())
    }

    /// Whatever was to go wrong at Astra, and did not, will not.
    ///
    /// # Errors
    /// No answer comes.
    pub async fn disarm_astra(&self) -> Result<(), Failure> {
        let answer = self.http.delete(self.astra_at("/simulator/faults")?).send();
        Reply::read(answer.await?).await.map(drop)
    }

    /// What the browser comes back with from the page at `url`, once this user of Astra's has
    /// agreed there: the body of `POST /v1/astra/connections`.
    ///
    /// # Errors
    /// The simulator refuses, or sends no code and state.
    pub async fn agree_at_astra(&self, url: &str, email: &str) -> Result<Value, Failure> {
        let visit = json!({ "url": url, "email": email });
        let answer = self.astra("/simulator/authorizations", &visit).await?;
        let address = Url::parse(&text(&answer, "location")?)?;
        let named = |wanted: &str| {
            let mut members = address.query_pairs();
            let found = members.find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.into_owned())
        };
        let (code, state) = (named("code"), named("state"));
        Ok(json!({ "code": code.ok_or("no code")?, "state": state.ok_or("no state")? }))
    }

    /// The same for a user of ours, who is sent there now.
    ///
    /// # Errors
    /// The user is not sent there, or does not come back.
    pub async fn come_back_from_astra(&self, user: &User, email: &str) -> Result<Value, Failure> {
        let page = self
            .post(user, "/v1/astra/authorizations", &json!({}))
            .await?;
        let url = text(&page.json(), "url").map_err(|_| page.text)?;
        self.agree_at_astra(&url, email).await
    }

    /// Connects the user to this user of Astra's.
    ///
    /// # Errors
    /// It does not work.
    pub async fn connect_astra(&self, user: &User, email: &str) -> Result<(), Failure> {
        let body = self.come_back_from_astra(user, email).await?;
        let made = self.post(user, "/v1/astra/connections", &body).await?;
        if made.status == 201 {
            Ok(())
        } else {
            Err(made.text.into())
        }
    }

    /// The Item, once the first of its accounts with anything at Astra has this status there.
    ///
    /// # Errors
    /// It has not in time.
    pub async fn wait_for_astra(
        &self,
        user: &User,
        item_id: &str,
        status: &str,
    ) -> Result<Value, Failure> {
        let path = format!("/v1/items/{item_id}");
        let there = |reply: &Reply| {
            let item = reply.json();
            let accounts = item.get("accounts").and_then(Value::as_array);
            let mut told = accounts.into_iter().flatten();
            told.find_map(|account| account.pointer("/at_astra/status").cloned())
                .is_some_and(|told| told == status)
        };
        Ok(self.wait_for(user, &path, there).await?.json())
    }
}
