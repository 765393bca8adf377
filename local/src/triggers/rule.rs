//! Event rules: what EventBridge does with the events on a bus.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::TriggerError;
use super::delivery::Delivery;
use super::pattern::Pattern;
use super::positions::Positions;
use super::stop::{Stop, Stopped};
use crate::aws::events::{DEFAULT_BUS, Event, EventLog, Subscription, bus_name};
use crate::template::EventSource;

/// How many deliveries of one rule are under way at once.
const AT_ONCE: usize = 20;
/// The source of a rule's position.
const EVENTS: &str = "events";

/// What is followed here, and what only AWS has a use for.
const KNOWN: [&str; 10] = [
    "EventBusName",
    "Input",
    "InputPath",
    "Pattern",
    "RetryPolicy",
    "State",
    "Enabled",
    // AWS's, or a name.
    "DeadLetterConfig",
    "RuleName",
    "Target",
];

/// A rule of the template.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    bus: String,
    pattern: Pattern,
    input: Input,
}

/// What the function gets.
#[derive(Clone, Debug, PartialEq)]
enum Input {
    /// The event.
    Event,
    /// This part of it, as in `$.detail`.
    Part(Vec<String>),
    /// Always the same.
    Constant(Value),
}

impl Settings {
    /// Reads an event of type `EventBridgeRule`; `None` for one that is switched off.
    pub(super) fn read(event: &EventSource<'_>) -> Result<Option<Self>, TriggerError> {
        for name in event.property_names() {
            if !KNOWN.contains(&name) {
                return Err(event.unsupported(name).into());
            }
        }
        if super::is_off(event)? {
            return Ok(None);
        }
        let bus: Option<String> = event.property(&["EventBusName"])?;
        let pattern: Option<Value> = event.property(&["Pattern"])?;
        let pattern = pattern.ok_or_else(|| event.missing("Pattern"))?;
        let pattern =
            Pattern::of(&pattern).map_err(|source| TriggerError::pattern(event, source))?;
        Ok(Some(Self {
            bus: bus_name(bus.as_deref().unwrap_or(DEFAULT_BUS)).to_owned(),
            pattern,
            input: Input::read(event)?,
        }))
    }

    fn wants(&self, event: &Event) -> bool {
        event.bus == self.bus && self.pattern.fits(&event.event)
    }
}

impl Input {
    fn read(event: &EventSource<'_>) -> Result<Self, TriggerError> {
        let constant: Option<String> = event.property(&["Input"])?;
        let path: Option<String> = event.property(&["InputPath"])?;
        match (constant, path) {
            (None, None) => Ok(Self::Event),
            (Some(text), None) => match serde_json::from_str(&text) {
                Ok(value) => Ok(Self::Constant(value)),
                Err(_) => Err(event.unsupported("an Input that is not JSON").into()),
            },
            (None, Some(path)) if path.starts_with('$') && !path.contains('[') => {
                let steps = path.split('.').skip(1).map(str::to_owned);
                Ok(Self::Part(steps.collect()))
            }
            (_, Some(path)) => Err(event.unsupported(format!("InputPath {path}")).into()),
        }
    }

    fn of(&self, event: &Value) -> Value {
        match self {
            Self::Event => event.clone(),
            Self::Constant(value) => value.clone(),
            Self::Part(steps) => {
                let part = steps.iter().try_fold(event, |part, step| part.get(step));
                part.cloned().unwrap_or_default()
            }
        }
    }
}

/// One rule with its function.
pub(super) struct Rule {
    pub(super) settings: Settings,
    pub(super) delivery: Delivery,
    pub(super) positions: Positions,
    pub(super) stop: Stop,
}

impl Rule {
    /// Everything that the rule has not delivered. A new rule begins with what comes now.
    pub(super) async fn subscribe(&self, log: &EventLog) -> Subscription {
        let name = &self.delivery.name;
        let known = self.positions.get(name, EVENTS);
        let after = match known.and_then(|known| known.parse().ok()) {
            // Without its file the log counts from the beginning again.
            Some(after) if after <= log.last() => after,
            _ => {
                let last = log.last();
                self.positions.set(name, EVENTS, &last.to_string()).await;
                last
            }
        };
        log.subscribe(after)
    }

    /// Delivers until it is stopped: each event by itself, so that one that fails holds up
    /// no other.
    pub(super) async fn run(mut self, subscription: Subscription) {
        let mut deliveries = Deliveries {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            running: JoinSet::new(),
            open: BTreeSet::new(),
            seen: 0,
        };
        drop(self.deliver_all(subscription, &mut deliveries).await);
        // The moment that invocations under way have.
        while let Some(ended) = deliveries.next().await {
            self.ended(ended, &mut deliveries).await;
        }
    }

    async fn deliver_all(
        &mut self,
        mut subscription: Subscription,
        deliveries: &mut Deliveries,
    ) -> Result<(), Stopped> {
        for event in std::mem::take(&mut subscription.missed) {
            self.deliver(event, deliveries);
        }
        loop {
            tokio::select! {
                event = self.stop.during(subscription.next.recv()) => match event? {
                    Some(event) => {
                        self.deliver(event, deliveries);
                    }
                    None => return Ok(()),
                },
                Some(ended) = deliveries.next() => self.ended(ended, deliveries).await,
            }
        }
    }

    fn deliver(&self, event: Arc<Event>, deliveries: &mut Deliveries) {
        deliveries.seen = event.number;
        if !self.settings.wants(&event) {
            return;
        }
        deliveries.open.insert(event.number);
        let input = self.settings.input.of(&event.event);
        let (mut delivery, places) = (self.delivery.clone(), Arc::clone(&deliveries.places));
        deliveries.running.spawn(async move {
            let place = places.acquire_owned().await;
            let delivered = delivery.deliver(&input, event.put_at).await;
            drop(place);
            delivered.map(|()| event.number)
        });
    }

    /// What is behind all open deliveries need not come again.
    async fn ended(&self, ended: Result<u64, Stopped>, deliveries: &mut Deliveries) {
        let Ok(number) = ended else { return };
        deliveries.open.remove(&number);
        let after = match deliveries.open.first() {
            Some(open) => open - 1,
            None => deliveries.seen,
        };
        self.positions
            .set(&self.delivery.name, EVENTS, &after.to_string())
            .await;
    }
}

struct Deliveries {
    places: Arc<Semaphore>,
    running: JoinSet<Result<u64, Stopped>>,
    /// The events that are neither delivered nor given up.
    open: BTreeSet<u64>,
    /// The last event that was looked at.
    seen: u64,
}

impl Deliveries {
    /// The next delivery that ends; `None` without any.
    async fn next(&mut self) -> Option<Result<u64, Stopped>> {
        match self.running.join_next().await? {
            Ok(ended) => Some(ended),
            // A panic: the event stays open, and comes again after a restart.
            Err(error) => {
                tracing::error!(%error, "a delivery panicked");
                Some(Err(Stopped))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_function_gets_the_event_a_part_of_it_or_a_constant() {
        let event = json!({ "source": "s", "detail": { "a": { "b": 1 } } });
        assert_eq!(Input::Event.of(&event), event);
        assert_eq!(Input::Constant(json!([1])).of(&event), json!([1]));
        let part =
            |steps: &[&str]| Input::Part(steps.iter().map(|&step| step.to_owned()).collect());
        assert_eq!(part(&["detail", "a"]).of(&event), json!({ "b": 1 }));
        assert_eq!(part(&[]).of(&event), event);
        assert_eq!(part(&["nothing"]).of(&event), Value::Null);
    }
}
