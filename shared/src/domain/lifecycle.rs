//! How far our own work on an Item is.

use serde::{Deserialize, Serialize};

/// How far our own work on the Item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Exchanged and recorded; its accounts are not settled yet.
    Linking,
    /// In use.
    Linked,
    /// To be removed at Plaid.
    Removing,
    /// Gone at Plaid; its tokens are erased.
    Removed,
}

impl Lifecycle {
    /// Whether a record at this stage may be replaced by one at that stage. Nothing comes
    /// back from a removal.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Linking => true,
            Self::Linked => next != Self::Linking,
            Self::Removing => matches!(next, Self::Removing | Self::Removed),
            Self::Removed => next == Self::Removed,
        }
    }

    /// The stages that may come before this one, itself included.
    pub fn predecessors(self) -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(move |before| before.may_become(self))
    }

    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linking => "linking",
            Self::Linked => "linked",
            Self::Removing => "removing",
            Self::Removed => "removed",
        }
    }

    const ALL: [Self; 4] = [Self::Linking, Self::Linked, Self::Removing, Self::Removed];
}

#[cfg(test)]
mod tests {
    use super::Lifecycle::{self, *};

    #[test]
    fn nothing_comes_back_from_a_removal() {
        let before = |stage: Lifecycle| stage.predecessors().collect::<Vec<_>>();
        assert_eq!(before(Linking), [Linking]);
        assert_eq!(before(Linked), [Linking, Linked]);
        assert_eq!(before(Removing), [Linking, Linked, Removing]);
        assert_eq!(before(Removed), [Linking, Linked, Removing, Removed]);
    }

    #[test]
    fn a_stage_is_named_as_it_is_serialised() {
        for stage in Lifecycle::ALL {
            let serialised = serde_json::to_value(stage).unwrap();
            assert_eq!(serialised, stage.as_str());
        }
    }
}
