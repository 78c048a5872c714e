//! What every page knows besides its data: the instant and the zone, the reader's language and colours, who has
//! signed in.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::domain::access::Role;
use crate::domain::fleet::Locale;
use crate::web::AppState;
use crate::web::routes::Asks;

/// The cookie that keeps the language.
pub const LANGUAGE_COOKIE: &str = "offpeak_lang";
/// The cookie that keeps the colours.
pub const THEME_COOKIE: &str = "offpeak_theme";

/// The colours that a reader wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system has them.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Every one.
    pub const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// As the cookie and the style sheet write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

impl std::str::FromStr for Theme {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Theme::ALL.into_iter().find(|theme| theme.as_str() == text).ok_or(())
    }
}

/// Who reads the page.
#[derive(Clone, Debug, Serialize)]
pub struct Reader {
    /// The name beside the sign-out button.
    pub name: String,
    /// What the reader may do.
    pub role: Role,
    /// Whether he answers for a part of the fleet only.
    pub is_confined: bool,
    /// What the forms show so that no other site can send them.
    pub csrf: String,
}

/// What every page knows besides its data.
#[derive(Clone, Debug)]
pub struct PageContext {
    /// The instant for which the page speaks.
    pub now: DateTime<Utc>,
    /// The zone in which it shows times.
    pub zone: Tz,
    /// The language it speaks.
    pub locale: Locale,
    /// The colours it wears.
    pub theme: Theme,
    /// Path and query under which it was asked for.
    pub address: String,
    /// Who reads it; nobody has signed in where there is no sign-in.
    pub reader: Option<Reader>,
    /// Whether it leads to the other pages: not before somebody has signed in.
    pub leads_on: bool,
}

impl PageContext {
    /// A page for nobody in particular.
    pub fn plain(now: DateTime<Utc>, zone: Tz) -> Self {
        PageContext {
            now,
            zone,
            locale: Locale::En,
            theme: Theme::Auto,
            address: "/".to_owned(),
            reader: None,
            leads_on: true,
        }
    }

    /// What the reader may do; everything where there is no sign-in.
    pub fn role(&self) -> Role {
        self.reader.as_ref().map_or(Role::Admin, |reader| reader.role)
    }

    /// Whether the reader answers for a part of the fleet only.
    pub fn is_confined(&self) -> bool {
        self.reader.as_ref().is_some_and(|reader| reader.is_confined)
    }

    /// Whether a page that asks for this lets the reader in.
    pub fn opens(&self, asks: Asks) -> bool {
        self.role() >= asks.role && (asks.parts || !self.is_confined())
    }
}

impl FromRequestParts<AppState> for PageContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let app = state.app();
        let address = parts.uri.path_and_query().map_or("/", |address| address.as_str());
        Ok(PageContext {
            now: app.clock.now(),
            zone: app.settings.fleet_time_zone,
            locale: locale_of(&parts.headers),
            theme: cookie(&parts.headers, THEME_COOKIE)
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
            address: address.to_owned(),
            reader: parts.extensions.get::<Reader>().cloned(),
            leads_on: true,
        })
    }
}

/// The value of a cookie.
pub(in crate::web) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// The language of the cookie, or the first of ours that the browser would like.
fn locale_of(headers: &HeaderMap) -> Locale {
    if let Some(chosen) = cookie(headers, LANGUAGE_COOKIE).and_then(|text| text.parse().ok()) {
        return chosen;
    }
    let wanted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (0.0, Locale::default());
    for item in wanted.split(',') {
        let mut parts = item.split(';');
        let language = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
        let locale = match language.split('-').next() {
            Some("zh") => Locale::ZhCn,
            Some("en") => Locale::En,
            _ => continue,
        };
        if weight > best.0 {
            best = (weight, locale);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn the_cookie_goes_before_what_the_browser_would_like() {
        let language = |accepted: &str| locale_of(&headers(&[(header::ACCEPT_LANGUAGE, accepted)]));
        assert_eq!(language("zh-TW,zh;q=0.9,en;q=0.8"), Locale::ZhCn);
        assert_eq!(language("de,en;q=0.5,zh;q=0.3"), Locale::En);
        assert_eq!(language("en;q=0.2,zh-CN;q=0.7"), Locale::ZhCn);
        assert_eq!(language("de"), Locale::En);
        let both = headers(&[
            (header::ACCEPT_LANGUAGE, "en"),
            (header::COOKIE, "a=b; offpeak_lang=zh-CN; offpeak_theme=dark"),
        ]);
        assert_eq!(locale_of(&both), Locale::ZhCn);
        assert_eq!(cookie(&both, THEME_COOKIE), Some("dark"));
        assert_eq!(cookie(&both, "theme"), None);
    }
}
