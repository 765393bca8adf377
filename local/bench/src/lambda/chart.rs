//! The figures as a picture: bars, a group for each function and figure. SVG, in the colours of
//! whoever looks at it.

use std::fmt::{self, Write};

use super::report::Summary;

/// What is drawn of a function: a title, and the figure.
type Panel = (&'static str, fn(&Summary) -> f64);

const PANELS: [Panel; 4] = [
    ("cold start, ms of CPU", |s| s.init_cpu_ms),
    ("first event, ms", |s| s.first_ms),
    ("an event, us of CPU", |s| s.cpu_us),
    ("memory, MB", |s| s.used_mb),
];

const WIDTH: usize = 240;
const GAP: usize = 24;
const BAR: usize = 14;
const STEP: usize = 30;
/// Room for a panel's title.
const TITLE: usize = 26;
/// Room for a function's name.
const NAME: usize = 34;
/// Room for a value beside the longest bar.
const VALUE: usize = 60;

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1d2321}\
    .name{font-weight:600;font-size:14px}.title,.who{fill:#5c6663}.who{font-size:11px}\
    .ours{fill:#0a7d5c}.other{fill:#b8bfbc}\
    @media(prefers-color-scheme:dark){text{fill:#e8ebe9}.title,.who{fill:#9aa5a1}\
    .ours{fill:#3ecf9f}.other{fill:#56605c}}";

/// All functions, one below the other.
pub(super) fn of(summaries: &[Summary]) -> Result<String, fmt::Error> {
    let mut body = String::new();
    let mut top = 0;
    for group in summaries.chunk_by(|one, other| one.function == other.function) {
        write_group(&mut body, group, top)?;
        top += NAME + TITLE + STEP * group.len() + GAP;
    }
    let width = PANELS.len() * (WIDTH + GAP);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {top}\" width=\"{width}\" \
         role=\"img\"><title>The functions beside what others would write</title>\
         <style>{STYLE}</style>\n{body}</svg>\n"
    ))
}

fn write_group(body: &mut String, group: &[Summary], top: usize) -> fmt::Result {
    let function = group.first().map_or("", |summary| summary.function);
    writeln!(
        body,
        "<text class=\"name\" x=\"0\" y=\"{}\">{function}</text>",
        top + 16
    )?;
    for (place, (title, figure)) in PANELS.into_iter().enumerate() {
        let left = place * (WIDTH + GAP);
        let below = top + NAME;
        writeln!(
            body,
            "<text class=\"title\" x=\"{left}\" y=\"{}\">{title}</text>",
            below + 12
        )?;
        let largest = group.iter().map(figure).fold(f64::MIN_POSITIVE, f64::max);
        for (row, summary) in group.iter().enumerate() {
            let y = below + TITLE + row * STEP;
            write_bar(body, summary, figure(summary), largest, (left, y))?;
        }
    }
    Ok(())
}

fn write_bar(
    body: &mut String,
    summary: &Summary,
    value: f64,
    largest: f64,
    (x, y): (usize, usize),
) -> fmt::Result {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred pixels")]
    let room = (WIDTH - VALUE) as f64;
    let length = (value / largest * room).max(1.0);
    let class = if summary.contestant.is_ours() {
        "ours"
    } else {
        "other"
    };
    let digits = usize::from(value < 100.0);
    let name = summary.contestant.name();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred pixels")]
    let beside = x as f64 + length + 6.0;
    writeln!(
        body,
        "<text class=\"who\" x=\"{x}\" y=\"{}\">{name}</text>\
         <rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>\
         <text x=\"{beside:.1}\" y=\"{}\">{value:.digits$}</text>",
        y + 9,
        y + 12,
        y + 23,
    )
}
