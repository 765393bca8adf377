//! Requests from the sample events of `events/`, as API Gateway sends them.

use lambda_http::{Body, Context, LambdaEvent, Request, RequestExt, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A sample event that a test may change before it becomes a request.
pub struct Event(Value);

impl Event {
    /// Reads a file of `events/`.
    ///
    /// # Panics
    /// The file is not JSON.
    #[expect(clippy::expect_used, reason = "a test without its event cannot go on")]
    pub fn read(json: &str) -> Self {
        Self(serde_json::from_str(json).expect("an event is JSON"))
    }

    /// Replaces what a JSON pointer names, adding the last member if need be.
    #[must_use]
    pub fn set(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
        if let Some(Value::Object(object)) = self.0.pointer_mut(parent) {
            object.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Takes the authorizer's claims away.
    #[must_use]
    pub fn anonymous(self) -> Self {
        self.set("/requestContext/authorizer", Value::Null)
    }

    /// Replaces the body.
    #[must_use]
    pub fn body(self, body: impl Into<String>) -> Self {
        self.set("/body", body.into())
    }

    /// The request, in an invocation that must be over at `deadline` (milliseconds since
    /// 1970).
    ///
    /// # Panics
    /// The event is not one of API Gateway's.
    #[expect(clippy::expect_used, reason = "a test without its event cannot go on")]
    pub fn request(&self, deadline: i64) -> Request {
        let request = lambda_http::request::from_str(&self.0.to_string()).expect("an HTTP event");
        request.with_lambda_context(context(deadline))
    }

    /// The same for a function that is not behind the API.
    ///
    /// # Panics
    /// The event is not one of this function's.
    #[expect(clippy::expect_used, reason = "a test without its event cannot go on")]
    pub fn invocation<T: DeserializeOwned>(self, deadline: i64) -> LambdaEvent<T> {
        let event = serde_json::from_value(self.0).expect("an event of the function's");
        LambdaEvent::new(event, context(deadline))
    }
}

fn context(deadline: i64) -> Context {
    let mut context = Context::default();
    "test-request".clone_into(&mut context.request_id);
    context.deadline = u64::try_from(deadline).unwrap_or_default();
    context
}

/// The answer's body as JSON, or null.
pub fn json(response: &Response<Body>) -> Value {
    match response.body() {
        Body::Text(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => Value::Null,
    }
}
