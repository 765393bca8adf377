//! What is taken for a good token and what is not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

fn tokens() -> Tokens {
    Tokens::new(&Tokens::generate_key().unwrap()).unwrap()
}

fn authorizer(scopes: &[&str]) -> JwtAuthorizer {
    JwtAuthorizer {
        header: "authorization".to_owned(),
        issuer: USER_ISSUER.to_owned(),
        audience: vec!["other".to_owned(), USER_AUDIENCE.to_owned()],
        scopes: scopes.iter().map(ToString::to_string).collect(),
    }
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// What the authorizer says to a good token of which some claims are replaced, or
/// taken out with null.
fn checked(changes: &Value) -> Result<Map<String, Value>, TokenError> {
    let tokens = tokens();
    let mut claims = claims("user-1", USER_ISSUER, USER_AUDIENCE, now());
    for (name, value) in changes.as_object().unwrap() {
        let fields = claims.as_object_mut().unwrap();
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    tokens.check(&tokens.sign(&claims).unwrap(), &authorizer(&[]), now())
}

#[test]
fn a_users_token_is_accepted_and_its_claims_become_strings() {
    let tokens = tokens();
    let token = tokens.for_user("user-1", now()).unwrap();
    let claims = as_strings(&tokens.check(&token, &authorizer(&[]), now()).unwrap());
    assert_eq!(claims["sub"], "user-1");
    assert_eq!(claims["exp"], (now() + LIFETIME).as_second().to_string());
}

#[test]
fn a_list_claim_becomes_the_text_that_api_gateway_makes_of_it() {
    let claims = json!({ "groups": ["a", "b"], "admin": true });
    let strings = as_strings(claims.as_object().unwrap());
    assert_eq!(strings["groups"], "[a b]");
    assert_eq!(strings["admin"], "true");
}

#[test]
fn a_token_of_another_key_is_refused() {
    let token = tokens().for_user("user-1", now()).unwrap();
    let refused = tokens().check(&token, &authorizer(&[]), now());
    assert_eq!(refused, Err(TokenError::Signature));
}

#[test]
fn a_changed_token_is_refused() {
    let tokens = tokens();
    let token = tokens.for_user("user-1", now()).unwrap();
    let other = tokens.for_user("user-2", now()).unwrap();
    let mut parts: Vec<_> = token.split('.').collect();
    parts[1] = other.split('.').nth(1).unwrap();
    let refused = tokens.check(&parts.join("."), &authorizer(&[]), now());
    assert_eq!(refused, Err(TokenError::Signature));
}

#[test]
fn an_unsigned_token_is_refused() {
    let tokens = tokens();
    let claims = claims("user-1", USER_ISSUER, USER_AUDIENCE, now()).to_string();
    for algorithm in ["none", "HS256", "ES384"] {
        let header = json!({ "alg": algorithm, "typ": "JWT" }).to_string();
        let token = format!(
            "{}.{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(&claims),
            if algorithm == "none" { "" } else { "c2ln" },
        );
        let refused = tokens.check(&token, &authorizer(&[]), now());
        assert_eq!(refused, Err(TokenError::Malformed), "{algorithm}");
    }
}

#[test]
fn what_is_no_token_is_refused() {
    for token in ["", "abc", "a.b.c", "..", "Bearer"] {
        let refused = tokens().check(token, &authorizer(&[]), now());
        assert_eq!(refused, Err(TokenError::Malformed), "{token}");
    }
}

#[test]
fn another_issuer_is_refused() {
    assert_eq!(
        checked(&json!({ "iss": "http://evil" })),
        Err(TokenError::Issuer)
    );
    assert_eq!(
        checked(&json!({ "iss": [USER_ISSUER] })),
        Err(TokenError::Issuer)
    );
    assert_eq!(checked(&json!({ "iss": null })), Err(TokenError::Issuer));
}

#[test]
fn another_audience_is_refused() {
    assert_eq!(
        checked(&json!({ "aud": "elsewhere" })),
        Err(TokenError::Audience)
    );
    assert_eq!(checked(&json!({ "aud": [] })), Err(TokenError::Audience));
    assert_eq!(checked(&json!({ "aud": 5 })), Err(TokenError::Audience));
    assert_eq!(checked(&json!({ "aud": null })), Err(TokenError::Audience));
}

#[test]
fn one_of_several_audiences_or_the_client_id_is_enough() {
    assert!(checked(&json!({ "aud": ["x", USER_AUDIENCE] })).is_ok());
    assert!(checked(&json!({ "aud": null, "client_id": USER_AUDIENCE })).is_ok());
    let both = json!({ "aud": "elsewhere", "client_id": USER_AUDIENCE });
    assert_eq!(checked(&both), Err(TokenError::Audience));
}

#[test]
fn an_expired_token_is_refused() {
    let now = now().as_second();
    assert_eq!(checked(&json!({ "exp": now })), Err(TokenError::Expired));
    assert!(checked(&json!({ "exp": now + 1 })).is_ok());
    assert_eq!(checked(&json!({ "exp": null })), Err(TokenError::Malformed));
    assert_eq!(
        checked(&json!({ "exp": "tomorrow" })),
        Err(TokenError::Malformed)
    );
}

#[test]
fn a_token_from_the_future_is_refused() {
    let now = now().as_second();
    for name in ["nbf", "iat"] {
        assert_eq!(
            checked(&json!({ name: now + 1 })),
            Err(TokenError::NotYetValid),
            "{name}"
        );
        assert!(checked(&json!({ name: now })).is_ok(), "{name}");
        assert!(checked(&json!({ name: null })).is_ok(), "{name}");
    }
}

#[test]
fn a_required_scope_may_be_in_scope_or_scp() {
    let tokens = tokens();
    let mut claims = claims("user-1", USER_ISSUER, USER_AUDIENCE, now());
    let mut check = |name: &str, value: Value| {
        claims[name] = value;
        let token = tokens.sign(&claims).unwrap();
        tokens
            .check(&token, &authorizer(&["items"]), now())
            .map(drop)
    };
    assert_eq!(check("scope", json!("openid")), Err(TokenError::Scope));
    assert_eq!(check("scope", json!("openid items")), Ok(()));
    assert_eq!(check("scope", Value::Null), Err(TokenError::Scope));
    assert_eq!(check("scp", json!(["items"])), Ok(()));
}

#[test]
fn a_server_token_is_no_user_token_and_the_other_way_round() {
    let tokens = tokens();
    let user = tokens.for_user("user-1", now()).unwrap();
    let server = tokens.for_server(now()).unwrap();
    assert_eq!(tokens.check_server(&server, now()), Ok(()));
    assert_eq!(tokens.check_server(&user, now()), Err(TokenError::Issuer));
    assert_eq!(
        tokens.check(&server, &authorizer(&[]), now()),
        Err(TokenError::Issuer)
    );
}

#[test]
fn what_is_no_key_is_refused() {
    assert!(Tokens::new(b"not a key").is_err());
}
