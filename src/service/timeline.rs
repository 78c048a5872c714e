//! What is planned, as a timeline: regions, their sites, the sites' terminals. A page reads the sites that are on it
//! and no others, so that it costs the same in a fleet of a million.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::api::appointment::AppointmentView;
use crate::api::timeline::{Timeline, TimelineQuery, TimelineRegion, TimelineSite, TimelineTerminal};
use crate::db::fleet::SiteRow;
use crate::db::timeline::{self as rows, Nights};
use crate::db::{self, Connection, Instant};
use crate::domain::access::Part;
use crate::domain::appointment::AppointmentState;
use crate::service::{App, Error, appointment};

const SITES_ON_PAGE: i64 = 25;

/// Sites from which on they are not counted at every look, and appointments from which on a campaign is everywhere.
const LARGE: i64 = 20_000;

/// Up to so many sites are sorted here; with more, the fleet is walked in its order, which then soon fills a page.
const FEW_SITES: i64 = 2_000;

/// Whose sites are shown.
enum Within {
    Fleet,
    Region(String),
    /// By id; of a merchant that is no longer there nothing is.
    Merchant(Option<i64>),
}

impl Within {
    fn of(connection: &mut Connection, part: Option<&Part>) -> Result<Within, Error> {
        Ok(match part {
            None => Within::Fleet,
            Some(Part::Region(name)) => Within::Region(name.clone()),
            Some(Part::Merchant(number)) => {
                let found = db::fleet::merchants_by_number(connection, &[number])?.pop();
                Within::Merchant(found.map(|merchant| merchant.id))
            }
        })
    }

    fn holds(&self, site: &SiteRow) -> bool {
        match self {
            Within::Fleet => true,
            Within::Region(name) => site.region == *name,
            Within::Merchant(id) => *id == Some(site.merchant_id),
        }
    }
}

/// What is asked, checked.
struct Asked {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    dates: Vec<NaiveDate>,
    /// Sites call a night by its evening's date in their own zone, so the neighbours may be meant as well.
    nights: Nights,
    states: Vec<AppointmentState>,
    campaign: Option<(i64, String)>,
    within: Within,
    closed: BTreeSet<String>,
    after: Option<(String, String)>,
    limit: i64,
}

/// A page of the timeline; of a part of the fleet, or of all of it.
pub(super) fn show_in(app: &App, part: Option<&Part>, query: &TimelineQuery) -> Result<Timeline, Error> {
    app.database.read(|connection| {
        let within = Within::of(connection, part)?;
        let counts = region_counts(connection, app, &within)?;
        let asked = check(connection, app, within, query)?;
        let sites = sites_on_page(connection, app, query, &asked, &counts)?;
        let more = i64::try_from(sites.len()).is_ok_and(|count| count > asked.limit);
        let sites = &sites[..sites.len().min(usize::try_from(asked.limit).unwrap_or_default())];
        let next = sites.last().filter(|_| more).map(|site| format!("{}/{}", site.region, site.code));
        let filled = fill(connection, query, &asked, sites)?;
        let regions = with_headings(query, &asked, counts, filled, more);
        let slot_minutes = app.settings.slot_minutes;
        Ok(Timeline { from: asked.from, to: asked.to, nights: asked.dates, slot_minutes, regions, next })
    })
}

fn check(
    connection: &mut Connection,
    app: &App,
    within: Within,
    query: &TimelineQuery,
) -> Result<Asked, Error> {
    let number = query.nights.unwrap_or(1);
    if !(1..=31).contains(&number) {
        return Err(Error::invalid("nights", format!("{number} is out of range; use 1 to 31")));
    }
    let limit = query.limit.unwrap_or(SITES_ON_PAGE);
    if !(1..=200).contains(&limit) {
        return Err(Error::invalid("limit", format!("{limit} is out of range; use 1 to 200")));
    }
    let first = query.night.unwrap_or_else(|| (app.clock.now() - TimeDelta::hours(12)).date_naive());
    let out_of_range = || Error::invalid("night", format!("{first} is out of range"));
    let dates: Vec<NaiveDate> = first.iter_days().take(number as usize).collect();
    let last = dates.last().copied().ok_or_else(out_of_range)?;
    let noon = |date: NaiveDate| date.and_hms_opt(12, 0, 0).map(|noon| noon.and_utc());
    let from = noon(first).ok_or_else(out_of_range)?;
    let to = noon(last).ok_or_else(out_of_range)? + TimeDelta::days(1);
    let before = first.checked_sub_days(Days::new(1)).ok_or_else(out_of_range)?;
    let behind = last.checked_add_days(Days::new(1)).ok_or_else(out_of_range)?;
    let campaign = match given(query.campaign.as_ref()) {
        None => None,
        Some(name) => {
            let row = db::campaign::by_name(connection, name)?.ok_or_else(|| Error::NotFound {
                what: "campaign",
                key: name.to_owned(),
                remedy: "see `offpeak campaign list`",
            })?;
            Some((row.id, row.name))
        }
    };
    let words = |list: Option<&String>| {
        let list = given(list).unwrap_or_default();
        list.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let states = words(query.state.as_ref()).iter().map(|word| word.parse()).collect::<Result<Vec<_>, _>>();
    let after = given(query.after.as_ref()).map(|text| {
        let place = text.rsplit_once('/').map(|(region, code)| (region.to_owned(), code.to_owned()));
        place.ok_or_else(|| Error::invalid("after", format!("`{text}` is not a place in a timeline")))
    });
    Ok(Asked {
        from,
        to,
        dates,
        nights: Nights { first: before.to_string(), last: behind.to_string() },
        states: states.map_err(|error| Error::invalid("state", error))?,
        campaign,
        within,
        closed: words(query.closed.as_ref()).into_iter().collect(),
        after: after.transpose()?,
        limit,
    })
}

fn given(word: Option<&String>) -> Option<&str> {
    word.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The sites of the page and one more, if there is one.
fn sites_on_page(
    connection: &mut Connection,
    app: &App,
    query: &TimelineQuery,
    asked: &Asked,
    counts: &[(String, i64)],
) -> Result<Vec<SiteRow>, Error> {
    let region = given(query.region.as_ref());
    let is_open = |name: &str| !asked.closed.contains(name) && region.is_none_or(|only| only == name);
    if let Some(few) = few_sites(connection, app, query, asked)? {
        let is_shown = |site: &SiteRow| is_open(&site.region) && asked.within.holds(site);
        let mut found: Vec<SiteRow> = few.into_iter().filter(is_shown).collect();
        found.sort_unstable_by(|a, b| (&a.region, &a.code).cmp(&(&b.region, &b.code)));
        found.dedup_by_key(|site| site.id);
        if let Some((region, code)) = &asked.after {
            found.retain(|site| (&site.region, &site.code) > (region, code));
        }
        found.truncate(usize::try_from(asked.limit + 1).unwrap_or_default());
        return Ok(found);
    }
    let nights = (query.every_site != Some(true)).then_some(&asked.nights);
    let mut found: Vec<SiteRow> = Vec::new();
    for (name, _) in counts.iter().filter(|(name, _)| is_open(name)) {
        let after = match &asked.after {
            Some((region, _)) if name < region => continue,
            Some((region, code)) if name == region => code.as_str(),
            _ => "",
        };
        let missing = asked.limit + 1 - i64::try_from(found.len()).unwrap_or_default();
        if missing <= 0 {
            break;
        }
        found.extend(rows::sites_of_region(connection, name, after, nights, missing)?);
    }
    Ok(found)
}

/// The sites that are meant, where they are few.
fn few_sites(
    connection: &mut Connection,
    app: &App,
    query: &TimelineQuery,
    asked: &Asked,
) -> Result<Option<Vec<SiteRow>>, Error> {
    if let Some(word) = given(query.q.as_ref()) {
        let mut found = db::fleet::sites_by_code(connection, &[word])?;
        let terminals = db::fleet::terminals_by_serial(connection, &[word])?;
        let ids: Vec<i64> = terminals.iter().map(|terminal| terminal.site_id).collect();
        found.extend(db::fleet::sites_by_id(connection, &ids)?);
        for merchant in db::fleet::merchants_by_number(connection, &[word])? {
            found.extend(rows::sites_of_merchant(connection, merchant.id, None)?);
        }
        return Ok(Some(found));
    }
    if let Within::Merchant(id) = asked.within {
        let nights = (query.every_site != Some(true)).then_some(&asked.nights);
        return Ok(Some(sites_of(connection, id, nights)?));
    }
    let mut ids = if let Some((campaign, _)) = &asked.campaign {
        match sites_of_campaign(connection, app, *campaign, asked)? {
            Some(ids) => ids,
            None => return Ok(None),
        }
    } else if !asked.states.is_empty() {
        let (from, to) = (Instant::from(asked.from), Instant::from(asked.to));
        rows::sites_in_states(connection, &asked.states, from, to, FEW_SITES)?
    } else if query.every_site == Some(true) {
        return Ok(None);
    } else {
        rows::visited_sites(connection, &asked.nights, FEW_SITES)?
    };
    if i64::try_from(ids.len()).is_ok_and(|count| count >= FEW_SITES) {
        return Ok(None);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(db::fleet::sites_by_id(connection, &ids)?))
}

/// The sites at which something of a campaign is done in these nights; none if it has so many appointments that its
/// sites are everywhere.
fn sites_of_campaign(
    connection: &mut Connection,
    app: &App,
    campaign_id: i64,
    asked: &Asked,
) -> Result<Option<Vec<i64>>, Error> {
    let Some(places) = app.places.at_hand(app, connection)? else {
        return Ok(Some(rows::sites_of_campaign(connection, campaign_id, FEW_SITES)?));
    };
    let ids = db::appointment::ids_of_campaign(connection, campaign_id, LARGE + 1)?;
    if i64::try_from(ids.len()).is_ok_and(|count| count > LARGE) {
        return Ok(None);
    }
    let ids: HashSet<i64> = ids.into_iter().collect();
    let (mut sites, mut retired) = (Vec::new(), Vec::new());
    for night in app.nights.of(app, connection, asked.dates.iter().copied())? {
        let of_campaign = night.rows.iter().filter(|row| ids.contains(&row.appointment_id));
        let alive = of_campaign.filter(|row| row.state != AppointmentState::Cancelled);
        for row in alive {
            match places.of(row.terminal_id) {
                Some(place) => sites.push(places.site_of(place)),
                None => retired.push(row.terminal_id),
            }
        }
    }
    sites.extend(db::fleet::terminals_by_id(connection, &retired)?.into_iter().map(|row| row.site_id));
    sites.sort_unstable();
    sites.dedup();
    Ok(Some(sites))
}

/// The sites with their terminals and appointments.
fn fill(
    connection: &mut Connection,
    query: &TimelineQuery,
    asked: &Asked,
    sites: &[SiteRow],
) -> Result<Vec<(String, TimelineSite)>, Error> {
    let ids: Vec<i64> = sites.iter().map(|site| site.id).collect();
    let (from, to) = (Instant::from(asked.from), Instant::from(asked.to));
    let appointments = rows::appointments_at(connection, &ids, &asked.nights, from, to)?;
    let mut views = appointment::views(connection, appointments)?;
    views.retain(|view| {
        (asked.states.is_empty() || asked.states.contains(&view.state))
            && asked.campaign.as_ref().is_none_or(|(_, name)| view.work.contains(name))
    });
    let mut merchant_ids: Vec<i64> = sites.iter().map(|site| site.merchant_id).collect();
    merchant_ids.sort_unstable();
    merchant_ids.dedup();
    let merchants: HashMap<i64, String> = db::fleet::merchants_by_id(connection, &merchant_ids)?
        .into_iter()
        .map(|row| (row.id, row.name))
        .collect();
    let mut by_site: HashMap<String, BTreeMap<String, Vec<AppointmentView>>> = HashMap::new();
    for view in views {
        let terminals = by_site.entry(view.site_code.clone()).or_default();
        terminals.entry(view.serial.clone()).or_default().push(view);
    }
    // Whoever looks for a site is shown it, and whoever wants every site as well.
    let all = query.every_site == Some(true) || given(query.q.as_ref()).is_some();
    let filled = sites.iter().filter_map(|site| {
        let terminals = by_site.remove(&site.code);
        if terminals.is_none() && !all {
            return None;
        }
        let terminals = terminals.unwrap_or_default().into_iter().map(|(serial, appointments)| {
            let label = appointments.first().map(|view| view.label.clone()).unwrap_or_default();
            TimelineTerminal { serial, label, appointments }
        });
        let view = TimelineSite {
            code: site.code.clone(),
            name: site.name.clone(),
            merchant_name: merchants.get(&site.merchant_id).cloned().unwrap_or_default(),
            time_zone: site.time_zone.clone(),
            terminals: terminals.collect(),
        };
        Some((site.region.clone(), view))
    });
    Ok(filled.collect())
}

/// The sites under their regions; regions that are closed, or have nothing here, stand between them.
fn with_headings(
    query: &TimelineQuery,
    asked: &Asked,
    counts: Vec<(String, i64)>,
    filled: Vec<(String, TimelineSite)>,
    more: bool,
) -> Vec<TimelineRegion> {
    let first = asked.after.as_ref().map(|(region, _)| region.clone());
    let last = filled.last().map(|(region, _)| region.clone()).filter(|_| more);
    let only = given(query.region.as_ref());
    let is_searched = given(query.q.as_ref()).is_some();
    let mut by_region: HashMap<String, Vec<TimelineSite>> = HashMap::new();
    for (region, site) in filled {
        by_region.entry(region).or_default().push(site);
    }
    counts
        .into_iter()
        .filter(|(name, _)| only.is_none_or(|only| only == name))
        .filter(|(name, _)| first.as_ref().is_none_or(|first| name >= first))
        .filter(|(name, _)| last.as_ref().is_none_or(|last| name <= last))
        .map(|(name, site_count)| TimelineRegion {
            closed: asked.closed.contains(&name),
            sites: by_region.remove(&name).unwrap_or_default(),
            name,
            site_count,
        })
        .filter(|region| !is_searched || !region.sites.is_empty())
        .collect()
}

/// The sites of a merchant that there may be; only those visited in `nights`, if that is given.
fn sites_of(
    connection: &mut Connection,
    merchant: Option<i64>,
    nights: Option<&Nights>,
) -> Result<Vec<SiteRow>, Error> {
    let sites = merchant.map(|id| rows::sites_of_merchant(connection, id, nights)).transpose()?;
    Ok(sites.unwrap_or_default())
}

/// Every region in which something is shown by name, with its number of sites; of a large fleet as it was a moment ago.
fn region_counts(
    connection: &mut Connection,
    app: &App,
    within: &Within,
) -> Result<Vec<(String, i64)>, Error> {
    if let Within::Merchant(id) = within {
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for site in sites_of(connection, *id, None)? {
            *counts.entry(site.region).or_default() += 1;
        }
        return Ok(counts.into_iter().collect());
    }
    let is_large = |counts: &Vec<(String, i64)>| counts.iter().map(|(_, sites)| sites).sum::<i64>() > LARGE;
    let mut counts = app.figures.get(app, connection, "regions", is_large, |connection| {
        let mut counts = rows::regions(connection)?;
        counts.sort_unstable();
        Ok(counts)
    })?;
    if let Within::Region(only) = within {
        counts.retain(|(name, _)| name == only);
    }
    Ok(counts)
}

/// The name of every region of a part of the fleet, or of all of it.
pub(super) fn regions_in(app: &App, part: Option<&Part>) -> Result<Vec<String>, Error> {
    app.database.read(|connection| {
        let within = Within::of(connection, part)?;
        Ok(region_counts(connection, app, &within)?.into_iter().map(|(name, _)| name).collect())
    })
}
