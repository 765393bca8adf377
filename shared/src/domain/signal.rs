//! What operators count.

/// The field `signal` of a log line. The template makes one metric of each, and alarms of
/// some; a line without it is only read by people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A front end got a link token for a new Item.
    LinkOpened,
    /// An exchange has ended with an Item.
    ItemLinked,
    /// Plaid was asked what is true of an Item.
    ItemRead,
    /// Plaid most likely made an Item whose access token nobody knows.
    ExchangeLost,
    /// An Item is neither recorded nor removed, and the log alone has its sealed token.
    ItemOrphaned,
    /// A verified webhook is in the inbox.
    WebhookKept,
    /// Somebody sent what Plaid did not sign just now.
    WebhookRefused,
    /// Strangers named so many keys that further ones are not looked up for a while.
    LookupBudgetUsedUp,
    /// A webhook's Item or session stayed unknown for a day.
    WebhookUnclaimed,
    /// An account came to Astra.
    AstraAccountLinked,
    /// Astra will not have an account, or nobody knows which one is ours.
    AstraAccountRefused,
    /// An account stays at Astra although its Item goes.
    AstraAccountLeft,
    /// Astra takes a user's tokens no longer.
    AstraReauthorizationRequired,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::LinkOpened,
        Self::ItemLinked,
        Self::ItemRead,
        Self::ExchangeLost,
        Self::ItemOrphaned,
        Self::WebhookKept,
        Self::WebhookRefused,
        Self::LookupBudgetUsedUp,
        Self::WebhookUnclaimed,
        Self::AstraAccountLinked,
        Self::AstraAccountRefused,
        Self::AstraAccountLeft,
        Self::AstraReauthorizationRequired,
    ];

    /// Its name in the log and in the template.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LinkOpened => "link_opened",
            Self::ItemLinked => "item_linked",
            Self::ItemRead => "item_read",
            Self::ExchangeLost => "exchange_lost",
            Self::ItemOrphaned => "item_orphaned",
            Self::WebhookKept => "webhook_kept",
            Self::WebhookRefused => "webhook_refused",
            Self::LookupBudgetUsedUp => "lookup_budget_used_up",
            Self::WebhookUnclaimed => "webhook_unclaimed",
            Self::AstraAccountLinked => "astra_account_linked",
            Self::AstraAccountRefused => "astra_account_refused",
            Self::AstraAccountLeft => "astra_account_left",
            Self::AstraReauthorizationRequired => "astra_reauthorization_required",
        }
    }
}
