//! Who calls. Identity comes from what API Gateway verified alone: never from a body or a
//! header. A path says whom a server acts for, and nothing else.

use lambda_http::aws_lambda_events::apigw::ApiGatewayRequestAuthorizer;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use super::invocation::route_key;
use super::{Code, Problem};
use crate::domain::UserId;

/// A longer id is none, and would not fit a key.
const MAX_USER_ID_BYTES: usize = 256;
/// What the paths of the servers' routes begin with.
const SERVER_ROUTES: &str = "/v1/server/";
/// The part of a server's path that says whom it acts for.
const USER_ID: &str = "user_id";

/// Who calls, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user whose Items the request is about.
    pub user_id: UserId,
    /// Who asks.
    pub kind: CallerKind,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// The user, with a JWT.
    User,
    /// A server of ours, which signed with IAM credentials and acts for the user.
    Server,
}

/// The caller whom API Gateway verified: the `sub` of a JWT; or, with IAM credentials, the
/// user whom the path names.
///
/// # Errors
/// `unauthenticated` when no authorizer spoke, the user is unusable, or a JWT came on a
/// route for servers.
pub fn caller(request: &Request) -> Result<Caller, Problem> {
    let authorizer = authorizer(request).ok_or_else(|| refused("Nobody is signed in."))?;
    if let Some(jwt) = &authorizer.jwt {
        return user(request, jwt.claims.get("sub"));
    }
    match &authorizer.iam {
        // Credentials that an identity pool gave to an end user are no server's.
        Some(iam) if iam.cognito_identity.is_none() => server(request),
        Some(_) => Err(refused(
            "This route is for servers, not for identity pools.",
        )),
        None => Err(refused("Neither a JWT nor IAM credentials were verified.")),
    }
}

fn user(request: &Request, subject: Option<&String>) -> Result<Caller, Problem> {
    // The gateway lets no JWT pass here; a mistake in the template must not open the route.
    if is_for_servers(request) {
        return Err(refused("This route is for servers with IAM credentials."));
    }
    known(subject.map(String::as_str), CallerKind::User)
        .ok_or_else(|| refused("The JWT names no subject (sub)."))
}

fn server(request: &Request) -> Result<Caller, Problem> {
    let parameters = request.path_parameters_ref();
    let user_id = parameters.and_then(|path| path.first(USER_ID));
    known(user_id, CallerKind::Server).ok_or_else(|| refused("The path names no user."))
}

fn known(user_id: Option<&str>, kind: CallerKind) -> Option<Caller> {
    let user_id = user_id.filter(|id| !id.is_empty() && id.len() <= MAX_USER_ID_BYTES)?;
    Some(Caller {
        user_id: UserId::new(user_id),
        kind,
    })
}

fn refused(detail: &str) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
}

fn authorizer(request: &Request) -> Option<&ApiGatewayRequestAuthorizer> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.authorizer.as_ref(),
        #[allow(unreachable_patterns)]
        _ => None,
    }
}

fn is_for_servers(request: &Request) -> bool {
    let path = route_key(request).and_then(|key| key.split_once(' '));
    path.is_some_and(|(_, path)| path.starts_with(SERVER_ROUTES))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::test_util::Event;

    const USER: &str = include_str!("../../../events/list-items-one.json");
    const SERVER: &str = include_str!("../../../events/list-items-server.json");
    const SUB: &str = "/requestContext/authorizer/jwt/claims/sub";
    const AUTHORIZER: &str = "/requestContext/authorizer";

    fn seen(event: &Event) -> Result<(String, CallerKind), Code> {
        let caller = caller(&event.request(0)).map_err(|problem| problem.code())?;
        Ok((caller.user_id.to_string(), caller.kind))
    }

    fn jwt(subject: &str) -> Value {
        json!({ "jwt": { "claims": { "sub": subject }, "scopes": null } })
    }

    #[test]
    fn a_users_word_is_the_jwt_and_never_the_path() {
        let event = Event::read(USER).set("/pathParameters/user_id", "somebody-else");
        assert_eq!(seen(&event), Ok(("user-1".to_owned(), CallerKind::User)));
    }

    #[test]
    fn a_server_acts_for_the_user_of_the_path() {
        let server = |user_id: &str| Ok((user_id.to_owned(), CallerKind::Server));
        let event = Event::read(SERVER);
        assert_eq!(seen(&event), server("user-1"));
        let event = event.set("/pathParameters/user_id", "auth0|2");
        assert_eq!(seen(&event), server("auth0|2"));
    }

    #[test]
    fn a_jwt_on_a_servers_route_is_refused_even_with_iam_beside_it() {
        let event = Event::read(SERVER).set(AUTHORIZER, jwt("user-1"));
        assert_eq!(seen(&event), Err(Code::Unauthenticated));
        let mut both = jwt("user-1");
        both["iam"] = json!({ "userArn": "arn:aws:iam::123456789012:role/server" });
        let event = Event::read(SERVER).set(AUTHORIZER, both);
        assert_eq!(seen(&event), Err(Code::Unauthenticated));
    }

    #[test]
    fn a_server_on_a_users_route_is_refused() {
        let iam = json!({ "iam": { "userArn": "arn:aws:iam::123456789012:role/server" } });
        let event = Event::read(USER).set(AUTHORIZER, iam);
        assert_eq!(seen(&event), Err(Code::Unauthenticated));
    }

    #[test]
    fn an_end_user_of_an_identity_pool_is_no_server() {
        let iam = json!({ "iam": { "cognitoIdentity": { "amr": [],
            "identityId": "us-east-1:1", "identityPoolId": "us-east-1:2" } } });
        let event = Event::read(SERVER).set(AUTHORIZER, iam);
        assert_eq!(seen(&event), Err(Code::Unauthenticated));
    }

    #[test]
    fn without_an_authorizer_nobody_calls() {
        for event in [USER, SERVER] {
            assert_eq!(
                seen(&Event::read(event).anonymous()),
                Err(Code::Unauthenticated)
            );
            let other =
                Event::read(event).set(AUTHORIZER, json!({ "lambda": { "sub": "user-1" } }));
            assert_eq!(seen(&other), Err(Code::Unauthenticated));
        }
    }

    #[test]
    fn a_user_id_has_one_to_256_bytes() {
        let longest = "ü".repeat(128);
        for (id, accepted) in [
            ("", false),
            (&longest, true),
            (&format!("{longest}x"), false),
        ] {
            let as_user = Event::read(USER).set(SUB, id);
            let as_server = Event::read(SERVER).set("/pathParameters/user_id", id);
            assert_eq!(seen(&as_user).is_ok(), accepted, "{id}");
            assert_eq!(seen(&as_server).is_ok(), accepted, "{id}");
        }
    }
}
