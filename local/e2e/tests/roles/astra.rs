//! What everybody does at Astra, so that every function that works there does all that it ever
//! does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use e2e::scene::{Failure, SINGLE_ACCOUNT, User};
use e2e::table::{self, Row};
use reqwest::Method;
use serde_json::json;

use crate::story::{Story, text};

impl Story {
    /// A user connects Astra; accounts come there and leave, and every function that works
    /// there has to renew the user's tokens once. The reconciler finishes what an event did
    /// not, and a removal finds out what did not arrive.
    pub(crate) async fn accounts_go_to_astra(&self) -> Result<(), Failure> {
        let erin = self.scene.sign_in("erin").await?;
        // Each Item is of the same account of the bank's.
        let settings = json!({ "account_repeat": "second_account" });
        self.scene.astra("/simulator/settings", &settings).await?;
        // The second time, the permission is given anew.
        for _ in 0..2 {
            self.scene.connect_astra(&erin, "erin@example.com").await?;
        }
        let connection = "/v1/astra/connections";
        self.read(&erin, connection).await?;
        self.expire_at_astra().await?;
        let first = self.link_for(&erin).await?;
        self.scene.wait_for_astra(&erin, &first, "linked").await?;

        let second = self.link_in_vain(&erin).await?;
        self.expire_at_astra().await?;
        self.reconcile_later("USER#erin").await?;
        self.scene.wait_for_astra(&erin, &second, "linked").await?;

        let third = self.link_in_vain(&erin).await?;
        self.expire_at_astra().await?;
        self.wait_out_the_lease("USER#erin").await?;
        for item_id in [third, first] {
            let item = format!("/v1/items/{item_id}");
            self.delete(&erin, &item, 204).await?;
        }
        self.delete(&erin, connection, 204).await
    }

    /// A bank whose account does not arrive at Astra; the event is done with.
    async fn link_in_vain(&self, user: &User) -> Result<String, Failure> {
        let away = json!({ "endpoint": "POST /v1/accounts/processor_token",
            "kind": "cut_connection" });
        self.scene.astra("/simulator/faults", &away).await?;
        let item_id = self.link_for(user).await?;
        self.scene.wait_for_astra(user, &item_id, "waiting").await?;
        self.postponed("USER#erin", "ASTRA").await?;
        Ok(item_id)
    }

    /// Whoever got no answer keeps the lease until nothing can arrive any more.
    async fn wait_out_the_lease(&self, pk: &str) -> Result<(), Failure> {
        for row in table::records_of(&self.scene, pk).await? {
            if table::text(&row, "sk") == Some("ASTRA") {
                self.make_due(row).await?;
            }
        }
        Ok(())
    }

    /// Every user's access token ends at Astra before its time.
    async fn expire_at_astra(&self) -> Result<(), Failure> {
        let users = self.scene.look_at_astra("/simulator/users").await?;
        for user in users["users"].as_array().into_iter().flatten() {
            let control = format!("/simulator/users/{}", text(user, "user_id"));
            let end = json!({ "revoke_access_token": true });
            self.scene.astra(&control, &end).await?;
        }
        Ok(())
    }

    async fn link_for(&self, user: &User) -> Result<String, Failure> {
        let body = self.public_token(SINGLE_ACCOUNT).await?;
        let item = self.ask(user, (Method::POST, "/v1/items"), &body, 201);
        Ok(text(&item.await?.json(), "item_id").to_owned())
    }

    /// Waits until somebody has put this record off.
    async fn postponed(&self, pk: &str, sk: &str) -> Result<(), Failure> {
        let is_put_off = |row: &Row| {
            let soon = SystemTime::now() + Duration::from_mins(10);
            let soon = soon.duration_since(UNIX_EPOCH).unwrap_or_default();
            let due = row.get("due_at").and_then(|due| due.as_n().ok());
            let due = due.and_then(|due| due.parse::<u128>().ok());
            table::text(row, "sk") == Some(sk) && due.is_some_and(|due| due < soon.as_millis())
        };
        table::wait_for(&self.scene, pk, is_put_off).await.map(drop)
    }
}
