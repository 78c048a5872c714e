//! The templates of mails.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::notice::NoticeKind;

/// A notice in a language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateView {
    /// The notice.
    pub kind: NoticeKind,
    /// The language.
    pub locale: String,
    /// The files that it is put into words with and that are not the built-in ones.
    pub overridden: Vec<String>,
}

/// In which language.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TemplateQuery {
    /// `en`, as if none is given, or `zh-CN`.
    pub locale: Option<String>,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateFault {
    /// Its file, from the folder of templates on.
    pub file: String,
    /// Its line, from 1; absent where it is about the whole file.
    pub line: Option<usize>,
    /// What is wrong, and what to do.
    pub what: String,
}
