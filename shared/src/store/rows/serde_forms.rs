//! How values of the domain are written in rows.

/// Ciphertext as binary.
pub(super) mod sealed {
    use serde::{Deserialize, Deserializer, Serializer};
    use serde_bytes::ByteBuf;

    use crate::domain::Sealed;

    pub(in super::super) fn serialize<S: Serializer>(
        value: &Sealed,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(value.as_bytes())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Sealed, D::Error> {
        let bytes = ByteBuf::deserialize(deserializer)?;
        Ok(Sealed::from_bytes(bytes.into_vec()))
    }
}

/// Ciphertext that may be missing.
pub(super) mod optional_sealed {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_bytes::{ByteBuf, Bytes};

    use crate::domain::Sealed;

    #[expect(clippy::ref_option, reason = "serde gives it so")]
    pub(in super::super) fn serialize<S: Serializer>(
        value: &Option<Sealed>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let bytes = value.as_ref().map(|sealed| Bytes::new(sealed.as_bytes()));
        bytes.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Sealed>, D::Error> {
        let bytes = Option::<ByteBuf>::deserialize(deserializer)?;
        Ok(bytes.map(|bytes| Sealed::from_bytes(bytes.into_vec())))
    }
}

/// The state of a login in one word; one that has a code is `needs_user:CODE`.
pub(super) mod health {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::domain::Health;

    const NEEDS_USER: &str = "needs_user:";

    pub(in super::super) fn serialize<S: Serializer>(
        health: &Health,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match health {
            Health::Good => serializer.serialize_str("good"),
            Health::LoginRequired => serializer.serialize_str("login_required"),
            Health::Revoked => serializer.serialize_str("revoked"),
            Health::NeedsUser(code) => serializer.collect_str(&format_args!("{NEEDS_USER}{code}")),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Health, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match text.as_str() {
            "good" => Health::Good,
            "login_required" => Health::LoginRequired,
            "revoked" => Health::Revoked,
            other => {
                let code = other.strip_prefix(NEEDS_USER).unwrap_or(other);
                Health::NeedsUser(code.to_owned())
            }
        })
    }
}
