//! Finds the route of a request, as API Gateway does: the most specific one wins.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::template::Route;

/// The route that a request takes.
#[derive(Debug)]
pub(super) struct Matched<'a> {
    pub(super) route: &'a Route,
    /// The values of the path's parameters, decoded.
    pub(super) parameters: BTreeMap<String, String>,
}

impl Matched<'_> {
    /// API Gateway's name of the route, e.g. `GET /v1/items/{item_id}`.
    pub(super) fn key(&self) -> String {
        format!(
            "{} {}",
            self.route.method.as_deref().unwrap_or("ANY"),
            self.route.path
        )
    }
}

/// The route for a method and a path, if there is one.
pub(super) fn find<'a>(routes: &'a [Route], method: &str, path: &str) -> Option<Matched<'a>> {
    routes
        .iter()
        .filter(|route| route.method.as_deref().is_none_or(|own| own == method))
        .filter_map(|route| Some((rank(route), parameters(&route.path, path)?, route)))
        .min_by_key(|(rank, _, _)| *rank)
        .map(|(_, parameters, route)| Matched { route, parameters })
}

/// Lower is more specific: fewer greedy parameters, then fewer parameters, then a method.
fn rank(route: &Route) -> (usize, usize, bool) {
    let parameters = route.path.matches('{').count();
    (
        route.path.matches("+}").count(),
        parameters,
        route.method.is_none(),
    )
}

/// The parameters of a path that fits the pattern.
fn parameters(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    let mut rest = path.strip_prefix('/')?.split('/');
    for part in pattern.strip_prefix('/')?.split('/') {
        let name = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        if let Some(greedy) = name.and_then(|name| name.strip_suffix('+')) {
            let value = rest.by_ref().collect::<Vec<_>>().join("/");
            parameters.insert(greedy.to_owned(), decoded(&value)?);
            continue;
        }
        let segment = rest.next()?;
        match name {
            Some(name) => drop(parameters.insert(name.to_owned(), decoded(segment)?)),
            None if segment == part => {}
            None => return None,
        }
    }
    rest.next().is_none().then_some(parameters)
}

/// A parameter is never empty.
fn decoded(segment: &str) -> Option<String> {
    let value = percent_decode_str(segment).decode_utf8_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Authorizer;

    fn routes() -> Vec<Route> {
        [
            (Some("GET"), "/v1/{proxy+}"),
            (Some("GET"), "/v1/items/{item_id}"),
            (None, "/v1/items/special"),
            (Some("GET"), "/v1/items/special"),
            (Some("POST"), "/v1/items"),
        ]
        .map(|(method, path)| Route {
            method: method.map(str::to_owned),
            path: path.to_owned(),
            authorizer: Authorizer::Nobody,
            function: "f".to_owned(),
        })
        .to_vec()
    }

    fn key(method: &str, path: &str) -> Option<String> {
        find(&routes(), method, path).map(|matched| matched.key())
    }

    #[test]
    fn the_most_specific_route_wins() {
        assert_eq!(
            key("GET", "/v1/items/special").unwrap(),
            "GET /v1/items/special"
        );
        assert_eq!(
            key("DELETE", "/v1/items/special").unwrap(),
            "ANY /v1/items/special"
        );
        assert_eq!(
            key("GET", "/v1/items/abc").unwrap(),
            "GET /v1/items/{item_id}"
        );
        assert_eq!(key("GET", "/v1/items/a/b").unwrap(), "GET /v1/{proxy+}");
    }

    #[test]
    fn another_method_or_a_longer_path_has_no_route() {
        assert_eq!(key("PUT", "/v1/items"), None);
        assert_eq!(key("POST", "/v1/items/"), None);
        assert_eq!(key("POST", "/v2/items"), None);
        assert_eq!(key("GET", "/v1/"), None);
    }

    #[test]
    fn path_parameters_are_decoded() {
        let routes = routes();
        let matched = find(&routes, "GET", "/v1/items/a%2Fb%20c").unwrap();
        assert_eq!(matched.parameters["item_id"], "a/b c");
        let matched = find(&routes, "GET", "/v1/x/y%7E").unwrap();
        assert_eq!(matched.parameters["proxy"], "x/y~");
    }
}
