//! The sealed form of a value, and the cryptography of one data key.
//!
//! A sealed value is: version (1 byte), length of the wrapped key (2 bytes, big-endian),
//! the wrapped key, a random nonce (12 bytes), the ciphertext with its tag. A data key
//! seals a handful of values, so random nonces never meet.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::domain::{Place, Purpose, Sealed, VaultId};
use crate::ports::{SealingKey, VaultError};

const VERSION: u8 = 1;

/// A data key in hand, with its wrapped form to be stored beside what it seals.
pub struct DataKey {
    key: LessSafeKey,
    wrapped: Vec<u8>,
    vault_id: VaultId,
    purpose: Purpose,
}

impl DataKey {
    /// A key from its 32 bytes in clear and its wrapped form.
    ///
    /// # Errors
    /// The key does not have 32 bytes.
    pub fn new(
        clear: &[u8],
        wrapped: Vec<u8>,
        vault_id: VaultId,
        purpose: Purpose,
    ) -> Result<Self, VaultError> {
        let key = UnboundKey::new(&AES_256_GCM, clear).map_err(|_| VaultError::CannotSeal)?;
        Ok(Self {
            key: LessSafeKey::new(key),
            wrapped,
            vault_id,
            purpose,
        })
    }

    /// Opens what was sealed with this key for this place.
    ///
    /// # Errors
    /// `DoesNotOpen` when anything differs.
    pub fn open(&self, envelope: &Envelope<'_>, place: &Place) -> Result<SecretString, VaultError> {
        let nonce = Nonce::try_assume_unique_for_key(envelope.nonce)
            .map_err(|_| VaultError::DoesNotOpen)?;
        let mut buffer = Zeroizing::new(envelope.ciphertext.to_vec());
        let clear = self
            .key
            .open_in_place(nonce, self.aad(place), &mut buffer)
            .map_err(|_| VaultError::DoesNotOpen)?;
        let text = std::str::from_utf8(clear).map_err(|_| VaultError::DoesNotOpen)?;
        Ok(SecretString::from(text))
    }

    /// What is authenticated with the ciphertext: the vault, the purpose and the place.
    fn aad(&self, place: &Place) -> Aad<Vec<u8>> {
        let parts = [
            self.vault_id.as_str(),
            self.purpose.as_str(),
            &place.record.pk,
            &place.record.sk,
            &place.attribute,
        ];
        let mut aad = vec![VERSION];
        for part in parts {
            // With its length before it, no part runs into the next.
            aad.extend_from_slice(&(part.len() as u64).to_be_bytes());
            aad.extend_from_slice(part.as_bytes());
        }
        Aad::from(aad)
    }
}

impl SealingKey for DataKey {
    fn seal(&self, value: &str, place: &Place) -> Result<Sealed, VaultError> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new()
            .fill(&mut nonce)
            .map_err(|_| VaultError::CannotSeal)?;
        let mut ciphertext = value.as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                self.aad(place),
                &mut ciphertext,
            )
            .map_err(|_| VaultError::CannotSeal)?;
        let wrapped_length =
            u16::try_from(self.wrapped.len()).map_err(|_| VaultError::CannotSeal)?;
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&wrapped_length.to_be_bytes());
        bytes.extend_from_slice(&self.wrapped);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&ciphertext);
        Ok(Sealed::from_bytes(bytes))
    }
}

/// The parts of a sealed value.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// The data key as KMS wrapped it.
    pub wrapped_key: &'a [u8],
    nonce: &'a [u8],
    ciphertext: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Takes a sealed value apart.
    ///
    /// # Errors
    /// `DoesNotOpen` when it was not sealed by us.
    pub fn of(sealed: &'a Sealed) -> Result<Self, VaultError> {
        Self::split(sealed.as_bytes()).ok_or(VaultError::DoesNotOpen)
    }

    fn split(bytes: &'a [u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (wrapped_key, rest) =
            rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN)?;
        (*version == VERSION).then_some(Self {
            wrapped_key,
            nonce,
            ciphertext,
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::domain::{AccountId, ItemId, RecordKey, UserId};

    fn key(vault: &str, purpose: Purpose) -> DataKey {
        DataKey::new(&[7; 32], vec![1, 2, 3], VaultId::new(vault), purpose).unwrap()
    }

    fn place(user: &str, item: &str) -> Place {
        Place::access_token(&UserId::new(user), &ItemId::new(item))
    }

    #[test]
    fn a_sealed_value_opens_at_its_place() {
        let key = key("main", Purpose::Access);
        let sealed = key.seal("access-sandbox-1", &place("u", "i")).unwrap();
        let envelope = Envelope::of(&sealed).unwrap();
        assert_eq!(envelope.wrapped_key, [1, 2, 3]);
        let opened = key.open(&envelope, &place("u", "i")).unwrap();
        assert_eq!(opened.expose_secret(), "access-sandbox-1");
    }

    #[test]
    fn a_sealed_value_opens_nowhere_else() {
        let main = key("main", Purpose::Access);
        let sealed = main.seal("secret", &place("u", "i")).unwrap();
        let envelope = Envelope::of(&sealed).unwrap();
        let account = AccountId::new("a");
        let elsewhere = [
            place("u", "j"),
            place("v", "i"),
            Place::processor_token(&UserId::new("u"), &ItemId::new("i"), &account),
        ];
        for place in elsewhere {
            assert!(main.open(&envelope, &place).is_err(), "{place:?}");
        }
        for other in [
            key("other", Purpose::Access),
            key("main", Purpose::Processor),
        ] {
            assert!(other.open(&envelope, &place("u", "i")).is_err());
        }
    }

    #[test]
    fn places_with_the_same_characters_cut_differently_are_different_places() {
        let key = key("main", Purpose::Access);
        let place = |pk: &str, sk: &str, attribute: &str| Place {
            record: RecordKey {
                pk: pk.to_owned(),
                sk: sk.to_owned(),
            },
            attribute: attribute.to_owned(),
        };
        let sealed = key.seal("secret", &place("ab", "cd", "ef")).unwrap();
        let envelope = Envelope::of(&sealed).unwrap();
        assert!(key.open(&envelope, &place("ab", "cd", "ef")).is_ok());
        for cut in [
            place("abc", "d", "ef"),
            place("ab", "cde", "f"),
            place("ab", "c", "def"),
        ] {
            assert!(key.open(&envelope, &cut).is_err(), "{cut:?}");
        }
    }

    #[test]
    fn an_altered_or_cut_value_does_not_open() {
        let key = key("main", Purpose::Access);
        let sealed = key.seal("secret", &place("u", "i")).unwrap();
        let bytes = sealed.as_bytes();
        for position in 0..bytes.len() {
            let mut altered = bytes.to_vec();
            altered[position] ^= 1;
            let altered = Sealed::from_bytes(altered);
            let wrapped_key = 3..6;
            let opened = Envelope::of(&altered).and_then(|e| key.open(&e, &place("u", "i")));
            // The wrapped key is KMS' to check.
            assert_eq!(
                opened.is_ok(),
                wrapped_key.contains(&position),
                "byte {position}"
            );
        }
        for length in 0..bytes.len() {
            let cut = Sealed::from_bytes(bytes[..length].to_vec());
            let opened = Envelope::of(&cut).and_then(|e| key.open(&e, &place("u", "i")));
            assert!(opened.is_err(), "{length} bytes");
        }
    }

    #[test]
    fn sealing_twice_gives_different_bytes() {
        let key = key("main", Purpose::Access);
        let place = place("u", "i");
        assert_ne!(
            key.seal("secret", &place).unwrap(),
            key.seal("secret", &place).unwrap()
        );
    }
}
