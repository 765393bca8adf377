//! The events that functions get, each for a user of its own.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Failure;
use crate::people::{People, text};

/// A webhook's body has about this many bytes.
const BODY: usize = 2048;

/// Makes events for one function.
pub(super) struct Work<'a> {
    people: &'a People,
    function: &'static str,
}

impl<'a> Work<'a> {
    pub(super) fn of(people: &'a People, function: &'static str) -> Self {
        Self { people, function }
    }

    /// The next event. Nothing of this is measured.
    pub(super) async fn next(&self) -> Result<Value, Failure> {
        match self.function {
            "create-link-token" => {
                let sample = include_str!("../../../../events/create-link-token.json");
                Self::of_a_user(sample, &json!({}))
            }
            "exchange-and-processor-token" => {
                let sample = include_str!("../../../../events/exchange-and-processor-token.json");
                let body = self.people.after_link().await?;
                Self::of_a_user(sample, &body)
            }
            _ => self.webhook().await,
        }
    }

    /// Whether the answer is that of work well done.
    pub(super) fn check(&self, answer: &Value) -> Result<(), Failure> {
        let status = answer.get("statusCode").and_then(Value::as_u64);
        match status {
            Some(200 | 201) => Ok(()),
            _ => Err(format!("{} answers {answer}", self.function).into()),
        }
    }

    fn of_a_user(sample: &str, body: &Value) -> Result<Value, Failure> {
        let mut event: Value = serde_json::from_str(sample)?;
        let user = format!("user-{}", Uuid::new_v4());
        set(
            &mut event,
            "/requestContext/authorizer/jwt/claims/sub",
            user.into(),
        )?;
        set(&mut event, "/body", body.to_string().into())?;
        Ok(event)
    }

    /// A webhook of an Item that nobody knows: it is kept all the same.
    async fn webhook(&self) -> Result<Value, Failure> {
        let wish = json!({
            "url": self.people.address.gateway,
            "body": {
                "webhook_type": "ITEM",
                "webhook_code": "ERROR",
                "item_id": Uuid::new_v4().to_string(),
                "environment": "sandbox",
                "error": { "error_code": "ITEM_LOGIN_REQUIRED", "error_message": "x".repeat(BODY - 300) },
            },
        });
        let signed = self
            .people
            .ask_plaid("/simulator/webhooks/sign", &wish)
            .await?;
        let mut event: Value =
            serde_json::from_str(include_str!("../../../../events/webhook-receipt.json"))?;
        let signature = text(&signed, "plaid_verification")?;
        set(&mut event, "/headers/plaid-verification", signature.into())?;
        set(&mut event, "/body", text(&signed, "body")?.into())?;
        Ok(event)
    }
}

fn set(event: &mut Value, pointer: &str, value: Value) -> Result<(), Failure> {
    let place = event.pointer_mut(pointer);
    *place.ok_or_else(|| format!("the sample has no {pointer}"))? = value;
    Ok(())
}
