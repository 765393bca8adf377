//! The request fields of every endpoint.
//!
//! Besides these, every request may carry `client_id` and `secret`.

use super::check::{Field, Kind, nullable, optional, required, required_nullable};
use super::vocabulary as known;

const TEXTS: Kind = Kind::List(&Kind::Text);
const PRODUCTS: Kind = Kind::List(&Kind::OneOf(known::PRODUCTS));

/// `client_id` and `secret`, which may also come as headers.
pub(crate) const CREDENTIALS: [&str; 2] = ["client_id", "secret"];

/// Requests that need nothing but an access token.
pub(crate) const ACCESS_TOKEN: &[Field] = &[required("access_token", Kind::NonEmpty)];

pub(crate) const ACCESS_TOKEN_AND_ACCOUNTS: &[Field] = &[
    required("access_token", Kind::NonEmpty),
    optional("options", Kind::Object(&[optional("account_ids", TEXTS)])),
];

pub(crate) const PUBLIC_TOKEN: &[Field] = &[required("public_token", Kind::NonEmpty)];

pub(crate) const LINK_TOKEN: &[Field] = &[required("link_token", Kind::NonEmpty)];

pub(crate) const PROCESSOR_TOKEN: &[Field] = &[required("processor_token", Kind::NonEmpty)];

pub(crate) const KEY_ID: &[Field] = &[required("key_id", Kind::NonEmpty)];

pub(crate) const PROCESSOR_TOKEN_CREATE: &[Field] = &[
    required("access_token", Kind::NonEmpty),
    required("account_id", Kind::NonEmpty),
    required("processor", Kind::OneOf(known::PROCESSORS)),
];

pub(crate) const PROCESSOR_PERMISSIONS_SET: &[Field] = &[
    required("processor_token", Kind::NonEmpty),
    required("products", PRODUCTS),
];

pub(crate) const PROCESSOR_WEBHOOK_UPDATE: &[Field] = &[
    required("processor_token", Kind::NonEmpty),
    required_nullable("webhook", Kind::Url),
];

pub(crate) const ITEM_REMOVE: &[Field] = &[
    required("access_token", Kind::NonEmpty),
    nullable(
        "reason_code",
        Kind::OneOf(&[
            "FRAUD_FIRST_PARTY",
            "FRAUD_FALSE_IDENTITY",
            "FRAUD_ABUSE",
            "FRAUD_OTHER",
            "CONNECTION_IS_NON_FUNCTIONAL",
            "OTHER",
        ]),
    ),
    nullable("reason_note", Kind::AtMost(512)),
];

pub(crate) const ITEM_WEBHOOK_UPDATE: &[Field] = &[
    required("access_token", Kind::NonEmpty),
    nullable("webhook", Kind::Url),
];

pub(crate) const INSTITUTION_GET: &[Field] = &[
    required("institution_id", Kind::NonEmpty),
    required("country_codes", Kind::List(&Kind::OneOf(known::COUNTRIES))),
    optional(
        "options",
        Kind::Object(&[
            optional("include_optional_metadata", Kind::Flag),
            optional("include_status", Kind::Flag),
            optional("include_auth_metadata", Kind::Flag),
            optional("include_payment_initiation_metadata", Kind::Flag),
        ]),
    ),
];

const DATES: &[Field] = &[
    required("start_date", Kind::Date),
    required("end_date", Kind::Date),
];

pub(crate) const SANDBOX_PUBLIC_TOKEN_CREATE: &[Field] = &[
    required("institution_id", Kind::NonEmpty),
    required(
        "initial_products",
        Kind::NonEmptyList(&Kind::OneOf(known::PRODUCTS)),
    ),
    optional(
        "options",
        Kind::Object(&[
            optional("webhook", Kind::Url),
            nullable("override_username", Kind::Text),
            nullable("override_password", Kind::Text),
            nullable(
                "transactions",
                Kind::Object(&[
                    optional("start_date", Kind::Date),
                    optional("end_date", Kind::Date),
                    optional("days_requested", Kind::Integer),
                ]),
            ),
            nullable("statements", Kind::Object(DATES)),
            optional("income_verification", Kind::AnyObject),
        ]),
    ),
    optional("user_token", Kind::Text),
    optional("user_id", Kind::Text),
];

pub(crate) const SANDBOX_PROCESSOR_TOKEN_CREATE: &[Field] = &[
    required("institution_id", Kind::NonEmpty),
    optional(
        "options",
        Kind::Object(&[
            nullable("override_username", Kind::Text),
            nullable("override_password", Kind::Text),
        ]),
    ),
];

pub(crate) const FIRE_WEBHOOK: &[Field] = &[
    required("access_token", Kind::NonEmpty),
    optional("webhook_type", Kind::OneOf(known::WEBHOOK_TYPES)),
    required("webhook_code", Kind::OneOf(known::WEBHOOK_CODES)),
];

pub(crate) const SET_VERIFICATION_STATUS: &[Field] = &[
    required("access_token", Kind::NonEmpty),
    required("account_id", Kind::NonEmpty),
    required(
        "verification_status",
        Kind::OneOf(&["automatically_verified", "verification_expired"]),
    ),
];

pub(crate) const LINK_TOKEN_CREATE: &[Field] = &[
    required("client_name", Kind::NonEmpty),
    required("language", Kind::NonEmpty),
    required(
        "country_codes",
        Kind::NonEmptyList(&Kind::OneOf(known::COUNTRIES)),
    ),
    optional("user", Kind::Object(USER)),
    optional("user_id", Kind::Text),
    nullable("products", PRODUCTS),
    nullable("required_if_supported_products", PRODUCTS),
    nullable("optional_products", PRODUCTS),
    nullable("additional_consented_products", PRODUCTS),
    optional("webhook", Kind::Url),
    nullable("access_token", Kind::NonEmpty),
    optional("access_tokens", TEXTS),
    optional("link_customization_name", Kind::Text),
    nullable("appearance_mode", Kind::OneOf(&["LIGHT", "DARK", "SYSTEM"])),
    optional("redirect_uri", Kind::Text),
    optional("android_package_name", Kind::Text),
    optional(
        "institution_data",
        Kind::Object(&[optional("routing_number", Kind::Text)]),
    ),
    optional("account_filters", Kind::Object(ACCOUNT_FILTERS)),
    optional("auth", Kind::Object(AUTH)),
    optional("update", Kind::Object(UPDATE)),
    optional("hosted_link", Kind::Object(HOSTED_LINK)),
    optional("enable_multi_item_link", Kind::Flag),
    optional("user_token", Kind::Text),
    optional("institution_id", Kind::Text),
    optional("third_party_user_token", Kind::Text),
    optional("consumer_report_permissible_purpose", Kind::Text),
    optional("cra_enabled", Kind::Flag),
    optional("financekit_supported", Kind::Flag),
    // The switches of other products: accepted, not looked into.
    optional("card_switch", Kind::AnyObject),
    optional("eu_config", Kind::AnyObject),
    optional("payment_configuration", Kind::AnyObject),
    optional("payment_initiation", Kind::AnyObject),
    optional("employment", Kind::AnyObject),
    optional("income_verification", Kind::AnyObject),
    optional("base_report", Kind::AnyObject),
    optional("credit_partner_insights", Kind::AnyObject),
    optional("cra_options", Kind::AnyObject),
    optional("transfer", Kind::AnyObject),
    optional("identity_verification", Kind::AnyObject),
    optional("statements", Kind::AnyObject),
    optional("investments", Kind::AnyObject),
    optional("investments_auth", Kind::AnyObject),
    optional("transactions", Kind::AnyObject),
    optional("cashflow_report", Kind::AnyObject),
    optional("identity", Kind::AnyObject),
];

const USER: &[Field] = &[
    required("client_user_id", Kind::NonEmpty),
    optional("legal_name", Kind::Text),
    nullable(
        "name",
        Kind::Object(&[
            required("given_name", Kind::Text),
            required("family_name", Kind::Text),
        ]),
    ),
    optional("phone_number", Kind::Text),
    nullable("phone_number_verified_time", Kind::DateTime),
    optional("email_address", Kind::Text),
    nullable("email_address_verified_time", Kind::DateTime),
    optional("ssn", Kind::Text),
    nullable("date_of_birth", Kind::Date),
    nullable(
        "address",
        Kind::Object(&[
            nullable("street", Kind::Text),
            nullable("street2", Kind::Text),
            nullable("city", Kind::Text),
            nullable("region", Kind::Text),
            nullable("postal_code", Kind::Text),
            required("country", Kind::Text),
        ]),
    ),
    nullable(
        "id_number",
        Kind::Object(&[
            required("value", Kind::Text),
            required("type", Kind::OneOf(known::ID_NUMBERS)),
        ]),
    ),
];

const ACCOUNT_FILTERS: &[Field] = &[
    optional(
        "depository",
        Kind::Object(&[
            required(
                "account_subtypes",
                Kind::List(&Kind::OneOf(known::DEPOSITORY)),
            ),
            optional(
                "limited_purpose_types",
                Kind::List(&Kind::OneOf(&["RENT_MORTGAGE"])),
            ),
        ]),
    ),
    optional(
        "credit",
        Kind::Object(&[required(
            "account_subtypes",
            Kind::List(&Kind::OneOf(known::CREDIT)),
        )]),
    ),
    optional(
        "loan",
        Kind::Object(&[required(
            "account_subtypes",
            Kind::List(&Kind::OneOf(known::LOAN)),
        )]),
    ),
    optional(
        "investment",
        Kind::Object(&[required(
            "account_subtypes",
            Kind::List(&Kind::OneOf(known::INVESTMENT)),
        )]),
    ),
    optional(
        "other",
        Kind::Object(&[required(
            "account_subtypes",
            Kind::List(&Kind::OneOf(known::OTHER)),
        )]),
    ),
];

const AUTH: &[Field] = &[
    optional("auth_type_select_enabled", Kind::Flag),
    optional("automated_microdeposits_enabled", Kind::Flag),
    optional("instant_match_enabled", Kind::Flag),
    optional("same_day_microdeposits_enabled", Kind::Flag),
    optional("instant_microdeposits_enabled", Kind::Flag),
    optional(
        "reroute_to_credentials",
        Kind::OneOf(&["OFF", "OPTIONAL", "FORCED"]),
    ),
    optional("database_match_enabled", Kind::Flag),
    optional("database_insights_enabled", Kind::Flag),
    optional("flow_type", Kind::OneOf(&["FLEXIBLE_AUTH"])),
    optional("sms_microdeposits_verification_enabled", Kind::Flag),
];

const UPDATE: &[Field] = &[
    optional("account_selection_enabled", Kind::Flag),
    optional("reauthorization_enabled", Kind::Flag),
    optional("user", Kind::Flag),
    nullable("item_ids", TEXTS),
];

const HOSTED_LINK: &[Field] = &[
    optional("delivery_method", Kind::OneOf(&["sms", "email"])),
    optional("completion_redirect_uri", Kind::Text),
    optional("url_lifetime_seconds", Kind::Integer),
    optional("is_mobile_app", Kind::Flag),
];
