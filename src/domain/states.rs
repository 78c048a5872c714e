//! One macro for every state machine: the enum, its words in the database and the API, and the table of its
//! legal transitions. The tables are written down a second time, by hand, in `tests/it/state_tables.rs`.

macro_rules! state_machine {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $word:literal -> [$($next:ident),* $(,)?];)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every state, in the order of a life.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word used in the database, the API and the CLI.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }

            /// The states that may follow this one.
            pub const fn next(self) -> &'static [$name] {
                match self { $($name::$variant => &[$($name::$next),*],)+ }
            }

            /// The states from which `self` may be entered: what an UPDATE filters on.
            pub fn previous(self) -> Vec<$name> {
                $name::ALL.iter().copied().filter(|state| state.next().contains(&self)).collect()
            }

            /// Nothing follows a final state.
            pub const fn is_final(self) -> bool {
                self.next().is_empty()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::states::UnknownState;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $name::ALL.iter().copied().find(|state| state.as_str() == text).ok_or_else(|| {
                    $crate::domain::states::UnknownState {
                        value: text.to_owned(),
                        allowed: $name::ALL.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(", "),
                    }
                })
            }
        }
    };
}

/// A word that names no state of the machine asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not a state; use one of: {allowed}")]
pub struct UnknownState {
    /// The word that was given.
    pub value: String,
    /// The words that are known, separated by commas.
    pub allowed: String,
}

pub(crate) use state_machine;
