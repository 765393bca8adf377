//! The calls, by their ports.

use std::collections::BTreeSet;

use reqwest::Method;
use url::Url;

use super::client::{AstraClient, Body, Call, Repeats, Sender};
use super::wire::{self, Page};
use crate::domain::{
    AstraAccessToken, AstraAccountId, AstraAuthorizationCode, AstraFailure, AstraFailureClass,
    AstraRefreshToken, AstraTokens, AstraUserId, Deadline, InstitutionId, ProcessorToken,
};
use crate::ports::{
    AstraAccountRemoval, AstraAuthorizations, AstraClientId, AstraHandOver, AstraUsers, Clock,
    CredentialSource,
};
use crate::upstream::Silence;

/// A list that is longer than this, at 25 accounts a page, is no person's.
const MAX_PAGES: u32 = 40;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

impl<S: CredentialSource, C: Clock> AstraClientId for AstraClient<S, C> {
    async fn astra_client_id(&self) -> Result<String, AstraFailure> {
        let keys = self.keys().await?;
        Ok(keys.client_id().to_owned())
    }
}

impl<S: CredentialSource, C: Clock> AstraAuthorizations for AstraClient<S, C> {
    async fn redeem(
        &self,
        code: &AstraAuthorizationCode,
        redirect_uri: &str,
        deadline: Deadline,
    ) -> Result<AstraTokens, AstraFailure> {
        let body = Body {
            content_type: FORM,
            bytes: wire::code_form(code, redirect_uri),
            secret: code.expose(),
        };
        let call = self.for_tokens(body, Repeats::Never)?;
        self.call(&call, wire::tokens, deadline).await
    }

    async fn refresh(
        &self,
        refresh_token: &AstraRefreshToken,
        redirect_uri: &str,
        deadline: Deadline,
    ) -> Result<AstraTokens, AstraFailure> {
        let body = Body {
            content_type: FORM,
            bytes: wire::refresh_form(refresh_token, redirect_uri),
            secret: refresh_token.expose(),
        };
        let call = self.for_tokens(body, Repeats::Sometimes)?;
        self.call(&call, wire::tokens, deadline).await
    }
}

impl<S: CredentialSource, C: Clock> AstraUsers for AstraClient<S, C> {
    async fn astra_user(
        &self,
        access_token: &AstraAccessToken,
        deadline: Deadline,
    ) -> Result<AstraUserId, AstraFailure> {
        let call = get("GET /v1/user", self.url("/v1/user")?, access_token);
        let id = self.call(&call, wire::object_id, deadline).await?;
        Ok(AstraUserId::new(id))
    }
}

impl<S: CredentialSource, C: Clock> AstraHandOver for AstraClient<S, C> {
    async fn hand_over(
        &self,
        access_token: &AstraAccessToken,
        processor_token: &ProcessorToken,
        institution_id: Option<&InstitutionId>,
        deadline: Deadline,
    ) -> Result<AstraAccountId, AstraFailure> {
        let call = Call {
            name: "POST /v1/accounts/processor_token",
            method: Method::POST,
            url: self.url("/v1/accounts/processor_token")?,
            sender: Sender::User(access_token),
            body: Some(Body {
                content_type: JSON,
                bytes: wire::hand_over(processor_token, institution_id),
                secret: processor_token.expose(),
            }),
            repeats: Repeats::Never,
        };
        let id = self.call(&call, wire::object_id, deadline).await?;
        Ok(AstraAccountId::new(id))
    }

    async fn astra_accounts(
        &self,
        access_token: &AstraAccessToken,
        deadline: Deadline,
    ) -> Result<Vec<AstraAccountId>, AstraFailure> {
        let (mut ids, mut seen) = (Vec::new(), BTreeSet::new());
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let page = self.page(access_token, cursor.as_deref(), deadline).await?;
            let new = page.ids.into_iter().filter(|id| seen.insert(id.clone()));
            ids.extend(new.map(AstraAccountId::new));
            if page.next.is_none() {
                return Ok(ids);
            }
            cursor = page.next;
        }
        tracing::error!(pages = MAX_PAGES, "Astra's list of accounts does not end");
        Err(AstraFailure::Unintelligible {
            http_status: 200,
            request_id: None,
        })
    }

    async fn astra_account_exists(
        &self,
        access_token: &AstraAccessToken,
        account_id: &AstraAccountId,
        deadline: Deadline,
    ) -> Result<bool, AstraFailure> {
        let call = get(
            "GET /v1/accounts/{id}",
            self.account_url(account_id)?,
            access_token,
        );
        match self.call(&call, wire::object_id, deadline).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.class() == AstraFailureClass::Gone => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}

impl<S: CredentialSource, C: Clock> AstraAccountRemoval for AstraClient<S, C> {
    async fn delete_astra_account(
        &self,
        access_token: &AstraAccessToken,
        account_id: &AstraAccountId,
        deadline: Deadline,
    ) -> Result<(), AstraFailure> {
        let call = Call {
            method: Method::DELETE,
            ..get(
                "DELETE /v1/accounts/{id}",
                self.account_url(account_id)?,
                access_token,
            )
        };
        match self.call(&call, |_| Some(()), deadline).await {
            Err(failure) if failure.class() == AstraFailureClass::Gone => Ok(()),
            outcome => outcome,
        }
    }
}

fn get<'a>(name: &'static str, url: Url, access_token: &'a AstraAccessToken) -> Call<'a> {
    Call {
        name,
        method: Method::GET,
        url,
        sender: Sender::User(access_token),
        body: None,
        repeats: Repeats::Sometimes,
    }
}

impl<S: CredentialSource, C: Clock> AstraClient<S, C> {
    fn for_tokens<'a>(&self, body: Body<'a>, repeats: Repeats) -> Result<Call<'a>, Silence> {
        Ok(Call {
            name: "POST /v1/oauth/token",
            method: Method::POST,
            url: self.url("/v1/oauth/token")?,
            sender: Sender::Us,
            body: Some(body),
            repeats,
        })
    }

    async fn page(
        &self,
        access_token: &AstraAccessToken,
        cursor: Option<&str>,
        deadline: Deadline,
    ) -> Result<Page, AstraFailure> {
        let mut url = self.url("/v1/accounts")?;
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let call = get("GET /v1/accounts", url, access_token);
        self.call(&call, wire::page, deadline).await
    }

    fn url(&self, path: &str) -> Result<Url, Silence> {
        self.base_url.join(path).map_err(|_| Silence::NOT_SENT)
    }

    /// The id is Astra's and plain; one that changed the path would reach another resource.
    fn account_url(&self, account_id: &AstraAccountId) -> Result<Url, Silence> {
        let mut url = self.url("/v1/accounts")?;
        let id = wire::id(account_id.as_str()).ok_or(Silence::NOT_SENT)?;
        url.path_segments_mut()
            .map_err(|()| Silence::NOT_SENT)?
            .push(id);
        Ok(url)
    }
}
