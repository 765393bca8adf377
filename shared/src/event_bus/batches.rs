//! As many events in one call as EventBridge takes.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;

const MOST_ENTRIES: usize = 10;
/// EventBridge counts the bytes of source, detail type and detail, over the whole request
/// (docs.aws.amazon.com/eventbridge, user guide, "Sending events").
const MOST_BYTES: usize = 256 * 1024;

/// The entries in their order. One that is too large by itself is left to EventBridge to
/// refuse.
pub(super) fn batches(
    entries: impl IntoIterator<Item = PutEventsRequestEntry>,
) -> Vec<Vec<PutEventsRequestEntry>> {
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let size = size(&entry);
        let full = batch.len() == MOST_ENTRIES || bytes + size > MOST_BYTES;
        if full && !batch.is_empty() {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += size;
        batch.push(entry);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}

fn size(entry: &PutEventsRequestEntry) -> usize {
    let parts = [entry.source(), entry.detail_type(), entry.detail()];
    parts.into_iter().flatten().map(str::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(details: &[usize]) -> Vec<usize> {
        let entry = |length: &usize| {
            let detail = "x".repeat(*length);
            PutEventsRequestEntry::builder().detail(detail).build()
        };
        let batches = batches(details.iter().map(entry));
        batches.iter().map(Vec::len).collect()
    }

    #[test]
    fn a_batch_has_at_most_ten_entries() {
        assert_eq!(sizes(&[]), [] as [usize; 0]);
        assert_eq!(sizes(&[2; 10]), [10]);
        assert_eq!(sizes(&[2; 21]), [10, 10, 1]);
    }

    #[test]
    fn a_batch_has_at_most_256_kilobytes() {
        let half = MOST_BYTES / 2;
        assert_eq!(sizes(&[half, half, 1]), [2, 1]);
        assert_eq!(sizes(&[half, half + 1]), [1, 1]);
        assert_eq!(sizes(&[1, MOST_BYTES + 1, 1]), [1, 1, 1]);
    }
}
