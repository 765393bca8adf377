//! The institutions of the Sandbox.
//! <https://plaid.com/docs/sandbox/institutions/>

/// How an institution answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Health {
    Healthy,
    Degraded,
    Down,
    Unsupported,
}

/// How an institution proves account numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum AuthMethod {
    Instant,
    AutomatedMicrodeposits,
    InstantMicrodeposits,
}

/// One institution.
#[derive(Debug)]
pub(crate) struct Institution {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) url: &'static str,
    pub(crate) oauth: bool,
    /// Whether it hands out tokenised account numbers (TANs).
    pub(crate) tan: bool,
    pub(crate) auth: AuthMethod,
    pub(crate) health: Health,
    pub(crate) routing_numbers: &'static [&'static str],
    /// How long the user's consent lasts, where it ends.
    pub(crate) consent_days: Option<i64>,
}

const PLAIN: Institution = Institution {
    id: "",
    name: "",
    url: "https://plaid.com",
    oauth: false,
    tan: false,
    auth: AuthMethod::Instant,
    health: Health::Healthy,
    routing_numbers: &["011401533"],
    consent_days: None,
};

const TAN: Institution = Institution {
    oauth: true,
    tan: true,
    ..PLAIN
};

/// Every institution that the simulator knows.
pub(crate) static INSTITUTIONS: &[Institution] = &[
    Institution {
        id: "ins_109508",
        name: "First Platypus Bank",
        ..PLAIN
    },
    Institution {
        id: "ins_127287",
        name: "Platypus OAuth Bank",
        routing_numbers: &["021000089"],
        ..TAN
    },
    Institution {
        id: "ins_109512",
        name: "Houndstooth Bank",
        auth: AuthMethod::AutomatedMicrodeposits,
        routing_numbers: &["110000000"],
        ..PLAIN
    },
    Institution {
        id: "ins_135858",
        name: "Windowpane Bank",
        auth: AuthMethod::InstantMicrodeposits,
        routing_numbers: &["333333334"],
        ..PLAIN
    },
    Institution {
        id: "ins_13",
        name: "PNC",
        url: "https://www.pnc.com",
        routing_numbers: &["043000096"],
        consent_days: Some(365),
        ..TAN
    },
    Institution {
        id: "ins_56",
        name: "Chase",
        url: "https://www.chase.com",
        routing_numbers: &["021000021"],
        ..TAN
    },
    Institution {
        id: "ins_127990",
        name: "U.S. Bank",
        url: "https://www.usbank.com",
        routing_numbers: &["091000022"],
        ..TAN
    },
    Institution {
        id: "ins_132363",
        name: "Unhealthy Platypus Bank - Degraded",
        health: Health::Degraded,
        ..PLAIN
    },
    Institution {
        id: "ins_132361",
        name: "Unhealthy Platypus Bank - Down",
        health: Health::Down,
        ..PLAIN
    },
    Institution {
        id: "ins_133402",
        name: "Unsupported Platypus Bank",
        health: Health::Unsupported,
        ..PLAIN
    },
];

/// The products that every institution here offers.
pub(crate) const PRODUCTS: &[&str] = &[
    "assets",
    "auth",
    "balance",
    "identity",
    "investments",
    "liabilities",
    "signal",
    "transactions",
    "transfer",
    "processor_payments",
];

/// The institution with this id.
pub(crate) fn institution(id: &str) -> Option<&'static Institution> {
    INSTITUTIONS.iter().find(|institution| institution.id == id)
}
