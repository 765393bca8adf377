//! The vault, as it goes wrong.

use secrecy::SecretString;

use super::{Faulty, Kind, Service};
use crate::domain::{Place, Purpose, Sealed};
use crate::ports::{Vault, VaultError};

impl<T: Vault> Vault for Faulty<T> {
    type Key = T::Key;

    async fn data_key(&self, purpose: Purpose) -> Result<Self::Key, VaultError> {
        let call = (Service::Vault, Kind::Read, "data_key");
        self.call(call, None, || self.inner.data_key(purpose)).await
    }

    async fn open(
        &self,
        sealed: &Sealed,
        purpose: Purpose,
        place: &Place,
    ) -> Result<SecretString, VaultError> {
        let call = (Service::Vault, Kind::Read, "open");
        self.call(call, None, || self.inner.open(sealed, purpose, place))
            .await
    }
}
