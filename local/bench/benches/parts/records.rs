//! Items to and from DynamoDB's attributes, as the table maps them.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId};
use shared::store::mapping::{item_row, read_item};

use crate::items::item;
use crate::webhook::ITEM;
use crate::{Criterion, Failure};

pub(crate) fn measure(criterion: &mut Criterion) -> Result<(), Failure> {
    for accounts in [1, 10] {
        let item = item("user-1", ITEM, accounts)?;
        let row = item_row(&item)?;
        assert_eq!(item.accounts.len(), accounts);
        assert_eq!(read_item(row.clone())?, item);
        let id = BenchmarkId::new("record: Item to attributes, accounts", accounts);
        criterion.bench_with_input(id, &item, |bencher, item| {
            bencher.iter(|| item_row(black_box(item)));
        });
        let id = BenchmarkId::new("record: attributes to Item, accounts", accounts);
        criterion.bench_with_input(id, &row, |bencher, row| {
            bencher.iter_batched(|| row.clone(), read_item, BatchSize::SmallInput);
        });
    }
    Ok(())
}
