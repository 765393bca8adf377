//! Records to write: with every field set, and with none that may be missing. The full ones are
//! written out, so that the compiler asks for a new field here, and a round trip for its row.

use jiff::Timestamp;

use crate::domain::{
    Account, AccountChange, AccountId, AccountStatus, AccountType, AstraAccountId,
    AstraAuthorization, AstraChange, AstraConnection, AstraStatus, AstraUserId, AtAstra, Cause,
    Change, ChangeId, ConnectionState, Exchange, ExchangeKey, ExchangeStep, HandOver, Health,
    Heeded, InboxRecord, Institution, InstitutionId, Item, ItemId, ItemStatus, Lifecycle, LinkExit,
    LinkId, LinkResults, LinkSession, LinkSessionId, Notice, NoticeCode, OwnerToken, PlaidAccount,
    PlaidRequestId, Reads, Sealed, Sha256, Stray, UserId, VerificationStatus, Webhook,
    WebhookSubject, WebhookType,
};
use crate::ports::ReplayableAnswer;

/// When the samples happen: a moment that whole seconds would lose, and so late that none
/// of them expires.
const BEGINNING: i64 = 4_000_000_000_123;

/// Every step of an exchange.
pub const STEPS: [ExchangeStep; 7] = [
    ExchangeStep::Claimed,
    ExchangeStep::Exchanged,
    ExchangeStep::Finished,
    ExchangeStep::Compensating,
    ExchangeStep::Removed,
    ExchangeStep::Lost,
    ExchangeStep::Refused,
];

/// That many seconds after the samples begin.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_millisecond(BEGINNING + second * 1000).unwrap()
}

/// The user that the samples belong to; the name looks like a key.
pub fn user() -> UserId {
    UserId::new("auth0|ITEM#1/é")
}

/// Somebody else.
pub fn stranger() -> UserId {
    UserId::new("somebody else")
}

/// Ciphertext with every byte.
pub fn sealed(first: u8) -> Sealed {
    let rest = 0..=u8::MAX;
    Sealed::from_bytes([first].into_iter().chain(rest).collect())
}

/// An answer that is told apart by its number.
pub fn answer(number: u8) -> ReplayableAnswer {
    ReplayableAnswer {
        sealed: sealed(number),
        until: at(86_400 + i64::from(number)),
    }
}

/// A claim.
pub fn exchange() -> Exchange {
    Exchange {
        key: ExchangeKey::stored("e1"),
        user_id: user(),
        owner: OwnerToken::stored("owner"),
        lease_until: at(30),
        step: ExchangeStep::Claimed,
        attempt: 1,
        public_token: Some(sealed(1)),
        account_id: Some(AccountId::new("account")),
        allow_duplicate: false,
        duplicate_of: None,
        item_id: None,
        access_token: None,
        answer: None,
        answer_until: None,
        created_at: at(0),
    }
}

/// Every field set.
pub fn full_exchange() -> Exchange {
    Exchange {
        key: ExchangeKey::stored("full"),
        user_id: user(),
        owner: OwnerToken::stored("owner of the full one"),
        lease_until: at(31),
        step: ExchangeStep::Compensating,
        attempt: u32::MAX,
        public_token: Some(sealed(1)),
        account_id: Some(AccountId::new("account")),
        allow_duplicate: true,
        duplicate_of: Some(ItemId::new("first")),
        item_id: Some(ItemId::new("second")),
        access_token: Some(sealed(2)),
        answer: Some(sealed(3)),
        answer_until: Some(at(99)),
        created_at: at(-1),
    }
}

/// No field set that may be missing.
pub fn plain_exchange() -> Exchange {
    Exchange {
        key: ExchangeKey::stored("plain"),
        public_token: None,
        account_id: None,
        ..exchange()
    }
}

/// The same exchange at another step.
pub fn at_step(exchange: &Exchange, step: ExchangeStep) -> Exchange {
    Exchange {
        step,
        ..exchange.clone()
    }
}

/// The Item that comes out of an exchange.
pub fn item_of(exchange: &Exchange) -> Item {
    Item {
        exchange: exchange.key.clone(),
        user_id: exchange.user_id.clone(),
        ..plain_item()
    }
}

/// No field set that may be missing.
pub fn plain_item() -> Item {
    Item {
        item_id: ItemId::new("item"),
        user_id: user(),
        exchange: ExchangeKey::stored("e1"),
        institution: None,
        accounts: Vec::new(),
        chosen_account: None,
        processor: "astra".parse().unwrap(),
        access_token: None,
        lifecycle: Lifecycle::Linking,
        health: Health::Good,
        consent_expires_at: None,
        notices: Vec::new(),
        notices_cleared_at: None,
        reads: Reads::default(),
        due_at: None,
        version: 1,
        created_at: at(1),
        updated_at: at(2),
    }
}

/// Every field set.
pub fn full_item() -> Item {
    Item {
        item_id: ItemId::new("Full#Item"),
        user_id: user(),
        exchange: ExchangeKey::stored("of the full one"),
        institution: Some(Institution {
            institution_id: InstitutionId::new("ins_109508"),
            name: Some("First Platypus Bank".to_owned()),
        }),
        accounts: vec![full_account(), plain_account()],
        chosen_account: Some(AccountId::new("account")),
        processor: "another_processor".parse().unwrap(),
        access_token: Some(sealed(4)),
        lifecycle: Lifecycle::Linked,
        health: Health::NeedsUser("needs_user:A_CODE".to_owned()),
        consent_expires_at: Some(at(1000)),
        notices: vec![full_notice(), plain_notice()],
        notices_cleared_at: Some(at(6)),
        reads: Reads {
            since: Some(at(5)),
            count: 3,
        },
        due_at: Some(at(500)),
        version: u64::MAX,
        created_at: at(-3),
        updated_at: at(-2),
    }
}

fn full_account() -> Account {
    Account {
        plaid: PlaidAccount {
            account_id: AccountId::new("account"),
            name: Some("Girokonto \u{1f3e6}".to_owned()),
            mask: Some(String::new()),
            account_type: AccountType::Depository,
            subtype: Some("checking".to_owned()),
            verification_status: Some(VerificationStatus::from("New_Status")),
        },
        processor_token: Some(sealed(5)),
        generation: u32::MAX,
        renew: true,
        commands: vec![Heeded {
            name: "command".to_owned(),
            issued_at: at(4),
        }],
        revoked: true,
        at_astra: Some(AtAstra {
            astra_user_id: AstraUserId::new("ada"),
            astra_account_id: Some(AstraAccountId::new("current")),
            generation: u32::MAX,
            hand_over: HandOver::Sending {
                known: vec![AstraAccountId::new("current"), AstraAccountId::new("older")],
            },
            superseded: vec![AstraAccountId::new("older")],
            stuck: vec![AstraAccountId::new("oldest")],
        }),
    }
}

/// No field set that may be missing.
pub fn plain_account() -> Account {
    Account::new(PlaidAccount {
        account_id: AccountId::new("another"),
        name: None,
        mask: None,
        account_type: AccountType::from("New Type"),
        subtype: None,
        verification_status: None,
    })
}

fn full_notice() -> Notice {
    Notice {
        code: NoticeCode::PendingDisconnect,
        issued_at: at(7),
        reason: Some("INSTITUTION_MIGRATION".to_owned()),
        act_before: Some(at(700)),
    }
}

/// No field set that may be missing.
pub fn plain_notice() -> Notice {
    Notice {
        code: NoticeCode::NewAccountsAvailable,
        issued_at: at(8),
        reason: None,
        act_before: None,
    }
}

/// The next version of an Item, which can be told apart from it.
pub fn next(item: &Item) -> Item {
    let now = at(i64::try_from(item.version).unwrap() * 10);
    item.clone().next_version(now)
}

/// The next version of an Item, in use.
pub fn linked(item: &Item) -> Item {
    Item {
        lifecycle: Lifecycle::Linked,
        ..next(item)
    }
}

/// A stray.
pub fn stray() -> Stray {
    Stray {
        key: ExchangeKey::stored("e1"),
        item_id: ItemId::new("stray#1"),
        access_token: sealed(6),
        due_at: at(120),
    }
}

/// A change with this id; ids are ordered as text.
pub fn change(id: &str, item: &Item) -> Change {
    Change {
        change_id: ChangeId::new(id),
        user_id: item.user_id.clone(),
        item_id: Some(item.item_id.clone()),
        ..plain_change()
    }
}

/// No field set that may be missing.
pub fn plain_change() -> Change {
    Change {
        change_id: ChangeId::new("plain"),
        user_id: user(),
        item_id: None,
        at: at(3),
        cause: Cause::Webhook,
        before: None,
        after: None,
        accounts: Vec::new(),
        notices: Vec::new(),
        astra_connection: None,
        plaid_request_id: None,
    }
}

/// Every field set.
pub fn full_change() -> Change {
    Change {
        change_id: ChangeId::new("full"),
        user_id: user(),
        item_id: Some(ItemId::new("item")),
        at: at(2),
        cause: Cause::ProcessorToken,
        before: Some(ItemStatus::Linking),
        after: Some(ItemStatus::NeedsUser),
        accounts: vec![
            AccountChange {
                account_id: AccountId::new("account"),
                before: Some(AccountStatus::PendingVerification),
                after: AccountStatus::Ready,
                generation: 3,
                verification_status: Some(VerificationStatus::from("New_Status")),
                at_astra: Some(AstraChange {
                    before: Some(AstraAccountId::new("older")),
                    after: Some(AstraAccountId::new("newer")),
                    status: Some(AstraStatus::Refused),
                    reason: Some("a reason".to_owned()),
                }),
            },
            AccountChange {
                account_id: AccountId::new("another"),
                before: None,
                after: AccountStatus::NotEligible,
                generation: 0,
                verification_status: None,
                at_astra: None,
            },
        ],
        notices: vec![full_notice(), plain_notice()],
        astra_connection: Some(ConnectionState::Disconnected),
        plaid_request_id: Some(PlaidRequestId::new("request")),
    }
}

/// A user on the way to Astra's page and back.
pub fn astra_authorization() -> AstraAuthorization {
    AstraAuthorization {
        state_hash: Sha256::of(b"state"),
        user_id: user(),
        expires_at: at(600),
    }
}

/// Every field set.
pub fn astra_connection() -> AstraConnection {
    AstraConnection {
        user_id: user(),
        astra_user_id: AstraUserId::new("ada#1/é"),
        access_token: sealed(10),
        refresh_token: Some(sealed(11)),
        expires_at: at(864_000),
        refresh_at: at(604_800),
        redirect_uri: "https://app.example.com/astra?from=é".to_owned(),
        state: ConnectionState::Connected,
        version: 1,
        connected_at: at(-4),
        updated_at: at(-1),
    }
}

/// No field set that may be missing.
pub fn plain_astra_connection() -> AstraConnection {
    AstraConnection {
        refresh_token: None,
        state: ConnectionState::ReauthorizationRequired,
        ..astra_connection()
    }
}

/// The next version of a connection, which can be told apart from it.
pub fn renewed(connection: &AstraConnection) -> AstraConnection {
    let version = connection.version + 1;
    AstraConnection {
        access_token: sealed(u8::try_from(100 + version).unwrap()),
        version,
        updated_at: at(i64::try_from(version).unwrap() * 10),
        ..connection.clone()
    }
}

/// A change of the sample user's connection, with this id.
pub fn connection_change(id: &str) -> Change {
    Change {
        change_id: ChangeId::new(id),
        cause: Cause::AstraConnection,
        astra_connection: Some(ConnectionState::Connected),
        ..plain_change()
    }
}

/// A session of update mode of the sample Item, the later the greater its number.
pub fn update_session(number: u32) -> LinkSession {
    LinkSession {
        item_id: Some(ItemId::new("item")),
        ..new_session(number)
    }
}

/// A session that links a new Item.
pub fn new_session(number: u32) -> LinkSession {
    LinkSession {
        link_id: LinkId::new(format!("{number:06}")),
        user_id: user(),
        link_token_hash: Sha256::of(&number.to_be_bytes()),
        link_token: sealed(7),
        item_id: None,
        hosted: false,
        exit: None,
        refreshed_at: None,
        results: None,
        expires_at: at(1800),
        created_at: at(0),
    }
}

/// Every field set.
pub fn full_session() -> LinkSession {
    LinkSession {
        link_id: LinkId::new("full"),
        user_id: user(),
        link_token_hash: Sha256::of(b"full"),
        link_token: sealed(8),
        item_id: Some(ItemId::new("item")),
        hosted: true,
        exit: Some(full_exit()),
        refreshed_at: Some(at(900)),
        results: Some(full_results()),
        expires_at: at(1801),
        created_at: at(1),
    }
}

/// A session that links a new Item on Plaid's own page.
pub fn hosted_session(number: u32) -> LinkSession {
    LinkSession {
        hosted: true,
        ..new_session(number)
    }
}

/// Every field set.
pub fn full_results() -> LinkResults {
    LinkResults {
        item_ids: vec![ItemId::new("one"), ItemId::new("two")],
        problem: Some("duplicate_item".to_owned()),
        finished: true,
    }
}

/// Every field set.
pub fn full_exit() -> LinkExit {
    LinkExit {
        status: Some("requires_credentials".to_owned()),
        error_type: Some("ITEM_ERROR".to_owned()),
        error_code: Some("ITEM_LOGIN_REQUIRED".to_owned()),
        display_message: Some("Bitte später".to_owned()),
        institution_id: Some("ins_1".to_owned()),
        link_session_id: Some(LinkSessionId::new("run")),
        request_id: Some(PlaidRequestId::new("request")),
    }
}

/// A webhook about the sample Item.
pub fn webhook() -> InboxRecord {
    webhook_about("item")
}

/// A webhook about an Item.
pub fn webhook_about(item_id: &str) -> InboxRecord {
    let body = r#"{"webhook_type":"ITEM"}"#;
    let item_id = ItemId::new(item_id);
    InboxRecord {
        subject: WebhookSubject::Item(item_id.clone()),
        webhook: Webhook {
            webhook_type: Some(WebhookType::Item),
            webhook_code: Some("ERROR".to_owned()),
            item_id: Some(item_id),
            link_session_id: None,
            link_token_hash: None,
        },
        body: body.to_owned(),
        body_hash: Sha256::of(body.as_bytes()),
        issued_at: at(10),
        received_at: at(11),
        stale: false,
    }
}

/// A webhook about the sample Item that is of a new type, and whose signature is old.
pub fn stale_webhook() -> InboxRecord {
    let webhook = webhook();
    InboxRecord {
        webhook: Webhook {
            webhook_type: Some(WebhookType::from("New_Type")),
            webhook_code: Some(String::new()),
            ..webhook.webhook
        },
        received_at: at(1000),
        stale: true,
        ..webhook
    }
}

/// A webhook about a session of Link.
pub fn session_webhook() -> InboxRecord {
    let hash = Sha256::of(b"link token");
    InboxRecord {
        subject: WebhookSubject::Session(hash.clone()),
        webhook: Webhook {
            webhook_type: Some(WebhookType::Link),
            webhook_code: Some("SESSION_FINISHED".to_owned()),
            item_id: None,
            link_session_id: Some(LinkSessionId::new("run")),
            link_token_hash: Some(hash),
        },
        ..webhook()
    }
}

/// A webhook of which nothing is known but that Plaid signed it.
pub fn strange_webhook() -> InboxRecord {
    let body = "\u{1f3e6} is no JSON";
    let hash = Sha256::of(body.as_bytes());
    InboxRecord {
        subject: WebhookSubject::Body(hash.clone()),
        webhook: Webhook {
            webhook_type: None,
            webhook_code: None,
            item_id: None,
            link_session_id: None,
            link_token_hash: None,
        },
        body: body.to_owned(),
        body_hash: hash,
        ..webhook()
    }
}
