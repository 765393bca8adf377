//! Users, and the codes and tokens that stand for their permission.

use jiff::{SignedDuration, Timestamp};
use sandbox_kit::{Clock, later};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::secret::{sha256, token, uuid};
use super::settings::RefreshTokenReuse;
use crate::error::AstraError;

/// Somebody who signed in on the authorize page.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct User {
    pub(crate) email: String,
    pub(crate) created_at: Timestamp,
    /// The newest, which is the only one that works.
    pub(crate) access_token: Option<AccessToken>,
}

/// An access token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct AccessToken {
    pub(crate) sha256: String,
    pub(crate) expires_at: Timestamp,
}

/// An authorization code, by its digest.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Code {
    pub(crate) user_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) used: bool,
}

/// A refresh token, by its digest.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct RefreshToken {
    pub(crate) user_id: String,
    pub(crate) redirect_uri: String,
    /// `None` for never.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) used: bool,
    pub(crate) created_at: Timestamp,
}

/// An answer of the token endpoint, or its error.
pub(crate) type Granted = Result<Value, AstraError>;

fn invalid_grant(description: &str) -> AstraError {
    AstraError::oauth("invalid_grant", description)
}

impl World {
    /// The user with this address, new or not.
    pub(crate) fn sign_in(&mut self, email: &str, now: Timestamp) -> String {
        let email = email.trim().to_lowercase();
        let known = self.users.iter().find(|(_, user)| user.email == email);
        if let Some((id, _)) = known {
            return id.clone();
        }
        let id = uuid();
        let user = User {
            email,
            created_at: now,
            access_token: None,
        };
        self.users.insert(id.clone(), user);
        id
    }

    /// A code for an application that this user authorised.
    pub(crate) fn authorize(
        &mut self,
        user_id: &str,
        redirect_uri: &str,
        now: Timestamp,
    ) -> String {
        let code = token();
        let seconds = SignedDuration::from_secs(self.settings.code_seconds.into());
        let row = Code {
            user_id: user_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            expires_at: later(now, seconds),
            used: false,
        };
        self.codes.insert(sha256(&code), row);
        code
    }

    /// Tokens for a code, once.
    ///
    /// # Errors
    ///
    /// `invalid_grant`.
    pub(crate) fn redeem(&mut self, code: &str, redirect_uri: &str, now: Timestamp) -> Granted {
        let row = self
            .codes
            .get_mut(&sha256(code))
            .ok_or_else(|| invalid_grant("the code is not known"))?;
        if row.used {
            return Err(invalid_grant("the code has been used"));
        }
        if now >= row.expires_at {
            return Err(invalid_grant("the code has expired"));
        }
        if row.redirect_uri != redirect_uri {
            return Err(invalid_grant("the redirect_uri is not that of the code"));
        }
        row.used = true;
        let user_id = row.user_id.clone();
        Ok(self.issue(&user_id, redirect_uri, now))
    }

    /// New tokens for a refresh token. The access token before ends with that.
    ///
    /// # Errors
    ///
    /// `invalid_grant`; `invalid_request` without a redirect URI, where it is needed.
    pub(crate) fn refresh(
        &mut self,
        refresh_token: &str,
        redirect_uri: Option<&str>,
        now: Timestamp,
    ) -> Granted {
        let once = self.settings.refresh_token_reuse == RefreshTokenReuse::Once;
        if redirect_uri.is_none() && self.settings.refresh_needs_redirect_uri {
            return Err(AstraError::oauth(
                "invalid_request",
                "redirect_uri is required",
            ));
        }
        let row = self
            .refresh_tokens
            .get_mut(&sha256(refresh_token))
            .ok_or_else(|| invalid_grant("the refresh_token is not valid"))?;
        if row.expires_at.is_some_and(|at| now >= at) {
            return Err(invalid_grant("the refresh_token has expired"));
        }
        if once && row.used {
            return Err(invalid_grant("the refresh_token has been used"));
        }
        if redirect_uri.is_some_and(|uri| uri != row.redirect_uri) {
            return Err(invalid_grant("the redirect_uri is not that of the token"));
        }
        row.used = true;
        let (user_id, redirect_uri) = (row.user_id.clone(), row.redirect_uri.clone());
        Ok(self.issue(&user_id, &redirect_uri, now))
    }

    fn issue(&mut self, user_id: &str, redirect_uri: &str, now: Timestamp) -> Value {
        let (access_token, refresh_token) = (token(), token());
        let seconds = self.settings.access_token_seconds;
        if let Some(user) = self.users.get_mut(user_id) {
            user.access_token = Some(AccessToken {
                sha256: sha256(&access_token),
                expires_at: later(now, SignedDuration::from_secs(seconds.into())),
            });
        }
        let lifetime = self.settings.refresh_token_seconds;
        let row = RefreshToken {
            user_id: user_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            expires_at: lifetime
                .map(|seconds| later(now, SignedDuration::from_secs(seconds.into()))),
            used: false,
            created_at: now,
        };
        self.refresh_tokens.insert(sha256(&refresh_token), row);
        json!({
            "access_token": access_token,
            "expires_in": seconds,
            "refresh_token": refresh_token,
            "token_type": "Bearer",
        })
    }

    /// The user whose newest access token this is.
    ///
    /// # Errors
    ///
    /// 401: unknown, replaced, revoked or expired.
    pub(crate) fn user_of(&self, access_token: &str, now: Timestamp) -> Result<String, AstraError> {
        let digest = sha256(access_token);
        let mut users = self.users.iter();
        let found = users.find_map(|(id, user)| {
            let token = user.access_token.as_ref()?;
            (token.sha256 == digest).then_some((id, token))
        });
        match found {
            Some((id, token)) if now < token.expires_at => Ok(id.clone()),
            Some(_) => Err(AstraError::unauthorized("the access_token has expired")),
            None => Err(AstraError::unauthorized("the access_token is not valid")),
        }
    }

    /// Ends the access token of a user, and with `all` the refresh tokens and open codes too.
    pub(crate) fn revoke(&mut self, user_id: &str, all: bool) {
        if let Some(user) = self.users.get_mut(user_id) {
            user.access_token = None;
        }
        if all {
            self.refresh_tokens
                .retain(|_, token| token.user_id != user_id);
            self.codes.retain(|_, code| code.user_id != user_id);
        }
    }

    /// As in `GET /v1/user`.
    pub(crate) fn profile(&self, user_id: &str) -> Option<Value> {
        let user = self.users.get(user_id)?;
        Some(json!({
            "id": user_id,
            "email": user.email,
            "first_name": "Ada",
            "last_name": "Example",
            "status": "approved",
        }))
    }

    /// A user as the controls show it: tokens by their digests, those alone that still work.
    pub(crate) fn user_view(&self, user_id: &str, clock: &Clock) -> Option<Value> {
        let user = self.users.get(user_id)?;
        let now = clock.now();
        let shown = |at: Timestamp| clock.shown(at).to_string();
        let access_token = user.access_token.as_ref();
        let access_token = access_token
            .filter(|token| now < token.expires_at)
            .map(|token| json!({"sha256": token.sha256, "expires_at": shown(token.expires_at)}));
        let once = self.settings.refresh_token_reuse == RefreshTokenReuse::Once;
        let mut refresh_tokens: Vec<(&String, &RefreshToken)> = self
            .refresh_tokens
            .iter()
            .filter(|(_, token)| token.user_id == user_id)
            .filter(|(_, token)| token.expires_at.is_none_or(|at| now < at))
            .filter(|(_, token)| !(once && token.used))
            .collect();
        refresh_tokens.sort_by_key(|(_, token)| token.created_at);
        let refresh_tokens: Vec<Value> = refresh_tokens
            .into_iter()
            .map(|(sha256, token)| {
                json!({"sha256": sha256, "expires_at": token.expires_at.map(shown)})
            })
            .collect();
        Some(json!({
            "user_id": user_id,
            "email": user.email,
            "created_at": shown(user.created_at),
            "access_token": access_token,
            "refresh_tokens": refresh_tokens,
            "account_ids": self.account_ids(user_id),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);
    const URI: &str = "http://127.0.0.1:4000/astra";

    fn after(seconds: i64) -> Timestamp {
        later(NOW, SignedDuration::from_secs(seconds))
    }

    fn text<'a>(value: &'a Value, name: &str) -> &'a str {
        value[name].as_str().unwrap()
    }

    fn connected(world: &mut World) -> (String, Value) {
        let user = world.sign_in("Ada@example.com", NOW);
        let code = world.authorize(&user, URI, NOW);
        let tokens = world.redeem(&code, URI, NOW).unwrap();
        (user, tokens)
    }

    #[test]
    fn the_same_address_is_the_same_user_in_any_spelling() {
        let mut world = World::default();
        let user = world.sign_in("ada@example.com", NOW);
        assert_eq!(world.sign_in("  ADA@Example.com ", NOW), user);
        assert_ne!(world.sign_in("bob@example.com", NOW), user);
    }

    #[test]
    fn a_code_is_good_once_for_five_minutes_and_for_its_redirect_uri() {
        let mut world = World::default();
        let user = world.sign_in("ada@example.com", NOW);
        let code = world.authorize(&user, URI, NOW);
        let mut refusal = |code: &str, uri, now| world.redeem(code, uri, now).err();
        let expired = Some(invalid_grant("the code has expired"));
        assert_eq!(refusal(&code, URI, after(300)), expired);
        assert!(refusal(&code, "http://127.0.0.1:4000/other", NOW).is_some());
        assert!(refusal("another", URI, NOW).is_some());
        assert_eq!(refusal(&code, URI, after(299)), None);
        let again = Some(invalid_grant("the code has been used"));
        assert_eq!(refusal(&code, URI, after(299)), again);
    }

    #[test]
    fn only_the_newest_access_token_of_a_user_works_and_not_for_ever() {
        let mut world = World::default();
        let (user, first) = connected(&mut world);
        let second = world
            .refresh(text(&first, "refresh_token"), Some(URI), NOW)
            .unwrap();
        let first = text(&first, "access_token");
        let second = text(&second, "access_token");
        assert_eq!(world.user_of(first, NOW).unwrap_err().status, 401);
        assert_eq!(world.user_of(second, after(863_999)).unwrap(), user);
        let late = world.user_of(second, after(864_000)).unwrap_err();
        assert_eq!(late.description, "the access_token has expired");
    }

    #[test]
    fn a_refresh_token_works_again_until_it_expires_unless_it_is_for_one_use() {
        let mut world = World::default();
        let (_, tokens) = connected(&mut world);
        let token = text(&tokens, "refresh_token");
        for _ in 0..2 {
            world.refresh(token, Some(URI), after(863_999)).unwrap();
        }
        let expired = world.refresh(token, Some(URI), after(864_000));
        assert_eq!(
            expired.unwrap_err(),
            invalid_grant("the refresh_token has expired")
        );
        world.settings.refresh_token_reuse = RefreshTokenReuse::Once;
        let used = world.refresh(token, Some(URI), NOW).unwrap_err();
        assert_eq!(used, invalid_grant("the refresh_token has been used"));
        world.settings.refresh_token_seconds = None;
        let (_, tokens) = connected(&mut world);
        let token = text(&tokens, "refresh_token");
        world.refresh(token, Some(URI), after(999_999_999)).unwrap();
    }

    #[test]
    fn a_refresh_names_the_redirect_uri_of_its_token() {
        let mut world = World::default();
        let (_, tokens) = connected(&mut world);
        let token = text(&tokens, "refresh_token");
        let missing = world.refresh(token, None, NOW).unwrap_err();
        assert_eq!(missing.oauth.as_deref(), Some("invalid_request"));
        let other = world.refresh(token, Some("http://127.0.0.1/"), NOW);
        assert_eq!(other.unwrap_err().oauth.as_deref(), Some("invalid_grant"));
        world.settings.refresh_needs_redirect_uri = false;
        world.refresh(token, None, NOW).unwrap();
    }

    #[test]
    fn revocation_ends_the_access_token_or_everything_of_one_user() {
        let mut world = World::default();
        let (user, tokens) = connected(&mut world);
        world.sign_in("bob@example.com", NOW);
        world.revoke("nobody", true);
        world.user_of(text(&tokens, "access_token"), NOW).unwrap();
        world.revoke(&user, false);
        assert!(world.user_of(text(&tokens, "access_token"), NOW).is_err());
        let refresh = text(&tokens, "refresh_token");
        world.refresh(refresh, Some(URI), NOW).unwrap();
        let code = world.authorize(&user, URI, NOW);
        world.revoke(&user, true);
        assert!(world.refresh(refresh, Some(URI), NOW).is_err());
        assert!(world.redeem(&code, URI, NOW).is_err());
    }
}
