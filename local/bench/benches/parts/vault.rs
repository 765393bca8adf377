//! Our own cryptography around an access token: what is left of the vault without KMS.

use std::hint::black_box;

use secrecy::{ExposeSecret, SecretString};
use shared::domain::{ItemId, Place, Purpose, Sealed, UserId};
use shared::ports::SealingKey;
use shared::vault::{DataKey, Envelope};

use crate::items::{ACCESS_TOKEN, data_key};
use crate::webhook::ITEM;
use crate::{Criterion, Failure};

pub(crate) fn measure(criterion: &mut Criterion) -> Result<(), Failure> {
    let place = Place::access_token(&UserId::new("user-1"), &ItemId::new(ITEM));
    let elsewhere = Place::access_token(&UserId::new("user-2"), &ItemId::new(ITEM));
    let sealed = seal(ACCESS_TOKEN, &place)?;
    assert_eq!(open(&sealed, &place)?.expose_secret(), ACCESS_TOKEN);
    assert!(open(&sealed, &elsewhere).is_err());
    criterion.bench_function("vault: seal an access token", |bencher| {
        bencher.iter(|| seal(black_box(ACCESS_TOKEN), &place));
    });
    criterion.bench_function("vault: open an access token", |bencher| {
        bencher.iter(|| open(black_box(&sealed), &place));
    });
    Ok(())
}

/// With a new data key, as KMS has just given it.
fn seal(token: &str, place: &Place) -> Result<Sealed, Failure> {
    Ok(data_key(Purpose::Access)?.seal(token, place)?)
}

/// With the data key as KMS has just unwrapped it.
fn open(sealed: &Sealed, place: &Place) -> Result<SecretString, Failure> {
    let envelope = Envelope::of(sealed)?;
    let key: DataKey = data_key(Purpose::Access)?;
    Ok(key.open(&envelope, place)?)
}
