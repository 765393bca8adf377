//! The figures as tables, in Markdown: a function each, a column for each contestant.

use std::fmt::{self, Write};

use super::report::Summary;

/// A line of a table: what it is, how it reads, and whether a ratio to ours says something.
type Line = (&'static str, fn(&Summary) -> Option<f64>, usize, bool);

const LINES: [Line; 14] = [
    ("init, CPU, ms", |s| Some(s.init_cpu_ms), 1, true),
    ("init, ms", |s| Some(s.init_ms), 1, true),
    ("first event, ms", |s| Some(s.first_ms), 1, true),
    ("an event, p50, ms", |s| Some(s.warm_p50_ms), 1, true),
    ("p90, ms", |s| Some(s.warm_p90_ms), 1, true),
    ("p99, ms", |s| Some(s.warm_p99_ms), 1, true),
    (
        "beyond Plaid, p50, ms",
        |s| Some(s.beyond_plaid_ms),
        1,
        true,
    ),
    (
        "beyond Plaid and AWS, p50, ms",
        |s| Some(s.alone_ms),
        1,
        true,
    ),
    ("an event, CPU, us", |s| Some(s.cpu_us), 0, true),
    ("memory, fresh, MB", |s| Some(s.fresh_mb), 1, true),
    ("memory, used, MB", |s| Some(s.used_mb), 1, true),
    ("deployed, MB", |s| s.size_mb, 1, true),
    ("zipped, MB", |s| s.zipped_mb, 1, true),
    ("units of DynamoDB", |s| Some(s.units), 1, false),
];

/// All functions.
pub(super) fn of(summaries: &[Summary]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let tables = summaries.chunk_by(|one, other| one.function == other.function);
    for table in tables {
        write_table(&mut text, table)?;
    }
    Ok(text)
}

fn write_table(text: &mut String, table: &[Summary]) -> fmt::Result {
    let function = table.first().map_or("", |summary| summary.function);
    let names: Vec<_> = table
        .iter()
        .map(|summary| summary.contestant.name())
        .collect();
    writeln!(text, "\n| {function} | {} |", names.join(" | "))?;
    writeln!(text, "| --- |{}", " --- |".repeat(names.len()))?;
    for (name, value, digits, has_ratio) in LINES {
        let ours = table.first().and_then(value).filter(|_| has_ratio);
        let cells = table
            .iter()
            .map(|summary| cell(value(summary), ours, digits));
        writeln!(
            text,
            "| {name} | {} |",
            cells.collect::<Vec<_>>().join(" | ")
        )?;
    }
    let ages = table.first().map(|summary| summary.at_age_mb.keys());
    for age in ages.into_iter().flatten() {
        let at = |summary: &Summary| summary.at_age_mb.get(age).copied();
        let ours = table.first().and_then(at);
        let cells = table.iter().map(|summary| cell(at(summary), ours, 1));
        let cells = cells.collect::<Vec<_>>().join(" | ");
        writeln!(text, "| memory after {age} events, MB | {cells} |")?;
    }
    writeln!(text)?;
    for summary in table.iter().filter(|summary| summary.contestant.works()) {
        let (name, calls) = (summary.contestant.name(), summary.calls.join(", "));
        let handshakes = summary.cold_connections;
        writeln!(
            text,
            "{name}: {calls}; {handshakes} TLS handshakes until the first answer"
        )?;
    }
    Ok(())
}

/// `12.3 (4.1x)`: a value, and how many times ours it is.
fn cell(value: Option<f64>, ours: Option<f64>, digits: usize) -> String {
    let Some(value) = value else {
        return "-".to_owned();
    };
    match ours {
        Some(ours) if ours > 0.0 && (value - ours).abs() > f64::EPSILON => {
            format!("{value:.digits$} ({:.1}x)", value / ours)
        }
        _ => format!("{value:.digits$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_says_how_many_times_ours_it_is() {
        assert_eq!(cell(Some(12.34), Some(4.0), 1), "12.3 (3.1x)");
        assert_eq!(cell(Some(4.0), Some(4.0), 1), "4.0");
        assert_eq!(cell(Some(4.0), None, 0), "4");
        assert_eq!(cell(Some(4.0), Some(0.0), 0), "4");
        assert_eq!(cell(None, Some(4.0), 1), "-");
    }
}
