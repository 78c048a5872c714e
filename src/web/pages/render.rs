//! The template engine: strict, escaping, its templates embedded in the program.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use rust_embed::RustEmbed;
use serde::Serialize;

pub(super) use super::context::PageContext;
use super::context::Theme;
use super::nav::places_for;
use super::{assets, format, words};
use crate::domain::access::Role;
use crate::domain::fleet::Locale;

/// A page that could not be put into HTML: a defect of a template, never of the data.
#[derive(Debug, thiserror::Error)]
#[error("the page `{template}` cannot be rendered")]
pub struct RenderError {
    template: &'static str,
    #[source]
    source: minijinja::Error,
}

#[derive(RustEmbed)]
#[folder = "templates/web"]
pub(super) struct Templates;

static ENVIRONMENT: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(load_templates);

fn load_templates() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for name in Templates::iter().filter(|name| !words::is_words(name)) {
        let file = Templates::get(&name).expect("the name comes from the same embedded folder");
        let source = String::from_utf8_lossy(&file.data).into_owned();
        environment.add_template_owned(name.into_owned(), source)?;
    }
    environment.add_function("asset", assets::versioned_path);
    Ok(environment)
}

/// Puts a page into HTML. `data` is what the template knows as `page`.
pub(super) fn render<T: Serialize>(
    template: &'static str,
    page_context: &PageContext,
    data: &T,
) -> Result<String, RenderError> {
    let failed = |source| RenderError { template, source };
    let mut environment = match &*ENVIRONMENT {
        Ok(environment) => environment.clone(),
        Err(error) => {
            let copy = minijinja::Error::new(error.kind(), error.to_string());
            return Err(failed(copy));
        }
    };
    format::add_filters(&mut environment, page_context);
    environment.add_function("t", words::template_function(page_context.locale));
    // What the reader may not do is not offered; that it is refused is the router's affair.
    environment.add_global(
        "may",
        context! {
            edit => page_context.role() >= Role::Operator,
            approve => page_context.role() >= Role::Approver,
            whole => !page_context.is_confined(),
        },
    );
    environment
        .get_template(template)
        .and_then(|ready| {
            ready.render(context! {
                page => Value::from(Serde(data)),
                now => Value::from(Serde(page_context.now)),
                zone => page_context.zone.name(),
                locale => page_context.locale.as_str(),
                locales => Locale::ALL.map(Locale::as_str),
                theme => page_context.theme.as_str(),
                themes => Theme::ALL.map(Theme::as_str),
                address => page_context.address.as_str(),
                reader => Value::from(Serde(&page_context.reader)),
                places => Value::from(Serde(places_for(page_context))),
            })
        })
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_parses() {
        assert!(ENVIRONMENT.is_ok(), "{:?}", ENVIRONMENT.as_ref().err());
        assert!(Templates::iter().count() > 5);
    }
}
