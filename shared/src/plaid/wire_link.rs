//! Plaid's JSON of `/link/token/get`. Like `wire`, it reads leniently: results of products
//! that we do not use are passed over.

use serde::{Deserialize, Serialize};

use super::wire::blank_as_none;
use crate::domain::{
    AccountHint, AccountId, Hints, Institution, InstitutionId, LinkSessionId, LinkToken,
    PublicToken, VerificationStatus,
};
use crate::ports::{AddedItem, LinkOutcome};

#[derive(Serialize)]
pub(super) struct LinkTokenGet<'a> {
    link_token: &'a str,
}

impl<'a> From<&'a LinkToken> for LinkTokenGet<'a> {
    fn from(link_token: &'a LinkToken) -> Self {
        Self {
            link_token: link_token.expose(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct LinkTokenGot {
    #[serde(default)]
    link_sessions: Option<Vec<SessionPart>>,
}

#[derive(Deserialize)]
struct SessionPart {
    #[serde(default, deserialize_with = "blank_as_none")]
    link_session_id: Option<String>,
    #[serde(default, deserialize_with = "blank_as_none")]
    finished_at: Option<String>,
    #[serde(default)]
    results: Option<ResultsPart>,
}

#[derive(Deserialize)]
struct ResultsPart {
    #[serde(default)]
    item_add_results: Option<Vec<AddedPart>>,
}

#[derive(Deserialize)]
struct AddedPart {
    public_token: String,
    #[serde(default)]
    accounts: Option<Vec<AccountPart>>,
    #[serde(default)]
    institution: Option<InstitutionPart>,
}

#[derive(Deserialize)]
struct AccountPart {
    #[serde(default, deserialize_with = "blank_as_none")]
    id: Option<String>,
    #[serde(default, deserialize_with = "blank_as_none")]
    name: Option<String>,
    #[serde(default, deserialize_with = "blank_as_none")]
    mask: Option<String>,
    #[serde(default, deserialize_with = "blank_as_none")]
    verification_status: Option<String>,
}

#[derive(Deserialize)]
struct InstitutionPart {
    #[serde(default, deserialize_with = "blank_as_none")]
    name: Option<String>,
    #[serde(default, deserialize_with = "blank_as_none")]
    institution_id: Option<String>,
}

impl From<LinkTokenGot> for LinkOutcome {
    fn from(answer: LinkTokenGot) -> Self {
        let sessions = answer.link_sessions.unwrap_or_default();
        Self {
            finished: sessions.iter().any(|session| session.finished_at.is_some()),
            added: sessions.into_iter().flat_map(SessionPart::added).collect(),
        }
    }
}

impl SessionPart {
    fn added(self) -> Vec<AddedItem> {
        let link_session_id = self.link_session_id.map(LinkSessionId::new);
        let results = self.results.and_then(|results| results.item_add_results);
        let added = results.unwrap_or_default().into_iter();
        let added = added.map(|added| AddedItem {
            public_token: PublicToken::new(added.public_token),
            hints: Hints {
                institution: added.institution.and_then(InstitutionPart::known),
                accounts: added
                    .accounts
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(AccountPart::hint)
                    .collect(),
                link_session_id: link_session_id.clone(),
            },
        });
        added.collect()
    }
}

impl InstitutionPart {
    fn known(self) -> Option<Institution> {
        Some(Institution {
            institution_id: InstitutionId::new(self.institution_id?),
            name: self.name,
        })
    }
}

impl AccountPart {
    fn hint(self) -> Option<AccountHint> {
        let status = self.verification_status;
        Some(AccountHint {
            account_id: AccountId::new(self.id?),
            name: self.name,
            mask: self.mask,
            verification_status: status.as_deref().map(VerificationStatus::from),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(answer: &str) -> LinkOutcome {
        serde_json::from_str::<LinkTokenGot>(answer).unwrap().into()
    }

    #[test]
    fn a_finished_session_tells_what_the_user_linked() {
        let outcome = outcome(
            r#"{"link_sessions": [{"link_session_id": "s", "finished_at": "2026-11-22T00:00:00Z",
                "results": {"item_add_results": [{"public_token": "public-sandbox-1",
                    "accounts": [{"id": "A", "name": "Checking", "mask": "0000",
                        "verification_status": null}],
                    "institution": {"institution_id": "ins_1", "name": "Bank"}}],
                    "cra_item_add_results": [], "next_year": {}}}]}"#,
        );
        assert!(outcome.finished);
        let added = &outcome.added[0];
        assert_eq!(added.public_token.expose(), "public-sandbox-1");
        assert_eq!(added.hints.accounts[0].mask.as_deref(), Some("0000"));
        assert!(added.hints.institution.is_some());
    }

    #[test]
    fn a_session_that_runs_or_brought_nothing_is_told_as_such() {
        for (answer, finished) in [
            ("{}", false),
            (r#"{"link_sessions": null}"#, false),
            (
                r#"{"link_sessions": [{"finished_at": null, "results": null}]}"#,
                false,
            ),
            (
                r#"{"link_sessions": [{"finished_at": "2026-11-22T00:00:00Z"}]}"#,
                true,
            ),
        ] {
            let outcome = outcome(answer);
            assert_eq!(
                (outcome.finished, outcome.added.len()),
                (finished, 0),
                "{answer}"
            );
        }
    }
}
