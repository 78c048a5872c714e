//! Placeholder types until the calendar lands.

macro_rules! text_type { ($($name:ident;)+) => {$(
    /// Text.
    #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
    #[serde(transparent)]
    pub struct $name(String);
    impl std::fmt::Display for $name { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(&self.0) } }
    impl $name { /// Word.
        pub fn as_str(&self) -> &str { &self.0 } }
    impl std::str::FromStr for $name { type Err = String; fn from_str(t: &str) -> Result<Self, String> { if t.is_empty() { Err("empty".into()) } else { Ok($name(t.into())) } } }
)+}}
text_type! { OpeningHours; TrafficProfile; }
