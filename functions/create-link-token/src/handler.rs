//! From the event to the use case and back.

use lambda_http::http::StatusCode;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt, Response};
use serde::{Deserialize, Serialize};
use shared::domain::{HostedLink, ItemId, LinkId, PlaidError, PlaidRequestId, webhook_url};
use shared::http::{Code, Problem, caller, invoke, json_body, json_response};
use shared::ports::{Clock, ItemRecords, LinkSessions, LinkTokens, Vault};

use crate::Deps;
use crate::use_case::{self, CreateError, CreateLinkToken, Created, Wanted};

/// What a front end may say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestBody {
    /// Opens Link in update mode for this Item of the caller's.
    item_id: Option<String>,
    account_selection_enabled: Option<bool>,
    redirect_uri: Option<String>,
    android_package_name: Option<String>,
    language: Option<String>,
    hosted_link: Option<HostedBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HostedBody {
    completion_redirect_uri: Option<String>,
    url_lifetime_seconds: Option<u32>,
    is_mobile_app: Option<bool>,
}

#[derive(Serialize)]
struct AnswerBody<'a> {
    link_id: &'a LinkId,
    link_token: &'a str,
    expiration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hosted_link_url: Option<&'a str>,
    request_id: &'a PlaidRequestId,
}

/// Answers one request.
pub async fn handler<P, S, V, C>(deps: &Deps<P, S, V, C>, request: Request) -> Response<Body>
where
    P: LinkTokens,
    S: LinkSessions + ItemRecords,
    V: Vault,
    C: Clock,
{
    invoke(
        "create-link-token",
        &deps.clock,
        request,
        |invocation, request| async move {
            let user_id = caller(&request)?.user_id;
            let body: RequestBody = json_body(&request)?;
            let asked = asked(&body);
            let redirect_uri = redirect_uri(
                body.redirect_uri.clone(),
                body.android_package_name.as_deref(),
                deps.link.redirect_uri.as_ref(),
            )?;
            let android_package_name = android_package(
                body.android_package_name.clone(),
                redirect_uri.as_deref(),
                deps.link.android_package_name.as_ref(),
            )?;
            let command = CreateLinkToken {
                user_id,
                wanted: wanted(&body, deps, &request)?,
                language: language(body.language, &deps.link.language)?,
                redirect_uri,
                android_package_name,
                hosted: body.hosted_link.map(hosted_link).transpose()?,
            };
            let created = use_case::create_link_token(deps, command, invocation.deadline).await;
            let created = created.map_err(|error| whoever_asked(error, &asked))?;
            Ok(json_response(StatusCode::CREATED, answer(&created)))
        },
    )
    .await
}

/// What of the request goes to Plaid as it is, and Plaid alone knows to be right.
fn asked(body: &RequestBody) -> Vec<&'static str> {
    let fields = [
        ("language", body.language.is_some()),
        ("redirect_uri", body.redirect_uri.is_some()),
        ("android_package_name", body.android_package_name.is_some()),
    ];
    let asked = fields.into_iter().filter(|(_, is_asked)| *is_asked);
    asked.map(|(field, _)| field).collect()
}

/// What Plaid refuses of the request's own, whoever asked can mend; all else is the operator's.
fn whoever_asked(error: CreateError, asked: &[&'static str]) -> Problem {
    let refusal = match &error {
        CreateError::Plaid(failure) => failure.plaid_error(),
        _ => None,
    };
    let refusal = refusal.filter(|refusal| refusal.is("INVALID_FIELD"));
    let refused = refusal.and_then(|refusal| refused_field(refusal, asked));
    match refused {
        Some(field) => Problem::field(
            Code::InvalidField,
            field,
            "is not accepted by Plaid: it speaks some languages only, and knows the addresses and \
             apps of the Plaid Dashboard's allow-lists.",
        ),
        None => error.into(),
    }
}

/// Plaid's code does not say which field it is. If the message names none, nobody is blamed.
fn refused_field(refusal: &PlaidError, asked: &[&'static str]) -> Option<&'static str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace('_', " ");
    let message = plain(refusal.error_message.as_deref()?);
    let mut asked = asked.iter().copied();
    asked.find(|field| message.contains(&plain(field)))
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::NoSuchItem => Self::not_found("Item"),
            CreateError::ItemRemoved => {
                Self::new(Code::ItemRemoved, "The Item was removed. Run Link again.")
            }
            CreateError::Plaid(failure) => failure.into(),
            CreateError::Store(error) => error.into(),
            CreateError::Vault(error) => error.into(),
        }
    }
}

fn answer(created: &Created) -> String {
    let body = AnswerBody {
        link_id: &created.link_id,
        link_token: created.token.link_token.expose(),
        expiration: created.token.expiration.to_string(),
        hosted_link_url: created.token.hosted_link_url.as_deref(),
        request_id: &created.token.request_id,
    };
    serde_json::to_string(&body).unwrap_or_default()
}

fn language(asked: Option<String>, default: &str) -> Result<String, Problem> {
    let Some(language) = asked else {
        return Ok(default.to_owned());
    };
    let two_letters = language.len() == 2 && language.chars().all(|c| c.is_ascii_lowercase());
    two_letters.then_some(language).ok_or_else(|| {
        Problem::field(
            Code::InvalidField,
            "language",
            "must be two lower-case letters, as in en.",
        )
    })
}

/// Plaid wants none beside an Android package; the default one yields to it.
fn redirect_uri(
    asked: Option<String>,
    android: Option<&str>,
    default: Option<&String>,
) -> Result<Option<String>, Problem> {
    let wrong = |rule| Err(Problem::field(Code::InvalidField, "redirect_uri", rule));
    match (asked, android) {
        (Some(_), Some(_)) => wrong("must be left out when android_package_name is sent."),
        (Some(uri), None) if !allowed_redirect(&uri) => {
            wrong("must be an https URL (http for localhost) without query and fragment.")
        }
        (Some(uri), None) => Ok(Some(uri)),
        (None, Some(_)) => Ok(None),
        (None, None) => Ok(default.cloned()),
    }
}

/// Update mode where an Item is named, a new Item otherwise.
fn wanted<P, S, V, C>(
    body: &RequestBody,
    deps: &Deps<P, S, V, C>,
    request: &Request,
) -> Result<Wanted, Problem> {
    match (&body.item_id, body.account_selection_enabled) {
        (Some(item_id), selection) => {
            let page = body.hosted_link.as_ref();
            let webhook = || where_webhooks_go(deps.link.webhook_base_url.as_deref(), request);
            Ok(Wanted::Update {
                item_id: ItemId::new(item_id),
                webhook: page.map(|_| webhook()).transpose()?,
                account_selection_enabled: selection.unwrap_or_default(),
            })
        }
        (None, Some(_)) => {
            let rule = "goes with item_id only.";
            Err(Problem::field(
                Code::InvalidField,
                "account_selection_enabled",
                rule,
            ))
        }
        (None, None) => {
            let webhook = where_webhooks_go(deps.link.webhook_base_url.as_deref(), request)?;
            Ok(Wanted::NewItem { webhook })
        }
    }
}

/// Plaid's own limit (plaid.com/docs/link/hosted-link).
const MAX_HOSTED_LIFETIME: u32 = 21 * 24 * 3600;

fn hosted_link(body: HostedBody) -> Result<HostedLink, Problem> {
    let wrong = |field, rule| Err(Problem::field(Code::InvalidField, field, rule));
    if body
        .completion_redirect_uri
        .as_ref()
        .is_some_and(|uri| url::Url::parse(uri).is_err())
    {
        return wrong("hosted_link.completion_redirect_uri", "must be a URL.");
    }
    if body
        .url_lifetime_seconds
        .is_some_and(|time| time == 0 || time > MAX_HOSTED_LIFETIME)
    {
        let rule = "must be at least 1 and at most 1814400, which is 21 days.";
        return wrong("hosted_link.url_lifetime_seconds", rule);
    }
    Ok(HostedLink {
        completion_redirect_uri: body.completion_redirect_uri,
        url_lifetime_seconds: body.url_lifetime_seconds,
        is_mobile_app: body.is_mobile_app,
    })
}

/// Plaid's rule (plaid.com/docs/link/oauth); its own allow-list decides in the end.
fn allowed_redirect(uri: &str) -> bool {
    let Ok(url) = url::Url::parse(uri) else {
        return false;
    };
    let plain = url.query().is_none() && url.fragment().is_none();
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    plain && (url.scheme() == "https" || (url.scheme() == "http" && local))
}

/// Android's own rule for package names, in short. The default one yields to any redirect URI.
fn android_package(
    asked: Option<String>,
    redirect_uri: Option<&str>,
    default: Option<&String>,
) -> Result<Option<String>, Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    match asked {
        Some(name) if name.is_empty() || name.len() > 255 || !name.chars().all(plain) => {
            let rule = "must be an Android package name, as in com.example.app.";
            Err(Problem::field(
                Code::InvalidField,
                "android_package_name",
                rule,
            ))
        }
        Some(name) => Ok(Some(name)),
        None if redirect_uri.is_some() => Ok(None),
        None => Ok(default.cloned()),
    }
}

/// The configured base URL, or the API's own domain. Another domain in the request's
/// context could be anybody's choice of custom domain mapping with another path, so it is
/// used only where the path is known: API Gateway's own domain, at the default stage.
fn where_webhooks_go(configured: Option<&str>, request: &Request) -> Result<String, Problem> {
    if let Some(base) = configured {
        return Ok(webhook_url(base));
    }
    own_domain(request)
        .map(|domain| webhook_url(&format!("https://{domain}")))
        .ok_or_else(|| {
            tracing::error!(
                "set WEBHOOK_BASE_URL: this request did not come by API Gateway's own domain"
            );
            Problem::new(
                Code::InternalError,
                "The address for webhooks is not configured.",
            )
        })
}

fn own_domain(request: &Request) -> Option<&str> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => {
            let domain = context.domain_name.as_deref()?;
            let own = domain.contains(".execute-api.")
                && (domain.ends_with(".amazonaws.com") || domain.ends_with(".amazonaws.com.cn"));
            (own && context.stage.as_deref() == Some("$default")).then_some(domain)
        }
        _ => None,
    }
}
