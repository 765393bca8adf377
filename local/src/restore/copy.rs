//! Record by record, from one table into another that may be at work.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::task::{JoinError, JoinSet};

/// How many records lie between two lines of progress.
const PROGRESS: u64 = 1000;

/// A table.
#[derive(Clone)]
pub struct Place {
    /// Who is asked.
    pub client: Client,
    /// Its name.
    pub table: String,
}

/// What became of the records so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// They were written.
    pub written: u64,
    /// They were there already.
    pub kept: u64,
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { written, kept } = self;
        write!(f, "{written} records written, {kept} were there already")
    }
}

/// Why the copy broke off. No message holds anything of a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The source.
    #[error("the table {table} cannot be read: {reason}")]
    Read {
        /// Its name.
        table: String,
        /// What AWS said.
        reason: String,
    },
    /// The target.
    #[error("the table {table} cannot be written: {reason}")]
    Write {
        /// Its name.
        table: String,
        /// What AWS said.
        reason: String,
    },
    /// A part of the copy ended early.
    #[error("the copy broke off")]
    Ended(#[from] JoinError),
}

type Row = HashMap<String, AttributeValue>;
type Show = Arc<dyn Fn(Copied) + Send + Sync>;

/// One of the parts that a table is read in, each beside the others.
struct Part {
    from: Place,
    to: Place,
    number: i32,
    of: i32,
    count: Arc<Count>,
}

struct Count {
    seen: AtomicU64,
    written: AtomicU64,
    show: Show,
}

/// Copies every record that the target does not have, in `parts` that run beside each other,
/// and shows now and then how far it is.
///
/// # Errors
/// See [`CopyError`]. What was written stays written, and a second copy goes on.
pub async fn copy(from: &Place, to: &Place, parts: i32, show: Show) -> Result<Copied, CopyError> {
    let count = Arc::new(Count {
        seen: AtomicU64::default(),
        written: AtomicU64::default(),
        show,
    });
    let mut running = JoinSet::new();
    for number in 0..parts {
        let part = Part {
            from: from.clone(),
            to: to.clone(),
            number,
            of: parts,
            count: Arc::clone(&count),
        };
        running.spawn(async move { part.copy().await });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(count.now())
}

impl Part {
    async fn copy(&self) -> Result<(), CopyError> {
        let scan = self.from.client.scan().table_name(&self.from.table);
        let scan = scan.consistent_read(true);
        let scan = scan.segment(self.number).total_segments(self.of);
        let mut pages = scan.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CopyError::Read {
                table: self.from.table.clone(),
                reason: DisplayErrorContext(error).to_string(),
            })?;
            for row in page.items.unwrap_or_default() {
                let was_written = self.put(row).await?;
                self.count.add(was_written);
            }
        }
        Ok(())
    }

    /// False for a record that is there: a stack at work knows better than a backup.
    async fn put(&self, row: Row) -> Result<bool, CopyError> {
        let put = self.to.client.put_item().table_name(&self.to.table);
        let put = put.condition_expression("attribute_not_exists(pk)");
        let Err(error) = put.set_item(Some(row)).send().await else {
            return Ok(true);
        };
        let refused = error.as_service_error();
        if refused.is_some_and(PutItemError::is_conditional_check_failed_exception) {
            return Ok(false);
        }
        Err(CopyError::Write {
            table: self.to.table.clone(),
            reason: DisplayErrorContext(error).to_string(),
        })
    }
}

impl Count {
    fn add(&self, was_written: bool) {
        self.written
            .fetch_add(u64::from(was_written), Ordering::Relaxed);
        let before = self.seen.fetch_add(1, Ordering::Relaxed);
        if (before + 1).is_multiple_of(PROGRESS) {
            (self.show)(self.now());
        }
    }

    fn now(&self) -> Copied {
        let written = self.written.load(Ordering::Relaxed);
        let kept = self.seen.load(Ordering::Relaxed).saturating_sub(written);
        Copied { written, kept }
    }
}
