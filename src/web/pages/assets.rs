//! The style sheet and the script: embedded, named after their content so that a browser may keep them.

use std::borrow::Cow;

use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::words;

#[derive(RustEmbed)]
#[folder = "templates/assets"]
struct Assets;

/// An embedded file.
#[derive(Debug)]
pub struct Asset {
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type.
    pub content_type: &'static str,
    /// The first 16 hexadecimal digits of its sha256: changes whenever the file does.
    pub version: String,
}

/// The file of this name, if there is one.
pub fn find(name: &str) -> Option<Asset> {
    if let Some(locale) = name.strip_prefix("words.").and_then(|rest| rest.strip_suffix(".js")) {
        let bytes = words::script_module(locale.parse().ok()?).as_bytes();
        let version = hex::encode(&Sha256::digest(bytes)[..8]);
        return Some(Asset { bytes: bytes.into(), content_type: "text/javascript; charset=utf-8", version });
    }
    let content_type = match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    let file = Assets::get(name)?;
    let version = hex::encode(&file.metadata.sha256_hash()[..8]);
    Some(Asset { bytes: file.data, content_type, version })
}

/// The address of a file, with its version, for the templates.
pub(super) fn versioned_path(name: &str) -> Result<minijinja::Value, minijinja::Error> {
    let asset = find(name).ok_or_else(|| {
        minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, format!("there is no asset `{name}`"))
    })?;
    Ok(minijinja::Value::from_safe_string(format!("/assets/{name}?v={}", asset.version)))
}

/// The version that a page asked for.
#[derive(Debug, Deserialize)]
pub struct AssetQuery {
    v: Option<String>,
}

/// `GET /assets/{name}`: for ever cacheable under its version, else to be asked for again with its ETag.
pub async fn serve(
    Path(name): Path<String>,
    Query(query): Query<AssetQuery>,
    headers: HeaderMap,
) -> Response {
    let Some(asset) = find(&name) else {
        return (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
    };
    let etag = format!("\"{}\"", asset.version);
    let cache = if query.v.as_deref() == Some(&asset.version) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|list| list.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.content_type)], asset.bytes).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
