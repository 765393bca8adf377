//! The front end's files, built into the program.

use std::borrow::Cow;

const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// One of them.
#[derive(Debug)]
pub(super) struct File {
    /// Where the browser finds it.
    pub(super) path: &'static str,
    /// Its content type.
    pub(super) kind: &'static str,
    /// Its text when the program was built.
    pub(super) built_in: &'static str,
    source: &'static str,
}

impl File {
    /// Its text. A development build reads it where it was built, so that an edit is seen with a
    /// reload.
    pub(super) fn text(&self) -> Cow<'static, str> {
        if cfg!(debug_assertions)
            && let Ok(edited) = std::fs::read_to_string(self.source)
        {
            return Cow::Owned(edited);
        }
        Cow::Borrowed(self.built_in)
    }
}

macro_rules! file {
    ($name:literal, $kind:ident) => {
        File {
            path: concat!("/", $name),
            kind: $kind,
            built_in: include_str!(concat!("../../../web/", $name)),
            source: concat!(env!("CARGO_MANIFEST_DIR"), "/web/", $name),
        }
    };
}

/// The page.
pub(super) const PAGE: File = file!("index.html", HTML);

/// Everything that it loads.
pub(super) const LOADED: &[File] = &[
    file!("acts.js", JAVASCRIPT),
    file!("activity.js", JAVASCRIPT),
    file!("api.js", JAVASCRIPT),
    file!("app.js", JAVASCRIPT),
    file!("ask.js", JAVASCRIPT),
    file!("astra.js", JAVASCRIPT),
    file!("collection.js", JAVASCRIPT),
    file!("dom.js", JAVASCRIPT),
    file!("exchange.js", JAVASCRIPT),
    file!("finishing.js", JAVASCRIPT),
    file!("items.js", JAVASCRIPT),
    file!("link.js", JAVASCRIPT),
    file!("linking.js", JAVASCRIPT),
    file!("list.js", JAVASCRIPT),
    file!("live.js", JAVASCRIPT),
    file!("notices.js", JAVASCRIPT),
    file!("page.js", JAVASCRIPT),
    file!("session.js", JAVASCRIPT),
    file!("words.js", JAVASCRIPT),
    file!("style.css", CSS),
    file!("icon.svg", SVG),
];
