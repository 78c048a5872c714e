//! The operator's pages: with full data, with none, and with markup in every text. Each page is parsed as XML,
//! which is stricter than any browser, and judged by what a browser would be told.
//!
//! Every page that is rendered here is left under `target/tmp/pages`, to be looked at.

use std::collections::HashSet;
use std::path::Path;

use offpeak::api::Page;
use offpeak::domain::campaign::{CampaignState, WaveState};
use offpeak::domain::fleet::Locale;
use offpeak::domain::plan::PlanState;
use offpeak::web::pages::appointments::{self, AppointmentsQuery};
use offpeak::web::pages::campaigns::{self, CampaignPage, CampaignsPage};
use offpeak::web::pages::locks::{LocksPage, LocksQuery};
use offpeak::web::pages::notices::{self, MailPart};
use offpeak::web::pages::schedule::{self, ScheduleQuery};
use offpeak::web::pages::{
    PageContext, access, approvals, audit, fleet, heat, home, inbox, locks, plans, problem, rules, sending,
    terminal, unreached,
};
use roxmltree::{Document, Node, ParsingOptions};

use crate::pages_samples::{self as samples, HOSTILE_TAG, MARKUP, PLAIN, Wording};
use crate::pages_samples_fleet as fleet_samples;

pub(crate) fn context() -> PageContext {
    context_in(Locale::En)
}

fn context_in(locale: Locale) -> PageContext {
    PageContext { locale, ..PageContext::plain(samples::now(), chrono_tz::Asia::Shanghai) }
}

/// Every page with full data, by name.
fn full_pages(wording: Wording, locale: Locale) -> Vec<(String, String)> {
    full_pages_in(&context_in(locale), wording)
}

/// The same, as somebody sees it.
pub(crate) fn full_pages_in(context: &PageContext, wording: Wording) -> Vec<(String, String)> {
    let locale = context.locale;
    let home_on = |night: &str| {
        let mut page = samples::home(wording, false);
        page.night = Some(night.parse().expect("a date"));
        page
    };
    let one_campaign = |state| {
        let page = CampaignPage {
            campaign: samples::campaign(wording, state),
            requests: samples::waiting_for(wording, "campaign.activate"),
        };
        campaigns::render_page(context, &page)
    };
    let pages = [
        ("home", home::render_page(context, &samples::home(wording, false))),
        ("home-over-budget", home::render_page(context, &samples::home(wording, true))),
        ("home-other-night", home::render_page(context, &home_on("2026-11-28"))),
        ("home-night-without-work", home::render_page(context, &home_on("2027-11-28"))),
        ("appointments", appointments::render_page(context, &samples::appointments(wording))),
        ("campaigns", campaigns::render_list(context, &samples::campaigns(wording))),
        ("campaign-new", campaigns::render_new(context, &samples::new_campaign(wording))),
        ("campaign-paused", one_campaign(CampaignState::Paused)),
        ("campaign-draft", one_campaign(CampaignState::Draft)),
        ("campaign-completed", one_campaign(CampaignState::Completed)),
        ("campaign-cancelled", one_campaign(CampaignState::Cancelled)),
        ("plan-changes", plans::render_changes(context, &samples::plan_changes(wording))),
        ("schedule-hours", schedule::render_page(context, &samples::schedule(wording, 1))),
        ("schedule-nights", schedule::render_page(context, &samples::schedule(wording, 7))),
        ("load-slots", heat::render_page(context, &samples::heat(wording, 1, true))),
        ("load-nights", heat::render_page(context, &samples::heat(wording, 7, false))),
        ("plans", plans::render_list(context, &samples::plans(wording))),
        ("plan-published", plans::render_page(context, &samples::plan_page(wording, PlanState::Published))),
        ("plan-draft", plans::render_page(context, &samples::plan_page(wording, PlanState::Draft))),
        ("plan-verified", plans::render_page(context, &samples::plan_page(wording, PlanState::Verified))),
        ("plan-solving", plans::render_page(context, &samples::plan_page(wording, PlanState::Solving))),
        ("plan-failed", plans::render_page(context, &samples::plan_page(wording, PlanState::Failed))),
        ("notices", notices::render_list(context, &samples::notices(wording))),
        ("notice-html", notices::render_page(context, &samples::notice_page(wording, MailPart::Html))),
        ("notice-text", notices::render_page(context, &samples::notice_page(wording, MailPart::Text))),
        (
            "notice-calendar",
            notices::render_page(context, &samples::notice_page(wording, MailPart::Calendar)),
        ),
        ("inbox", inbox::render_page(context, &samples::inbox(wording))),
        ("locks", locks::render_page(context, &samples::locks(wording))),
        ("sending", sending::render_page(context, &samples::sending(wording))),
        ("terminal", terminal::render_page(context, &fleet_samples::terminal(wording, true))),
        ("problem", problem::render_page(context, &samples::problem(wording))),
        ("fleet-merchants", fleet::render_page(context, &fleet_samples::list(wording, "merchants"))),
        ("fleet-sites", fleet::render_page(context, &fleet_samples::list(wording, "sites"))),
        ("fleet-terminals", fleet::render_page(context, &fleet_samples::list(wording, "terminals"))),
        ("fleet-search", fleet::render_page(context, &fleet_samples::search(wording))),
        ("merchant", fleet::merchant::render_page(context, &fleet_samples::merchant(wording))),
        ("site", fleet::site::render_page(context, &fleet_samples::site(wording))),
        ("unreached", unreached::render_page(context, &fleet_samples::unreached(wording))),
        ("notice-preview", notices::render_preview(context, &fleet_samples::preview(wording))),
        ("budgets", rules::render_budgets(context, &fleet_samples::budgets(wording))),
        ("windows", rules::render_windows(context, &fleet_samples::windows(wording))),
        ("blackouts", rules::render_blackouts(context, &fleet_samples::blackouts(wording))),
        ("programmes", rules::render_programmes(context, &fleet_samples::programmes(wording))),
        ("users", access::render_users(context, &samples::users(wording))),
        ("tokens", access::render_tokens(context, &samples::tokens(wording))),
        ("approvals", approvals::render_page(context, &samples::approvals(wording))),
        ("audit", audit::render_page(context, &samples::audit(wording))),
    ];
    pages
        .into_iter()
        .map(|(name, page)| {
            (format!("{name}-{locale}"), page.unwrap_or_else(|error| panic!("{name}: {error:?}")))
        })
        .collect()
}

/// Every page with as little data as there can be, by name.
fn empty_pages(locale: Locale) -> Vec<(String, String)> {
    let context = &context_in(locale);
    let filtered = AppointmentsQuery { state: Some("failed".to_owned()), ..AppointmentsQuery::default() };
    let pages = [
        ("empty-home", home::render_page(context, &samples::empty_home())),
        ("quiet-home", home::render_page(context, &samples::quiet_home())),
        (
            "empty-appointments",
            appointments::render_page(context, &samples::empty_appointments(AppointmentsQuery::default())),
        ),
        ("empty-filtered", appointments::render_page(context, &samples::empty_appointments(filtered))),
        (
            "empty-campaigns",
            campaigns::render_list(
                context,
                &CampaignsPage { campaigns: Page { items: Vec::new(), next: None }, after: None },
            ),
        ),
        (
            "empty-schedule",
            schedule::render_page(context, &samples::empty_schedule(ScheduleQuery::default())),
        ),
        ("quiet-schedule", schedule::render_page(context, &samples::quiet_schedule())),
        ("empty-load", heat::render_page(context, &samples::empty_heat())),
        ("empty-schedule-filtered", {
            let query = ScheduleQuery { q: Some("S-1".to_owned()), ..ScheduleQuery::default() };
            schedule::render_page(context, &samples::empty_schedule(query))
        }),
        ("empty-plans", plans::render_list(context, &samples::empty_plans())),
        ("empty-notices", notices::render_list(context, &samples::empty_notices())),
        ("unworded-notice", notices::render_page(context, &samples::unworded_notice_page())),
        ("empty-inbox", inbox::render_page(context, &samples::empty_inbox(None))),
        ("no-bounce", inbox::render_page(context, &samples::empty_inbox(Some("bounced")))),
        ("no-lock", {
            let locks = Page { items: Vec::new(), next: None };
            locks::render_page(context, &LocksPage { locks, query: LocksQuery::default() })
        }),
        ("nothing-sent", sending::render_page(context, &samples::nothing_sent())),
        ("terminal-without-history", terminal::render_page(context, &fleet_samples::terminal(PLAIN, false))),
        ("empty-fleet", fleet::render_page(context, &fleet_samples::empty_list())),
        ("fleet-nothing-found", fleet::render_page(context, &fleet_samples::nothing_found())),
        ("merchant-without-anything", fleet::merchant::render_page(context, &fleet_samples::bare_merchant())),
        ("site-without-anything", fleet::site::render_page(context, &fleet_samples::bare_site())),
        ("nobody-unreached", unreached::render_page(context, &fleet_samples::nobody_unreached())),
        ("empty-budgets", rules::render_budgets(context, &fleet_samples::no_rules())),
        ("empty-windows", rules::render_windows(context, &fleet_samples::no_rules())),
        ("empty-blackouts", rules::render_blackouts(context, &fleet_samples::no_rules())),
        ("empty-programmes", rules::render_programmes(context, &fleet_samples::no_rules())),
    ];
    pages
        .into_iter()
        .map(|(name, page)| {
            (format!("{name}-{locale}"), page.unwrap_or_else(|error| panic!("{name}: {error:?}")))
        })
        .collect()
}

/// Every page in every language.
fn every_page() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for locale in Locale::ALL {
        pages.extend(full_pages(PLAIN, locale));
        pages.extend(empty_pages(locale));
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).expect("the build's own folder can be written");
    for (name, page) in &pages {
        std::fs::write(folder.join(format!("{name}.html")), page)
            .expect("the build's own folder can be written");
    }
    pages
}

pub(crate) fn parse<'a>(name: &str, page: &'a str) -> Document<'a> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(page, options)
        .unwrap_or_else(|error| panic!("{name} is not well formed: {error}"))
}

fn elements<'a>(document: &'a Document<'a>, tag: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(move |node| node.is_element() && node.tag_name().name() == tag)
}

pub(crate) fn text_of(node: Node<'_, '_>) -> String {
    let pieces: Vec<&str> = node.descendants().filter(Node::is_text).filter_map(|text| text.text()).collect();
    pieces.concat().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_strict_content_security_policy_finds_nothing_to_refuse() {
    for (name, page) in every_page() {
        let document = parse(&name, &page);
        for node in document.descendants().filter(Node::is_element) {
            let tag = node.tag_name().name();
            assert_ne!(tag, "style", "{name}");
            assert!(
                tag != "script" || (node.attribute("src").is_some() && text_of(node).is_empty()),
                "{name}"
            );
            for attribute in node.attributes() {
                let (key, value) = (attribute.name(), attribute.value());
                assert!(key != "style" && !key.starts_with("on"), "{name}: <{tag} {key}>");
                if matches!(key, "href" | "src" | "action") {
                    let is_local =
                        value.starts_with('/') && !value.starts_with("//") || value.starts_with('#');
                    let is_call = value.strip_prefix("tel:").is_some_and(|number| {
                        number.chars().all(|digit| digit.is_ascii_digit() || digit == '+')
                    });
                    assert!(is_local || is_call, "{name}: {value}");
                }
            }
        }
        for frame in elements(&document, "iframe") {
            assert_eq!(frame.attribute("sandbox"), Some(""), "{name}");
        }
    }
}

#[test]
fn every_page_has_the_landmarks_that_a_screen_reader_goes_by() {
    for (name, page) in every_page() {
        let document = parse(&name, &page);
        let mut ids = HashSet::new();
        for id in document.descendants().filter_map(|node| node.attribute("id")) {
            assert!(ids.insert(id), "{name}: the id `{id}` stands twice");
        }
        for node in document.descendants().filter(Node::is_element) {
            for key in ["aria-labelledby", "aria-describedby", "for"] {
                for id in node.attribute(key).unwrap_or_default().split_whitespace() {
                    assert!(ids.contains(id), "{name}: {key} names `{id}`, which is not there");
                }
            }
            if let Some(target) = node.attribute("href").and_then(|href| href.strip_prefix('#')) {
                assert!(ids.contains(target), "{name}: a link leads to `#{target}`, which is not there");
            }
        }
        let lang = document.root_element().attribute("lang").unwrap_or_default();
        assert!(name.ends_with(lang), "{name}: the page says that it is in `{lang}`");
        for tag in ["main", "h1", "header", "footer", "title"] {
            let parent_is_svg =
                |node: &Node<'_, '_>| node.ancestors().any(|above| above.tag_name().name() == "svg");
            assert_eq!(
                elements(&document, tag).filter(|node| !parent_is_svg(node)).count(),
                1,
                "{name}: <{tag}>"
            );
        }

        let levels: Vec<u32> = document
            .descendants()
            .filter_map(|node| node.tag_name().name().strip_prefix('h')?.parse().ok())
            .collect();
        assert_eq!(levels.first(), Some(&1), "{name}");
        assert!(
            levels.windows(2).all(|pair| pair[1] <= pair[0] + 1),
            "{name}: headings skip a level: {levels:?}"
        );
    }
}

#[test]
fn every_picture_table_and_field_says_in_words_what_it_is() {
    for (name, page) in every_page() {
        let document = parse(&name, &page);
        for picture in elements(&document, "svg") {
            let is_part_of_another =
                picture.ancestors().skip(1).any(|above| above.tag_name().name() == "svg");
            let is_named = picture.attribute("aria-label").is_some_and(|label| !label.is_empty())
                || picture.attribute("aria-labelledby").is_some();
            assert!(is_part_of_another || (picture.attribute("role") == Some("img") && is_named), "{name}");
        }
        assert_eq!(elements(&document, "img").filter(|image| image.attribute("alt").is_none()).count(), 0);
        for frame in elements(&document, "iframe") {
            assert!(frame.attribute("title").is_some_and(|title| !title.is_empty()), "{name}");
        }
        for table in elements(&document, "table") {
            let caption = table.first_element_child().expect("a table is not empty");
            assert_eq!(caption.tag_name().name(), "caption", "{name}");
            assert!(!text_of(caption).is_empty(), "{name}");
        }
        for heading in elements(&document, "th") {
            assert!(matches!(heading.attribute("scope"), Some("col" | "row")), "{name}");
        }
        for link in elements(&document, "a") {
            assert!(
                !text_of(link).is_empty(),
                "{name}: a link without words to {:?}",
                link.attribute("href")
            );
        }
        for field in document
            .descendants()
            .filter(|node| matches!(node.tag_name().name(), "input" | "select" | "textarea"))
        {
            let is_hidden = field.attribute("type") == Some("hidden");
            assert!(is_hidden || field.ancestors().any(|above| above.tag_name().name() == "label"), "{name}");
        }
        assert!(!page.contains("{{") && !page.contains("{%"), "{name} shows a template's own marks");
    }
}

#[test]
fn markup_in_any_text_is_shown_as_text() {
    let plain_pages = full_pages(PLAIN, Locale::ZhCn);
    for ((name, page), (_, plain_page)) in full_pages(MARKUP, Locale::ZhCn).iter().zip(&plain_pages) {
        let (document, plain_document) = (parse(name, page), parse(name, plain_page));
        let count_of = |document: &Document<'_>| document.descendants().filter(Node::is_element).count();
        assert_eq!(count_of(&document), count_of(&plain_document), "{name}: a text became an element");
        let shown = document.descendants().filter(Node::is_text).filter_map(|node| node.text());
        assert!(shown.collect::<String>().contains(HOSTILE_TAG), "{name}: the text itself is not shown");
        assert!(!page.contains(HOSTILE_TAG), "{name}");
    }
}

#[test]
fn a_campaign_says_what_is_true_in_its_state_and_cuts_off_no_minutes() {
    let shown = |state, appointments: &[(&str, i64)]| {
        let mut campaign = samples::campaign(PLAIN, state);
        campaign.appointments =
            appointments.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect();
        for wave in &mut campaign.waves {
            wave.soak_minutes = 30;
            wave.state = WaveState::Open;
        }
        campaign.notice_lead_minutes = 90;
        let page = CampaignPage { campaign, requests: Vec::new() };
        let html = campaigns::render_page(&context(), &page).expect("the page renders");
        let document = parse("campaign", &html);
        let main = elements(&document, "main").next().map(text_of).unwrap_or_default();
        (main, html)
    };
    let (cancelled, html) = shown(CampaignState::Cancelled, &[("cancelled", 5)]);
    assert!(
        cancelled.contains("It was cancelled") && !cancelled.contains("offpeak plan create"),
        "{cancelled}"
    );
    assert!(!cancelled.contains("open") && !html.contains("data-targets"), "{cancelled}");
    let (completed, _) = shown(CampaignState::Completed, &[("done", 3)]);
    assert!(completed.contains("It is over") && completed.contains("3 of 3"), "{completed}");
    let (draft, _) = shown(CampaignState::Draft, &[]);
    assert!(draft.contains("It is a draft") && !draft.contains("offpeak plan create"), "{draft}");
    let (active, html) = shown(CampaignState::Active, &[]);
    assert!(active.contains("offpeak plan create") && html.contains("data-targets"), "{active}");
    assert!(active.contains("soaks 30 min") && active.contains("90 min"), "{active}");
}

#[test]
fn the_pictures_numbers_are_the_loads_numbers() {
    let page = samples::home(PLAIN, false);
    let html = home::render_page(&context(), &page).expect("the page renders");
    let document = parse("home", &html);
    let fleet = &page.load.groups[0];
    let cap = fleet.cap.as_ref().expect("the fleet has a budget");

    let chart = elements(&document, "svg")
        .find(|svg| svg.attribute("aria-labelledby").is_some_and(|ids| ids.starts_with("load-fleet")))
        .expect("the fleet's picture");
    let drawing = chart.children().find(|node| node.tag_name().name() == "svg").expect("the drawing");
    let steps: Vec<Node<'_, '_>> =
        drawing.children().filter(|node| node.attribute("class") == Some("step")).collect();
    let number = |node: &Node<'_, '_>, key: &str| -> usize {
        node.attribute(key)
            .and_then(|value| value.parse().ok())
            .unwrap_or_else(|| panic!("no number in {key}"))
    };
    let first_slot = (0..fleet.down.len()).find(|&slot| fleet.down[slot] > 0).expect("there is load") - 4;
    let mut terminal_slots = 0;
    for step in &steps {
        let slot = first_slot + number(step, "x");
        let words = text_of(*step);
        let expected = format!("{} down, budget {}", fleet.down[slot], cap[slot]);
        assert!(words.ends_with(&expected), "slot {slot}: `{words}` is not `{expected}`");
        terminal_slots += fleet.down[slot] * u32::try_from(number(step, "width")).expect("a width");
    }
    let tonight = fleet.down[..96].iter().sum::<u32>();
    assert_eq!(terminal_slots, tonight, "the steps hold the whole night");

    let peak = fleet.down[..96].iter().max().expect("there is load");
    let description = chart.children().find(|node| node.tag_name().name() == "desc").map(text_of);
    assert!(
        description.is_some_and(|text| text.starts_with(&format!("At most {peak} terminals down at once")))
    );
    let rows = elements(&document, "table")
        .find(|table| table.first_element_child().map(text_of).as_deref() == Some("Fleet"))
        .expect("the fleet's table")
        .descendants()
        .filter(|node| node.tag_name().name() == "tr")
        .count();
    assert_eq!(rows, steps.len() + 1);

    let bars: Vec<Node<'_, '_>> =
        elements(&document, "svg").filter(|svg| svg.attribute("class") == Some("night-bar")).collect();
    let (listed, left_out) = page.tonight.nights.split_at(bars.len());
    assert_eq!(left_out.iter().map(|night| night.peak_down).collect::<Vec<_>>(), [0]);
    for (bar, night) in bars.iter().zip(listed) {
        let area = bar.children().find(|node| node.attribute("class") == Some("area")).expect("the bar");
        assert_eq!(area.attribute("width"), Some(night.peak_down.to_string().as_str()));
        let budget = night.fleet_cap.expect("the fleet has a budget");
        assert!(bar.children().any(|node| node.attribute("d") == Some(format!("M{budget} 0V14").as_str())));
    }
}

#[test]
fn what_is_wrong_comes_first_and_only_what_is_wrong() {
    let context = context();
    let attention = |page: &home::HomePage| {
        let html = home::render_page(&context, page).expect("the page renders");
        let document = parse("home", &html);
        let section = document.descendants().find(|node| node.attribute("id") == Some("attention"));
        let items = section.expect("the section").descendants().filter(|node| node.tag_name().name() == "li");
        items.map(text_of).collect::<Vec<_>>()
    };
    let wrong = attention(&samples::home(PLAIN, true));
    let expected = [
        "2 terminals cannot take payments",
        "The gate of wave 2 has paused fw-3.2.0: 4 of 40 terminals failed, at most 3 may",
        "host:acq-east-1 goes over its budget in the night of Tue 24 Nov: 12 of 10",
        "2 mails refused for good",
        "1 mail accepted, then returned",
        "1 merchant is not reached",
        "7 of 1,214 tasks have no place",
    ];
    assert_eq!(wrong.len(), expected.len(), "{wrong:?}");
    for (item, words) in wrong.iter().zip(expected) {
        assert!(item.contains(words), "`{item}` is not about `{words}`");
    }
    assert_eq!(attention(&samples::quiet_home()), Vec::<String>::new());

    let mut later = samples::home(PLAIN, false);
    for group in &mut later.load.groups {
        group.down[..96].fill(0);
    }
    later.tonight.nights[0].peak_down = 0;
    let later = home::render_page(&context, &later).expect("the page renders");
    assert!(later.contains("nothing tonight; next is the night of Wed 25 Nov"));
    assert!(later.contains("Terminals of the fleet down through the night of Wed 25 Nov"));

    let quiet = home::render_page(&context, &samples::quiet_home()).expect("the page renders");
    assert!(quiet.contains("All is well"));
    let empty = home::render_page(&context, &samples::empty_home()).expect("the page renders");
    assert!(empty.contains("offpeak fleet import") && !empty.contains("All is well"));
}

#[test]
fn a_list_leads_to_its_next_page_with_its_filters() {
    let html =
        appointments::render_page(&context(), &samples::appointments(PLAIN)).expect("the page renders");
    let document = parse("appointments", &html);
    let next = elements(&document, "a")
        .find(|link| link.attribute("rel") == Some("next") && text_of(*link) == "Next page");
    let href = next.and_then(|link| link.attribute("href")).expect("a link to the next page");
    assert_eq!(href, "/appointments?night=2026-11-24&site=S-0047&after=2026-11-24T20%3A00%3A00Z/231");
}

#[test]
fn the_night_of_a_list_is_tonight_unless_something_is_asked_for() {
    let night_for =
        |query: AppointmentsQuery| query.night(&context()).map(|night| night.map(|date| date.to_string()));
    let word = |text: &str| Some(text.to_owned());
    let open = AppointmentsQuery::default;
    assert_eq!(night_for(open()), Ok(word("2026-11-24")));
    assert_eq!(night_for(AppointmentsQuery { night: word("2026-12-01"), ..open() }), Ok(word("2026-12-01")));
    assert_eq!(night_for(AppointmentsQuery { night: word(""), ..open() }), Ok(None));
    assert_eq!(night_for(AppointmentsQuery { serial: word("A1"), ..open() }), Ok(None));
    assert_eq!(night_for(AppointmentsQuery { serial: word(" "), ..open() }), Ok(word("2026-11-24")));
    assert!(night_for(AppointmentsQuery { night: word("tomorrow"), ..open() }).is_err());
}

/// The words of a shell line that quotes with nothing but `"`.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, piece) in line.split('"').enumerate() {
        if number % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn every_command_that_a_page_proposes_is_one_that_the_program_takes() {
    let mut lines = HashSet::new();
    for (name, page) in every_page() {
        let document = parse(&name, &page);
        lines.extend(elements(&document, "code").map(text_of).filter(|line| line.starts_with("offpeak ")));
    }
    assert!(lines.len() >= 8, "the pages propose too little: {lines:?}");
    for line in lines {
        let parsed = offpeak::cli::command().try_get_matches_from(shell_words(&line));
        assert!(
            parsed.is_ok(),
            "`{line}`: {}",
            parsed.err().map(|error| error.to_string()).unwrap_or_default()
        );
    }
}

#[test]
fn the_heat_maps_numbers_are_the_loads_numbers() {
    let page = samples::heat(PLAIN, 1, true);
    let html = heat::render_page(&context(), &page).expect("the page renders");
    let document = parse("load", &html);
    let rows: Vec<Node<'_, '_>> =
        document.descendants().filter(|node| node.attribute("class") == Some("heat-row")).collect();
    let groups: Vec<_> = page.fleet.groups.iter().chain(&page.groups.groups).collect();
    assert_eq!(rows.len(), groups.len());
    let mut colours = HashSet::new();
    for (row, group) in rows.iter().zip(groups) {
        let name = row.descendants().find(|node| node.attribute("class") == Some("heat-name code"));
        assert_eq!(name.map(text_of).as_deref(), Some(group.group.as_str()));
        let caps = group.cap.as_ref().expect("a budget");
        let mut drawn = vec![0; group.down.len()];
        for cell in row.descendants().filter(|node| node.attribute("data-href").is_some()) {
            let number =
                |key: &str| -> usize { cell.attribute(key).expect("a number").parse().expect("a number") };
            let slots = number("x")..number("x") + number("width");
            let (down, cap) = (group.down[slots.start], caps[slots.start]);
            assert!(text_of(cell).ends_with(&format!("{down} of {cap}")), "{}", text_of(cell));
            let class = cell.attribute("class").expect("a colour");
            assert_eq!(class == "heat-5", down > cap, "{}: {down} of {cap} as {class}", group.group);
            assert_eq!(class == "heat-4", down == cap, "{}: {down} of {cap} as {class}", group.group);
            colours.insert(class);
            drawn[slots].fill(down);
        }
        assert_eq!(drawn, group.down, "{}", group.group);
    }
    assert!(colours.contains("heat-4") && colours.contains("heat-5"), "{colours:?}");
    assert!(html.contains("1 group goes over its budget."));

    let svg = heat::render_svg(&context(), &page).expect("the file renders");
    let file = parse("load.svg", &svg);
    let full = elements(&file, "rect").filter(|node| node.attribute("fill") == Some("#c5352a")).count();
    assert_eq!(full, 2, "the slot that is over its budget, and the legend");
    let hostile = heat::render_svg(&context(), &samples::heat(MARKUP, 1, true)).expect("the file renders");
    assert!(!hostile.contains(HOSTILE_TAG));
}
