//! A question about one terminal reads a part of the world. The part says what the whole says.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use chrono::{NaiveDate, TimeDelta};
use offpeak::db::Connection;
use offpeak::domain::budget::Grouping;
use offpeak::domain::ids::TerminalId;
use offpeak::service::Error;
use offpeak::service::plan::heat;
use offpeak::service::world::{Groups, Surroundings, World};
use serde_json::{Value, json};

use crate::support::{TestApp, instant, on_each_database};

const DAYS: u32 = 20;

/// A group as both ways tell it: size, locked, caps.
type Told = (u32, u32, Vec<u32>);

async fn busy_world(app: &TestApp) {
    app.import_generated(600, 11).await;
    app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
    app.post("/windows", json!({"scope": "region:cn-east", "cron": "30 22 * * *", "duration_minutes": 300}))
        .await;
    for (grouping, hours) in [
        ("fleet", None),
        ("region", None),
        ("host", Some("20:00-08:00")),
        ("carrier", None),
        ("cell", None),
        ("merchant", None),
        ("site", None),
        ("model", None),
        ("tag:segment", None),
    ] {
        let budget = json!({"grouping": grouping, "limit": {"percent": 30}, "min": 2, "hours": hours});
        app.post("/budgets", budget).await;
    }
    let model = app.get("/terminals?limit=1").await["items"][0]["model"].clone();
    app.post("/budgets", json!({"grouping": "model", "value": model, "limit": {"count": 40}})).await;
    let blackout = json!({"name": "fair", "scope": format!("model:{}", model.as_str().unwrap()),
        "from": "2026-12-08", "to": "2026-12-09"});
    app.post("/blackouts", blackout).await;
    let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
        "duration_minutes": 30, "deadline_at": "2026-12-18T00:00:00Z"});
    app.post("/campaigns", campaign).await;
    let plan = app.plan(json!({"effort": "fast"})).await;
    assert_eq!(plan["state"], "verified", "{plan}");
    app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
    for terminal in app.get("/terminals?limit=60").await["items"].as_array().unwrap().iter().step_by(9) {
        app.post("/locks", json!({"serial": terminal["serial"], "cause": "dead screen"})).await;
    }
}

fn told(groups: &Groups, terminal: usize) -> BTreeMap<String, Told> {
    let groups = groups.of_terminal(terminal).map(|number| &groups.groups[number as usize]);
    groups.map(|group| (group.id.clone(), (group.size, group.down, group.cap.to_vec()))).collect()
}

#[test]
fn the_groups_of_a_terminal_and_their_load_are_the_same_in_part_and_in_whole() {
    on_each_database(|app| async move {
        busy_world(&app).await;
        compare_everybody(&app, 9).await;
        // Without a budget by tag the groups of the fleet are at hand, and the database is asked for spans alone.
        let budgets = app.get("/budgets").await["items"].as_array().unwrap().clone();
        let by_tag =
            budgets.iter().find(|budget| budget["grouping"] == "tag:segment").expect("a budget by tag");
        let (status, answer) =
            app.send(Method::DELETE, &format!("/api/v1/budgets/{}", by_tag["id"]), None).await;
        assert!(status.is_success(), "{answer}");
        compare_everybody(&app, 8).await;
    });
}

async fn compare_everybody(app: &TestApp, groupings: usize) {
    let state = app.state.app().clone();
    let compared = tokio::task::spawn_blocking(move || {
        let compare = |connection: &mut Connection| {
            let whole = World::load(connection, &state, DAYS).expect("the world");
            let groups = Groups::of(&whole, state.settings.fleet_time_zone);
            let mut load: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
            for row in whole.standing.iter().filter(|row| !whole.locked.contains(&row.terminal_id)) {
                let Some(terminal) = whole.index_of(row.terminal_id) else { continue };
                let from = whole.grid.slot_floor(row.starts_at.utc()) as usize;
                let to = whole.grid.slot_ceil(row.ends_at.utc()).min(whole.grid.slots()) as usize;
                for number in groups.of_terminal(terminal) {
                    let slots = load.entry(&groups.groups[number as usize].id);
                    let slots = slots.or_insert_with(|| vec![0; whole.grid.slots() as usize]);
                    slots[from..to].iter_mut().for_each(|count| *count += 1);
                }
            }
            assert!(whole.standing.len() > 300 && whole.locked.len() > 3 && load.len() > 100);
            let mut kinds = std::collections::BTreeSet::new();
            for (place, entry) in whole.terminals.iter().enumerate().step_by(7) {
                let part = Surroundings::load(connection, &state, DAYS, &[entry.id.0]).expect("a part");
                assert_eq!(part.world.terminals.len(), 1);
                let of_whole = told(&groups, place);
                assert_eq!(told(&part.groups, 0), of_whole, "{}", entry.serial);
                kinds.extend(of_whole.keys().map(|id| id.split(':').next().unwrap_or(id).to_owned()));
                let (own, other) = (&part.world.terminals[0], &whole.terminals[place]);
                assert_eq!(part.world.blackouts_of(own), whole.blackouts_of(other));
                assert_eq!(part.world.windows_of(own), whole.windows_of(other));
                assert_eq!(part.world.site(own).terminal_count, whole.site(other).terminal_count);
                // In one go, in two, and from the nights that are kept.
                let (all, half) = (whole.grid.slots(), whole.grid.slots() / 2 + 7);
                let mut loads = vec![part.no_load(); 3];
                part.count(connection, None, 0..all, &mut loads[0]).expect("its load");
                part.count(connection, None, half..all, &mut loads[1]).expect("its load");
                part.count(connection, None, 0..half, &mut loads[1]).expect("its load");
                part.count(connection, Some(&state), 0..half, &mut loads[2]).expect("its load");
                part.count(connection, Some(&state), half..all, &mut loads[2]).expect("its load");
                for (number, group) in part.groups.groups.iter().enumerate() {
                    let empty = vec![0; whole.grid.slots() as usize];
                    for slots in &loads {
                        assert_eq!(
                            &slots[number],
                            load.get(group.id.as_str()).unwrap_or(&empty),
                            "{}",
                            group.id
                        );
                    }
                }
            }
            assert_eq!(kinds.len(), groupings, "every grouping took part: {kinds:?}");
            let retired = Surroundings::load(connection, &state, DAYS, &[987_654]).expect("nothing");
            assert!(retired.world.terminal(TerminalId(987_654)).is_none());
            Ok::<_, Error>(())
        };
        state.database.read(compare).expect("it can be read");
    });
    compared.await.expect("they agree");
}

#[test]
fn the_picture_of_a_night_counts_what_stands_and_what_is_locked() {
    on_each_database(|app| async move {
        busy_world(&app).await;
        let state = app.state.app().clone();
        let first = NaiveDate::from_ymd_opt(2026, 12, 2).expect("a date");
        let compared = tokio::task::spawn_blocking(move || {
            let world = |connection: &mut Connection| World::load(connection, &state, DAYS);
            let world = state.database.read(world).expect("the world");
            let groups = Groups::of(&world, state.settings.fleet_time_zone);
            for by in
                [Grouping::Fleet, Grouping::Region, Grouping::AcquirerHost, Grouping::Cell, Grouping::Model]
            {
                let mut nights: Vec<BTreeMap<&str, Vec<u32>>> = vec![BTreeMap::new(); 5];
                for (number, night) in (0..).zip(&mut nights) {
                    let noon = first.and_hms_opt(12, 0, 0).expect("noon").and_utc() + TimeDelta::days(number);
                    let slots = world.grid.slot_floor(noon)..world.grid.slot_floor(noon + TimeDelta::days(1));
                    let mut add = |terminal: usize, from: u32, to: u32| {
                        let of_grouping = |number: &u32| groups.groups[*number as usize].grouping == by;
                        for number in groups.of_terminal(terminal).filter(of_grouping) {
                            let counts = night.entry(&groups.groups[number as usize].id);
                            let counts = counts.or_insert_with(|| vec![0; slots.len()]);
                            for slot in from.max(slots.start)..to.min(slots.end) {
                                counts[(slot - slots.start) as usize] += 1;
                            }
                        }
                    };
                    for row in world.standing.iter().filter(|row| !world.locked.contains(&row.terminal_id)) {
                        let Some(terminal) = world.index_of(row.terminal_id) else { continue };
                        let (from, to) = (row.starts_at.utc(), row.ends_at.utc());
                        add(terminal, world.grid.slot_floor(from), world.grid.slot_ceil(to));
                    }
                    for id in &world.locked {
                        add(world.index_of(*id).expect("it is in use"), slots.start, slots.end);
                    }
                }
                for (number, night) in (0..).zip(&nights) {
                    let drawn = heat(&state, &by, first + TimeDelta::days(number), 1).expect("a picture");
                    let drawn: BTreeMap<&str, &Vec<u32>> =
                        drawn.groups.iter().map(|group| (group.group.as_str(), &group.down)).collect();
                    for (name, counts) in
                        night.iter().filter(|(_, counts)| counts.iter().any(|count| *count > 0))
                    {
                        assert_eq!(drawn.get(name), Some(&counts), "{name} in night {number}");
                    }
                }
                let drawn = heat(&state, &by, first, 5).expect("a picture");
                assert!(!drawn.groups.is_empty());
                for group in &drawn.groups {
                    for (number, night) in nights.iter().enumerate() {
                        let counts = night.get(group.group.as_str());
                        let most = counts.and_then(|counts| counts.iter().max()).copied().unwrap_or_default();
                        // Hosts have a budget at night alone: there it is the slot that comes nearest to it.
                        let right = group.down[number] == most || by == Grouping::AcquirerHost;
                        assert!(
                            right,
                            "{} in night {number}: {} and {most}",
                            group.group, group.down[number]
                        );
                    }
                }
            }
        });
        compared.await.expect("they agree");
    });
}

#[test]
fn the_nearest_legal_time_is_found_however_far_it_is() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": 1}})).await;
        // Every night but one far ahead is closed; and of that one most is taken.
        app.post(
            "/blackouts",
            json!({"name": "a", "scope": "fleet", "from": "2026-12-01", "to": "2026-12-21"}),
        )
        .await;
        app.post(
            "/blackouts",
            json!({"name": "b", "scope": "fleet", "from": "2026-12-23", "to": "2027-03-01"}),
        )
        .await;
        for (serial, at) in
            [("T5", "2026-12-22T01:00:00Z"), ("T6", "2026-12-22T01:30:00Z"), ("T5", "2026-12-22T02:00:00Z")]
        {
            app.arrange(&[serial], at).await;
        }
        let ask = |at: &str| json!({"serials": ["T6"], "at": at, "duration_minutes": 30, "reason": "x", "dry_run": true});
        for at in ["2026-12-10T02:00:00Z", "2026-12-22T01:00:00Z", "2026-12-31T02:00:00Z"] {
            let (status, refusal) = app.try_post("/maintenance", ask(at)).await;
            assert_eq!(status, StatusCode::CONFLICT, "{refusal}");
            let nearest = refusal["refusals"][0]["nearest_legal_at"].as_str().unwrap_or_default().to_owned();
            let expected = if at < "2026-12-30" { "2026-12-22T02:30:00Z" } else { "2026-12-22T04:30:00Z" };
            assert_eq!(nearest, expected, "asked for {at}");
            let (status, answer) = app.try_post("/maintenance", ask(&nearest)).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
        }
        // Where there is none at all, none is named.
        let taken =
            json!({"serials": ["T6"], "at": "2026-12-10T02:00:00Z", "duration_minutes": 300, "reason": "x"});
        let (_, refusal) = app.try_post("/maintenance", taken).await;
        assert_eq!(refusal["refusals"][0]["nearest_legal_at"], Value::Null, "{refusal}");
        assert!(instant("2026-12-22T02:30:00Z") - app.clock.now() > TimeDelta::days(16));
    });
}

#[test]
fn what_reaches_over_the_edge_of_what_was_looked_at_counts_once() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": 2}})).await;
        app.post(
            "/blackouts",
            json!({"name": "a", "scope": "fleet", "from": "2026-12-08", "to": "2026-12-10"}),
        )
        .await;
        // The first look around the hour from 12:30 ends at 01:30, in the middle of this one.
        app.arrange(&["T5"], "2026-12-11T01:15:00Z").await;
        let ask = json!({"serials": ["T6"], "at": "2026-12-10T12:30:00Z", "duration_minutes": 60, "reason": "x",
            "dry_run": true});
        let (status, refusal) = app.try_post("/maintenance", ask).await;
        assert_eq!(status, StatusCode::CONFLICT, "{refusal}");
        assert_eq!(refusal["refusals"][0]["nearest_legal_at"], "2026-12-11T01:00:00Z", "{refusal}");
    });
}

#[test]
fn a_picture_follows_every_change_of_an_appointment() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        // Quarters of an hour that terminals are down in the night of the 10th, and in that of the 11th.
        let down = async || {
            let state = app.state.app().clone();
            let first = NaiveDate::from_ymd_opt(2026, 12, 10).expect("a date");
            let of_night = move |night: i64| {
                let drawn =
                    heat(&state, &Grouping::Fleet, first + TimeDelta::days(night), 1).expect("a picture");
                drawn.groups[0].down.iter().sum::<u32>() * drawn.slot_minutes / 15
            };
            tokio::task::spawn_blocking(move || (of_night(0), of_night(1))).await.expect("both")
        };
        assert_eq!(down().await, (0, 0));
        let id = app.arrange(&["T5"], "2026-12-11T01:00:00Z").await[0];
        let other = app.arrange(&["T6"], "2026-12-11T02:00:00Z").await[0];
        let length = down().await.0 / 2;
        assert!(length > 0);
        assert_eq!(down().await, (2 * length, 0));
        app.post(&format!("/appointments/{id}/pin"), json!({})).await;
        app.post(
            "/blackouts",
            json!({"name": "c", "scope": "fleet", "from": "2026-12-24", "to": "2026-12-25"}),
        )
        .await;
        assert_eq!(down().await, (2 * length, 0), "what is no appointment's time changes nothing");
        app.post(&format!("/appointments/{id}/move"), json!({"at": "2026-12-12T01:00:00Z"})).await;
        assert_eq!(down().await, (length, length));
        app.post(&format!("/appointments/{other}/cancel"), json!({"reason": "x"})).await;
        assert_eq!(down().await, (0, length));
        let (status, _) =
            app.try_post(&format!("/appointments/{id}/move"), json!({"at": "2026-12-12T13:00:00Z"})).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(down().await, (0, length), "what is refused is not kept");
    });
}
