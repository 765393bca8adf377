//! A history from its beginning to its verdict.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use crate::post::Address;
use crate::sandbox::Sandbox;
use crate::scene::Scene;
use crate::summary::Summary;
use crate::verdict;

/// Plays this seed. What went wrong is told with everything that happened.
pub(crate) async fn play(
    seed: u64,
    sandbox: &Arc<Sandbox>,
    address: &Address,
) -> Result<Summary, String> {
    sandbox.begin().await;
    let mut scene = Scene::new(seed, Arc::clone(sandbox), address);
    let played = AssertUnwindSafe(scene.play()).catch_unwind().await;
    let mut wrong = std::mem::take(&mut scene.wrong);
    if played.is_err() {
        wrong.push("the history itself failed, as printed above".to_owned());
    } else {
        wrong.extend(verdict::of(&scene).await);
    }
    if wrong.is_empty() {
        return Ok(Summary::of(&scene));
    }
    Err(format!(
        "HISTORY_SEED={seed}\n{}\n\n{}",
        wrong.join("\n"),
        scene.protocol()
    ))
}

impl Scene {
    async fn play(&mut self) {
        if self.silent {
            self.tell("some truths change silently");
        }
        self.link().await;
        self.sandbox.settled().await;
        for _ in 0..7 + self.dice.below(6) {
            self.act().await;
            self.sandbox.settled().await;
        }
        self.end().await;
    }

    async fn act(&mut self) {
        let Some(item_id) = self.any_item() else {
            self.act_without_item().await;
            return;
        };
        let truth = self.truth(&item_id).await;
        if truth["state"] != "live" {
            self.act_after_removal(&item_id).await;
            return;
        }
        match self.dice.below(100) {
            0..14 => self.change_login(&item_id, &truth).await,
            14..24 => self.change_accounts(&item_id, &truth).await,
            24..32 => self.announce(&item_id).await,
            32..36 => self.lie(&item_id).await,
            36..42 => self.command(&item_id, &truth).await,
            42..44 => self.send_something_unknown(&item_id).await,
            44..52 => self.update(&item_id, &truth).await,
            52..57 => self.ask_for_token(&item_id, &truth).await,
            57..59 => self.remove(&item_id).await,
            59..61 => self.refresh(&item_id).await,
            61 => self.vanish(&item_id).await,
            62 => self.storm(&item_id).await,
            _ => self.act_without_item().await,
        }
    }

    async fn act_after_removal(&mut self, item_id: &str) {
        match self.dice.below(6) {
            0 => self.lie(item_id).await,
            1 => self.announce(item_id).await,
            _ => self.act_without_item().await,
        }
    }

    /// What goes on whichever Item there is.
    async fn act_without_item(&mut self) {
        match self.dice.below(36) {
            0..13 => self.stream().await,
            13..18 => self.reconcile().await,
            18..28 => self.let_time_pass().await,
            28..31 => self.release().await,
            31 => self.late_mail().await,
            32 => self.rotate_key().await,
            33 | 34 => self.plaid_is_away(),
            _ if self.handed().len() < 3 && self.dice.one_in(2) => self.link().await,
            _ => self.repeat_a_letter().await,
        }
    }

    fn any_item(&mut self) -> Option<String> {
        let handed = self.handed();
        (!handed.is_empty()).then(|| handed[self.dice.below(handed.len())].clone())
    }

    fn protocol(&self) -> String {
        let records = self.store.records();
        let items = records.items.values();
        let items: Vec<String> = items.map(|item| format!("{item:#?}")).collect();
        let mail = self.mailbox.mail();
        let letters = mail.letters.iter().map(|letter| {
            let (kind, code) = letter.kind();
            let n = &letter.said["n"];
            let (issued, arrived) = (letter.issued_at, letter.arrived_at);
            format!(
                "{kind} {code} {n} signed {issued} came {arrived}: {}",
                letter.status
            )
        });
        let letters: Vec<String> = letters.collect();
        format!(
            "what was done:\n{}\n\nwebhooks that arrived:\n{}\n\nItems:\n{}",
            self.told.join("\n"),
            letters.join("\n"),
            items.join("\n"),
        )
    }
}
