//! The pages as the server gives them, over a real database: an empty installation, and a fleet with a published
//! plan in the middle of its first night.

use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use offpeak::api::budget::NewBudget;
use offpeak::api::calendar::NewWindow;
use offpeak::api::campaign::NewCampaign;
use offpeak::api::plan::NewPlan;
use offpeak::boot;
use offpeak::clock::Clock;
use offpeak::config::Settings;
use offpeak::domain::budget::Limit;
use offpeak::domain::campaign::Work;
use offpeak::domain::ids::{NoticeId, PlanId};
use offpeak::mail::transport::{MemoryTransport, Transport};
use offpeak::service::version::Expected;
use offpeak::service::{self, Actor, App};
use offpeak::sim::fleet::write_fleet;
use offpeak::web::pages::{CONTENT_SECURITY_POLICY, MAIL_CONTENT_SECURITY_POLICY};
use offpeak::web::{self, AppState};
use offpeak::worker::Loop;
use tower::ServiceExt;

/// A server that nobody reaches but this test.
struct Served {
    state: AppState,
    router: Router,
    clock: Clock,
    _folder: tempfile::TempDir,
}

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Served {
    fn start(now: &str) -> Served {
        let folder = tempfile::tempdir().expect("a folder for the database");
        let clock = Clock::standing_at(now.parse().expect("an instant"));
        let mut settings = Settings::embedded(folder.path());
        settings.fleet_time_zone = chrono_tz::Asia::Shanghai;
        settings.sign_in_on_loopback = false;
        let transport = Transport::Memory(MemoryTransport::default());
        let state = boot::start_with(settings, clock.clone(), transport).expect("an empty database");
        Served { router: web::router(state.clone()), state, clock, _folder: folder }
    }

    fn app(&self) -> &App {
        self.state.app()
    }

    async fn get(&self, address: &str) -> Answer {
        self.get_with(address, &[]).await
    }

    async fn get_with(&self, address: &str, headers: &[(header::HeaderName, &str)]) -> Answer {
        let mut request = Request::get(address);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("the whole answer");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Fetches a page that must be there, and leaves it to be looked at.
    async fn page(&self, address: &str, name: &str) -> String {
        let answer = self.get(address).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.text);
        assert_eq!(answer.header(header::CONTENT_TYPE), "text/html; charset=utf-8", "{address}");
        assert_eq!(answer.header(header::CACHE_CONTROL), "private, no-cache", "{address}");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
        std::fs::create_dir_all(&folder).expect("the build's own folder can be written");
        std::fs::write(folder.join(format!("served-{name}.html")), &answer.text).expect("written");
        answer.text
    }

    /// A fleet with a published plan, its merchants told, in the middle of the first night of work.
    async fn in_the_middle_of_a_night() -> Served {
        let served = Served::start("2026-11-23T02:00:00Z");
        let app = served.app().clone();
        let id = tokio::task::spawn_blocking(move || publish_a_plan(&app)).await.expect("a plan");
        served.state.workers().run_once(Loop::Notify).await.expect("mails go out");
        let first = first_start(served.app(), id);
        served.clock.set(first);
        served.state.workers().run_once(Loop::Dispatch).await.expect("appointments open");
        served.clock.set(first + TimeDelta::minutes(20));
        served
    }
}

fn publish_a_plan(app: &App) -> i64 {
    let actor = Actor::loopback();
    let (mut merchants, mut sites, mut terminals) = (Vec::new(), Vec::new(), Vec::new());
    write_fleet(160, 7, &mut merchants, &mut sites, &mut terminals).expect("a fleet");
    let files = [("merchants.csv", merchants), ("sites.csv", sites), ("terminals.csv", terminals)];
    let files = files.map(|(name, bytes)| (name.to_owned(), bytes)).to_vec();
    service::fleet::import(app, &actor, files, false).expect("the fleet is imported");
    let window = NewWindow {
        scope: "fleet".to_owned(),
        cron: "0 1 * * *".to_owned(),
        duration_minutes: 240,
        cutoff_minutes: 0,
        time_zone: Some("Asia/Shanghai".to_owned()),
    };
    service::calendar::add_window(app, &actor, &window).expect("a window");
    for (grouping, percent) in [("fleet", 5), ("region", 10), ("host", 10)] {
        let budget = NewBudget {
            grouping: grouping.to_owned(),
            value: None,
            limit: Limit::Percent(percent),
            min: 1,
            keep: 0,
            hours: None,
        };
        service::budget::add(app, &actor, &budget).expect("a budget");
    }
    let campaign = NewCampaign {
        name: "yearly-look".to_owned(),
        work: Work::Inspection { on_site: false },
        selector: "all".to_owned(),
        duration_minutes: 30,
        priority: None,
        notice_lead_minutes: None,
        release_at: None,
        deadline_at: "2026-11-29T00:00:00Z".parse().expect("an instant"),
        draft: false,
        waves: Vec::new(),
    };
    service::campaign::create(app, &actor, &campaign).expect("a campaign");
    let request = NewPlan { horizon_days: Some(7), effort: Some("fast".to_owned()), ..NewPlan::default() };
    let plan = service::plan::create(app, &actor, &request).expect("a plan");
    service::plan::solve(app, &actor, PlanId(plan.id), &request).expect("a search");
    service::plan::publish(app, &actor, PlanId(plan.id), &Expected::ANYTHING, None).expect("a publication");
    plan.id
}

fn first_start(app: &App, plan: i64) -> DateTime<Utc> {
    let items = service::plan::items(app, PlanId(plan), false, Some(1000), None).expect("items").items;
    items.iter().filter_map(|item| item.starts_at).min().expect("something has a place")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_installation_says_what_to_do_first() {
    let served = Served::start("2026-11-24T18:00:00Z");
    let home = served.page("/", "empty-home").await;
    assert!(home.contains("offpeak fleet import"));
    assert!(served.page("/plans", "empty-plans").await.contains("offpeak plan create"));
    assert!(served.page("/campaigns", "empty-campaigns").await.contains("/campaigns/new"));
    assert!(served.page("/campaigns/new", "campaign-new").await.contains("campaign.js"));
    assert!(served.page("/appointments", "empty-appointments").await.contains("offpeak maintain"));
    assert!(served.page("/notices", "empty-notices").await.contains("offpeak notice preview"));
    let answer = served.get("/").await;
    assert_eq!(answer.header(header::CONTENT_SECURITY_POLICY), CONTENT_SECURITY_POLICY);
    assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_cannot_be_is_answered_with_a_page() {
    let served = Served::start("2026-11-24T18:00:00Z");
    for (address, status, words) in [
        ("/plans/77", StatusCode::NOT_FOUND, "there is no plan"),
        ("/plans/seven", StatusCode::NOT_FOUND, "offpeak plan list"),
        ("/campaigns/77", StatusCode::NOT_FOUND, "there is no campaign"),
        ("/plans/77/changes", StatusCode::NOT_FOUND, "there is no plan"),
        ("/notices/77", StatusCode::NOT_FOUND, "there is no notice"),
        ("/notices/77/html", StatusCode::NOT_FOUND, "there is no notice"),
        ("/terminals/%3Cscript%3E", StatusCode::NOT_FOUND, "&lt;script&gt;"),
        ("/?night=tomorrow", StatusCode::UNPROCESSABLE_ENTITY, "write it as 2026-11-25"),
        ("/appointments?night=24.11.", StatusCode::UNPROCESSABLE_ENTITY, "write it as 2026-11-25"),
        ("/appointments?state=broken", StatusCode::UNPROCESSABLE_ENTITY, "is not a state"),
        ("/notices?kind=spam", StatusCode::UNPROCESSABLE_ENTITY, "is not a kind of notice"),
        ("/nothing-here", StatusCode::NOT_FOUND, "there is nothing at"),
        ("/notices/", StatusCode::NOT_FOUND, "there is nothing at"),
    ] {
        let answer = served.get(address).await;
        assert_eq!(answer.status, status, "{address}");
        assert!(answer.text.contains(words), "{address}: {}", answer.text);
        assert_eq!(answer.header(header::CONTENT_TYPE), "text/html; charset=utf-8", "{address}");
        assert_eq!(answer.header(header::CONTENT_SECURITY_POLICY), CONTENT_SECURITY_POLICY, "{address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn style_sheet_and_script_may_be_kept_as_long_as_they_are_the_same() {
    let served = Served::start("2026-11-24T18:00:00Z");
    let home = served.get("/").await.text;
    for (name, content_type) in [
        ("offpeak.css", "text/css; charset=utf-8"),
        ("offpeak.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let start = home.find(&format!("/assets/{name}?v=")).expect("the page names it with its version");
        let address = home[start..].split('"').next().expect("an end of the address");
        let versioned = served.get(address).await;
        assert_eq!(versioned.status, StatusCode::OK);
        assert_eq!(versioned.header(header::CONTENT_TYPE), content_type);
        assert_eq!(versioned.header(header::CACHE_CONTROL), "public, max-age=31536000, immutable");

        let plain = served.get(&format!("/assets/{name}")).await;
        assert_eq!(plain.header(header::CACHE_CONTROL), "no-cache");
        let stale = served.get(&format!("/assets/{name}?v=0000")).await;
        assert_eq!(
            stale.header(header::CACHE_CONTROL),
            "no-cache",
            "an old version must not be kept for ever"
        );
        let tag = plain.header(header::ETAG);
        assert_eq!(tag.len(), 18, "{tag}");
        let again = served.get_with(&format!("/assets/{name}"), &[(header::IF_NONE_MATCH, tag)]).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
        let other =
            served.get_with(&format!("/assets/{name}"), &[(header::IF_NONE_MATCH, "\"other\"")]).await;
        assert_eq!(other.status, StatusCode::OK);
    }
    for name in ["nothing.css", "..%2Fweb%2Fhome.html", "offpeak"] {
        assert_eq!(served.get(&format!("/assets/{name}")).await.status, StatusCode::NOT_FOUND, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_middle_of_a_night_is_shown_as_it_is() {
    let served = Served::in_the_middle_of_a_night().await;
    let (tonight, load) = service::plan::overview(served.app()).expect("an overview");
    assert!(!tonight.running.is_empty(), "nothing runs; next: {:?}", tonight.next.first());
    assert!(!tonight.next.is_empty(), "all of {} run", tonight.running.len());

    let home = served.page("/", "home").await;
    assert!(home.contains(&format!("/terminals/{}", tonight.running[0].serial)));
    let fleet = &load.groups[0];
    let busiest = tonight.nights.iter().max_by_key(|night| night.peak_down).expect("nights");
    let busy = served.page(&format!("/?night={}", busiest.night), "home-busiest-night").await;
    assert!(busy.contains(&format!("At most {} terminals down at once", busiest.peak_down)));
    assert_eq!(busiest.fleet_cap, fleet.cap.as_ref().and_then(|cap| cap.last().copied()));

    let published = tonight.published.expect("a plan is published");
    let plan = served.page(&format!("/plans/{}", published.id), "plan").await;
    assert!(plan.contains("published") && plan.contains("no finding"));
    assert!(served.page("/plans", "plans").await.contains(&format!("/plans/{}", published.id)));

    let changes = served.page(&format!("/plans/{}/changes", published.id), "plan-changes").await;
    assert!(changes.contains("what it would change"));
    assert!(served.page("/campaigns", "campaigns").await.contains("/campaigns/yearly-look"));
    let campaign = served.page("/campaigns/yearly-look", "campaign").await;
    assert!(campaign.contains("yearly-look/pause") && campaign.contains("appointments are over"));

    let appointments = served.page("/appointments", "appointments").await;
    assert!(appointments.contains(&tonight.running[0].serial));
    let serial = &tonight.running[0].serial;
    let terminal = served.page(&format!("/terminals/{serial}"), "terminal").await;
    assert!(terminal.contains("yearly-look") && terminal.contains(&tonight.running[0].site_code));
    let of_one = served.page(&format!("/appointments?serial={serial}"), "appointments-of-one").await;
    assert!(of_one.contains("1 appointment<"), "{of_one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_framed_with_a_policy_of_its_own() {
    let served = Served::in_the_middle_of_a_night().await;
    let accepted = served.page("/notices?state=accepted", "notices").await;
    let rows = accepted.find("<tbody>").expect("a list");
    let start =
        rows + accepted[rows..].find("href=\"/notices/").expect("a mail went out") + "href=\"/notices/".len();
    let id: i64 = accepted[start..].split('"').next().and_then(|text| text.parse().ok()).expect("its number");

    let page = served.page(&format!("/notices/{id}"), "notice").await;
    assert!(page.contains(&format!("src=\"/notices/{id}/html\"")));
    let mail = served.get(&format!("/notices/{id}/html")).await;
    assert_eq!(mail.status, StatusCode::OK);
    assert_eq!(mail.header(header::CONTENT_SECURITY_POLICY), MAIL_CONTENT_SECURITY_POLICY);
    assert!(mail.text.contains("<html"));
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages/served-mail.html"), &mail.text)
        .expect("written");

    let message = service::notice::message(served.app(), NoticeId(id)).expect("a mail");
    let text = served.page(&format!("/notices/{id}?part=text"), "notice-text").await;
    let first_line = message.text.lines().find(|line| line.len() > 10).expect("a mail says something");
    assert!(text.contains(&first_line.replace('&', "&amp;").replace('\'', "&#x27;").replace('/', "&#x2f;")));
    let calendar = served.page(&format!("/notices/{id}?part=calendar"), "notice-calendar").await;
    assert!(calendar.contains("REQUEST") && !calendar.contains("carries no calendar entry"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_without_work_leads_to_the_next_that_has_some() {
    let served = Served::in_the_middle_of_a_night().await;
    let hint = "class=\"next-work\"";
    let empty = served.page("/schedule?night=2026-11-20", "schedule-without-work").await;
    let rest = &empty[empty.find(hint).expect("a way on")..];
    let link = rest.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("its address");
    let link = link.replace("&#x2f;", "/").replace("&amp;", "&");
    let there = served.page(&link, "schedule-next-work").await;
    assert!(there.contains("id=\"appointment-") && !there.contains(hint), "{link}");
    // Where less than everything is shown, nothing follows from what is not there.
    for part in ["q=nobody", "state=done", "closed=cn-east"] {
        let page = served.page(&format!("/schedule?night=2026-11-20&{part}"), "schedule-part").await;
        assert!(!page.contains(hint), "{part}");
    }
}
