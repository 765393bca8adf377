//! The text of the page at `/`.

use crate::environment::Urls;
use crate::template::{Authorizer, Route};

/// The addresses, the routes, and the first steps with curl.
pub(crate) fn text(urls: &Urls, routes: &[Route]) -> String {
    let gateway = &urls.gateway;
    let plaid = urls.plaid.as_deref().unwrap_or("Plaid's own Sandbox");
    let (aws, dynamodb) = (&urls.aws, &urls.dynamodb);
    let routes: String = routes.iter().map(line).collect();
    format!(
        "The local stack is running.

  gateway                {gateway}
  Plaid                  {plaid}
  KMS, Secrets Manager   {aws}
  DynamoDB               {dynamodb}

Routes:
{routes}
Log in as a user, then call the API:

  TOKEN=$(curl -s {gateway}/dev/login -d '{{\"user_id\": \"user-1\"}}' | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')
  curl {gateway}/v1/link-tokens -X POST -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' -d '{{}}'
  curl {gateway}/v1/items -H \"authorization: Bearer $TOKEN\"

A server's token, for routes with IAM: {{\"server\": true}} in place of the user.
"
    )
}

fn line(route: &Route) -> String {
    let method = route.method.as_deref().unwrap_or("ANY");
    let who = match route.authorizer {
        Authorizer::Nobody => "open",
        Authorizer::Jwt(_) => "user",
        Authorizer::Iam => "server",
    };
    format!(
        "  {method:<7} {:<28} {who:<7} {}\n",
        route.path, route.function
    )
}
