//! What people do meanwhile: campaigns are planned and published, maintenance is arranged, moved and called off, each
//! time at another replica.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Timelike, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::replicas::Replicas;

/// Merchants that [`until`] deals with, each with a site of two terminals.
pub const MERCHANTS: usize = 60;

/// What came of it, as those who asked were told.
#[derive(Debug, Default)]
pub struct Done {
    pub published: u32,
    pub arranged: u32,
    pub changed: u32,
    pub refused: u32,
    pub unanswered: u32,
}

impl std::ops::AddAssign for Done {
    fn add_assign(&mut self, other: Done) {
        self.published += other.published;
        self.arranged += other.arranged;
        self.changed += other.changed;
        self.refused += other.refused;
        self.unanswered += other.unanswered;
    }
}

/// A fleet that may be maintained at this hour.
pub fn prepare(replicas: &Replicas, count: usize) {
    let trading = (Utc::now().hour() + 12) % 24;
    let mut merchants = "number,name,locale,email,phone,tags\n".to_owned();
    let mut sites =
        "code,merchant_number,name,region,address,time_zone,opening_hours,traffic_profile,tags\n".to_owned();
    let mut terminals =
        "serial,site_code,tid,mid,label,model,firmware,acquirer_host,carrier,cell,servicer,volume,retired,tags\n"
            .to_owned();
    for number in 0..count {
        merchants += &format!("M{number},Shop {number},en,shop{number}@example.org,,\n");
        sites +=
            &format!("S{number},M{number},Shop,r,,UTC,Mon-Sun {trading:02}:00-{trading:02}:30,grocery,\n");
        for till in 0..2 {
            let id = number * 2 + till;
            terminals += &format!("T{id},S{number},{id:08},900001,Till {till},A920,3.1.0,host,,,,1,false,\n");
        }
    }
    let boundary = "of-the-form";
    let mut body = String::new();
    for (name, content) in [("merchants.csv", merchants), ("sites.csv", sites), ("terminals.csv", terminals)]
    {
        body += &format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n"
        );
    }
    body += &format!("--{boundary}--\r\n");
    replicas.import(&format!("multipart/form-data; boundary={boundary}"), body);
    let programme = json!({"name": "each-minute", "selector": "serial = \"T0\"", "duration_minutes": 1,
        "term_days": 1, "recurrence": {"rule": "cron", "line": "* * * * *", "zone": "UTC"}});
    let (status, answer) =
        replicas.ask(0, "POST", "/api/v1/programmes", Some(&programme)).expect("an answer");
    assert!(status < 300, "{answer}");
    let window = json!({"scope": "fleet", "cron": "0 0 * * *", "duration_minutes": 1440});
    let (status, answer) = replicas.ask(0, "POST", "/api/v1/windows", Some(&window)).expect("an answer");
    assert!(status < 300, "{answer}");
}

/// Somebody at work.
struct Hand<'a> {
    replicas: &'a Replicas,
    random: StdRng,
    done: Done,
}

/// Works until it is over.
pub fn until(replicas: &Replicas, over: &AtomicBool, seed: u64) -> Done {
    let mut hand = Hand { replicas, random: StdRng::seed_from_u64(seed), done: Done::default() };
    for turn in 0.. {
        if over.load(Ordering::SeqCst) {
            break;
        }
        match turn % 4 {
            0 => hand.campaign(over, &format!("c-{seed:x}-{turn}")),
            _ => hand.maintenance(),
        }
        if hand.random.random_bool(0.4) {
            hand.change();
        }
        std::thread::sleep(Duration::from_millis(hand.random.random_range(50..400)));
    }
    hand.done
}

impl Hand<'_> {
    /// Asks any replica, another one if it does not answer. Whoever changes something looks whether it was done
    /// before, if he got no answer: `unless` says that it was.
    fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let which = self.random.random_range(0..self.replicas.len());
        let answer = self.replicas.ask(which, method, &format!("/api/v1{path}"), body);
        match &answer {
            None => self.done.unanswered += 1,
            Some((status, _)) if *status >= 300 => self.done.refused += 1,
            Some(_) => {}
        }
        answer
    }

    fn good(&mut self, method: &str, path: &str, body: Option<&Value>) -> Option<Value> {
        self.ask(method, path, body).filter(|(status, _)| *status < 300).map(|(_, value)| value)
    }

    fn campaign(&mut self, over: &AtomicBool, name: &str) {
        let first = self.random.random_range(0..MERCHANTS - 12);
        let sites: Vec<String> = (first..first + 12).map(|site| format!("site = \"S{site}\"")).collect();
        let deadline = (Utc::now() + TimeDelta::days(2)).to_rfc3339();
        let campaign = json!({"name": name, "work": {"kind": "inspection"}, "selector": sites.join(" or "),
            "duration_minutes": 1, "deadline_at": deadline});
        // A campaign has a name: to ask twice is to ask once.
        if self.good("POST", "/campaigns", Some(&campaign)).is_none()
            && self.good("GET", &format!("/campaigns/{name}"), None).is_none()
        {
            return;
        }
        let request = json!({"campaigns": [name], "effort": "fast", "horizon_days": 1});
        let Some(plan) = self.good("POST", "/plans", Some(&request)) else { return };
        let path = format!("/plans/{}", plan["id"]);
        while !over.load(Ordering::SeqCst) {
            let plan = self.good("GET", &path, None).unwrap_or_default();
            match plan["state"].as_str() {
                Some("verified") => {
                    if self.good("POST", &format!("{path}/publish"), Some(&json!({}))).is_some() {
                        self.done.published += 1;
                        return;
                    }
                    // It may have been published without an answer, or refused: a look will tell.
                    if plan["report"]["placed"] == 0 {
                        return;
                    }
                }
                Some("solving") | None => {}
                Some(_) => return,
            }
            std::thread::sleep(Duration::from_millis(100));
            if self.random.random_bool(0.02) {
                return;
            }
        }
    }

    /// Work that begins in seconds, and is announced before or is an emergency.
    fn maintenance(&mut self) {
        let emergency = self.random.random_bool(0.3);
        let at = match emergency {
            true => "now".to_owned(),
            false => (Utc::now() + TimeDelta::seconds(self.random.random_range(4..20))).to_rfc3339(),
        };
        let serial = format!("T{}", self.random.random_range(0..MERCHANTS * 2));
        let request = json!({"serials": [serial], "at": at, "duration_minutes": 1, "emergency": emergency,
            "reason": "a new battery"});
        if self.good("POST", "/maintenance", Some(&request)).is_some() {
            self.done.arranged += 1;
        }
    }

    /// Moves or calls off something that stands.
    fn change(&mut self) {
        let list =
            self.good("GET", "/appointments?state=planned,announced&limit=50", None).unwrap_or_default();
        let Some(rows) = list["items"].as_array().filter(|rows| !rows.is_empty()) else { return };
        let id = rows[self.random.random_range(0..rows.len())]["id"].clone();
        let changed = if self.random.random_bool(0.5) {
            let at = (Utc::now() + TimeDelta::seconds(self.random.random_range(60..900))).to_rfc3339();
            self.good(
                "POST",
                &format!("/appointments/{id}/move"),
                Some(&json!({"at": at, "reason": "a delivery"})),
            )
        } else {
            self.good("POST", &format!("/appointments/{id}/cancel"), Some(&json!({"reason": "no need"})))
        };
        self.done.changed += u32::from(changed.is_some());
    }
}
