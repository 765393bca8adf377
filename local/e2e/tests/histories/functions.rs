//! The very functions that run in AWS, over one table, one vault, one bus and one Plaid.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lambda_http::{Context, LambdaEvent, Request};
use plaid_webhook::KeyCache;
use reconcile_items::Event as ReconcileEvent;
use serde_json::{Value, json};
use shared::domain::{Microdeposits, PlaidEnvironment, RecordKey, VaultId};
use shared::http::render_item;
use shared::ports::Clock;
use shared::settings::LinkSettings;
use shared::stream::StreamEvent;
use shared::test_util::faults::{Faulty, Plan};
use shared::test_util::{Event, FakeAstra, MemoryBus, MemoryStore, MemoryVault};
use shared::use_cases::exchange::ExchangeSettings;

use crate::hands::{Told, Work};
use crate::post::Receipt;
use crate::sandbox::{Client, SandboxClock};

const LINK_TOKEN: &str = include_str!("../../../../events/create-link-token.json");
const EXCHANGE: &str = include_str!("../../../../events/exchange-and-processor-token.json");
const PROCESSOR_TOKEN: &str = include_str!("../../../../events/processor-tokens.json");
const REFRESH: &str = include_str!("../../../../events/refresh-item.json");
const REMOVE: &str = include_str!("../../../../events/remove-item.json");
const EXIT: &str = include_str!("../../../../events/link-sessions-exit.json");

const USER: &str = "/requestContext/authorizer/jwt/claims/sub";
const ITEM: &str = "/pathParameters/item_id";
const MAX_ITEMS: u32 = 9;

type P = Faulty<Client>;
type A = Faulty<FakeAstra>;
type S = Faulty<MemoryStore>;
type B = Faulty<MemoryBus>;
type V = Faulty<MemoryVault>;
type C = SandboxClock;

/// All functions of one stack but the receipt, which the post office has.
pub(crate) struct Functions {
    create: create_link_token::Deps<P, S, V, C>,
    exchange: exchange_and_processor_token::Deps<P, S, V, C>,
    exit: link_sessions::Deps<S, C>,
    process: process_webhook::Deps<P, S, V, C>,
    publish: publish_changes::Deps<S, B, C>,
    reconcile: reconcile_items::Deps<P, A, S, B, V, C>,
    refresh: refresh_item::Deps<P, S, V, C>,
    remove: remove_item::Deps<P, A, S, V, C>,
}

/// What the functions are built from.
pub(crate) struct Parts {
    pub(crate) plan: Arc<Plan>,
    pub(crate) client: Arc<Client>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) bus: Arc<MemoryBus>,
    pub(crate) clock: C,
    /// Where Plaid's webhooks go, without the path.
    pub(crate) base_url: String,
}

impl Parts {
    pub(crate) fn receipt(&self) -> Receipt {
        Receipt {
            plaid: Faulty::new(&self.client, &self.plan),
            keys: KeyCache::new(),
            store: Faulty::new(&self.store, &self.plan),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn webhook_url(&self) -> String {
        shared::domain::webhook_url(&self.base_url)
    }

    fn link_settings(&self) -> LinkSettings {
        LinkSettings {
            client_name: "Demo".to_owned(),
            country_codes: vec!["US".to_owned()],
            language: "en".to_owned(),
            microdeposits: Microdeposits {
                automated: true,
                same_day: true,
                instant: true,
            },
            redirect_uri: None,
            android_package_name: None,
            customization: None,
            webhook_base_url: Some(self.base_url.clone()),
        }
    }

    pub(crate) fn functions(&self) -> Functions {
        let plaid = Faulty::new(&self.client, &self.plan);
        let store = Faulty::new(&self.store, &self.plan);
        let bus = Faulty::new(&self.bus, &self.plan);
        let vault = Faulty::new(&Arc::new(MemoryVault), &self.plan);
        let clock = &self.clock;
        let settings = ExchangeSettings {
            processor: "astra".parse().unwrap(),
            render: render_item,
            max_items: MAX_ITEMS,
        };
        Functions {
            create: create_link_token::Deps {
                plaid: plaid.clone(),
                store: store.clone(),
                vault: vault.clone(),
                clock: clock.clone(),
                link: self.link_settings(),
                vault_id: VaultId::new("main"),
            },
            exchange: exchange_and_processor_token::Deps {
                plaid: plaid.clone(),
                store: store.clone(),
                vault: vault.clone(),
                clock: clock.clone(),
                settings: settings.clone(),
                environment: PlaidEnvironment::Sandbox,
            },
            exit: link_sessions::Deps {
                store: store.clone(),
                clock: clock.clone(),
            },
            process: process_webhook::Deps {
                plaid: plaid.clone(),
                store: store.clone(),
                vault: vault.clone(),
                clock: clock.clone(),
                settings: settings.clone(),
            },
            publish: publish_changes::Deps {
                store: store.clone(),
                bus: bus.clone(),
                clock: clock.clone(),
            },
            reconcile: reconcile_items::Deps {
                plaid: plaid.clone(),
                astra: None,
                store: store.clone(),
                bus,
                vault: vault.clone(),
                clock: clock.clone(),
                settings: settings.clone(),
                webhook_url: Some(self.webhook_url()),
            },
            refresh: refresh_item::Deps {
                plaid: plaid.clone(),
                store: store.clone(),
                vault: vault.clone(),
                clock: clock.clone(),
                processor: settings.processor.clone(),
            },
            remove: remove_item::Deps {
                plaid,
                astra: None,
                store,
                vault,
                clock: clock.clone(),
            },
        }
    }
}

/// An invocation of a function behind the API, as this user.
macro_rules! call {
    ($self:ident, $package:ident, $deps:ident, $event:expr) => {{
        let functions = Arc::clone($self);
        let request: Request = $event.request(functions.in_seconds(25));
        Box::pin(async move { Told::of(&$package::handler(&functions.$deps, request).await) })
    }};
}

impl Functions {
    fn in_seconds(&self, seconds: i64) -> i64 {
        let then: Timestamp = self.process.clock.now() + SignedDuration::from_secs(seconds);
        then.as_millisecond()
    }

    fn context(&self) -> Context {
        let mut context = Context::default();
        context.deadline = u64::try_from(self.in_seconds(60)).unwrap();
        context
    }

    pub(crate) fn create_link_token(self: &Arc<Self>, user: &str, body: &Value) -> Work {
        let event = Event::read(LINK_TOKEN).set(USER, user);
        call!(
            self,
            create_link_token,
            create,
            event.body(body.to_string())
        )
    }

    pub(crate) fn exchange(self: &Arc<Self>, user: &str, body: &Value) -> Work {
        let event = Event::read(EXCHANGE).set(USER, user);
        let event = event.body(body.to_string());
        call!(self, exchange_and_processor_token, exchange, event)
    }

    pub(crate) fn processor_token(
        self: &Arc<Self>,
        user: &str,
        item_id: &str,
        account_id: &str,
    ) -> Work {
        let event = Event::read(PROCESSOR_TOKEN)
            .set(USER, user)
            .set(ITEM, item_id);
        let event = event.body(json!({ "account_id": account_id }).to_string());
        call!(self, exchange_and_processor_token, exchange, event)
    }

    pub(crate) fn report_exit(self: &Arc<Self>, user: &str, link_id: &str) -> Work {
        let event = Event::read(EXIT).set(USER, user);
        call!(
            self,
            link_sessions,
            exit,
            event.set("/pathParameters/link_id", link_id)
        )
    }

    pub(crate) fn refresh(self: &Arc<Self>, user: &str, item_id: &str) -> Work {
        let event = Event::read(REFRESH).set(USER, user);
        call!(self, refresh_item, refresh, event.set(ITEM, item_id))
    }

    pub(crate) fn remove(self: &Arc<Self>, user: &str, item_id: &str) -> Work {
        let event = Event::read(REMOVE).set(USER, user);
        call!(self, remove_item, remove, event.set(ITEM, item_id))
    }

    /// The stream hands over webhooks that were kept.
    pub(crate) fn process(self: &Arc<Self>, written: &[RecordKey]) -> Work {
        let functions = Arc::clone(self);
        let event = LambdaEvent::new(stream(written), self.context());
        Box::pin(async move {
            let answer = process_webhook::handler(&functions.process, event).await;
            done(serde_json::to_value(&answer))
        })
    }

    /// The stream hands over changes that were committed.
    pub(crate) fn publish(self: &Arc<Self>, written: &[RecordKey]) -> Work {
        let functions = Arc::clone(self);
        let event = LambdaEvent::new(stream(written), self.context());
        Box::pin(async move {
            let answer = publish_changes::handler(&functions.publish, event).await;
            done(serde_json::to_value(&answer))
        })
    }

    pub(crate) fn reconcile(self: &Arc<Self>) -> Work {
        let functions = Arc::clone(self);
        let event = LambdaEvent::new(ReconcileEvent::default(), self.context());
        Box::pin(async move {
            let report = Box::pin(reconcile_items::handler(&functions.reconcile, event)).await;
            done(serde_json::to_value(&report))
        })
    }
}

fn done(answer: serde_json::Result<Value>) -> Told {
    Told {
        status: 200,
        body: answer.unwrap(),
    }
}

fn stream(written: &[RecordKey]) -> StreamEvent {
    let records = written.iter().enumerate().map(|(number, key)| {
        json!({ "eventName": "INSERT", "dynamodb": {
            "Keys": { "pk": { "S": key.pk }, "sk": { "S": key.sk } },
            "SequenceNumber": number.to_string() } })
    });
    let records: Vec<Value> = records.collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}
