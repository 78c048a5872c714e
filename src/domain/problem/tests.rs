//! Tests of this room.

use super::*;

fn document(task: &str) -> String {
    format!(
        r#"{{"format":"offpeak.problem/1","start":"2026-12-01T00:00:00Z","slot_minutes":15,"slots":192,
        "visit_cost":5,"calendars":[{{"id":"c0","open":[[88,104],[104,120]],"cutoff":2}}],
        "profiles":[{{"id":"p0","cost":{:?}}}],
        "groups":[{{"id":"fleet","kind":"fleet","cap":3,"caps":[[90,100,1]],"down":1}},
                  {{"id":"s","kind":"site","cap":1}}],
        "tasks":[{{"id":"T0","duration":2,"calendar":0,"profile":0,"volume":3,"release":0,"deadline":192,
                   "weight":2,"groups":[1,0],"site":"S1","current":90,"pinned":true}},
                 {task}]}}"#,
        vec![7; 192]
    )
}

const GOOD: &str = r#"{"id":"T1","duration":4,"calendar":0,"release":0,"deadline":192,"weight":1,
    "groups":[],"after":[{"task":"T0","gap":4}]}"#;

fn refusal(document: &str) -> String {
    Problem::read(document.as_bytes()).expect_err("must be refused").to_string()
}

fn refusal_of_task(replace: &str, by: &str) -> String {
    let task = GOOD.replace(replace, by);
    assert_ne!(task, GOOD, "the replacement must change something");
    refusal(&document(&task))
}

#[test]
fn reads_what_it_wrote() {
    let first = Problem::read(document(GOOD).as_bytes()).expect("valid");
    let mut bytes = Vec::new();
    first.write(&mut bytes).expect("a vector takes it");
    let second = Problem::read(bytes.as_slice()).expect("valid");
    let mut again = Vec::new();
    second.write(&mut again).expect("a vector takes it");
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&again));
    assert_eq!(second.sha256(), hex::encode(Sha256::digest(&bytes)));
    assert_eq!(first.sha256(), hex::encode(Sha256::digest(document(GOOD).as_bytes())));
    assert_eq!(second.groups_of(0), [0, 1]);
    assert_eq!(second.current(0), Some(90));
    assert_eq!(second.current(1), None);
    assert!(second.pinned(0) && !second.pinned(1));
    assert_eq!(second.after_of(1), [After { task: 1, predecessor: 0, gap_slots: 4 }]);
    assert_eq!(second.cost_at(0, 90), 42);
    assert_eq!(second.group(0).room_at(89), 2);
    assert_eq!(second.group(0).room_at(90), 0);
    assert_eq!(second.group(0).room_at(100), 2);
}

#[test]
fn a_builder_and_a_file_give_the_same_digest() {
    let mut builder = ProblemBuilder::new(DateTime::UNIX_EPOCH, 15, 10);
    builder.add_calendar(Calendar { id: "c".into(), open: vec![(0, 10)], cutoff_slots: 0 });
    let built = builder.finish().expect("valid");
    let mut bytes = Vec::new();
    built.write(&mut bytes).expect("a vector takes it");
    assert_eq!(built.sha256(), Problem::read(bytes.as_slice()).expect("valid").sha256());
}

#[test]
fn a_night_is_the_day_in_which_its_opening_begins() {
    let problem = Problem::read(document(GOOD).as_bytes()).expect("valid");
    assert_eq!(problem.night_of(0, 88), 0);
    assert_eq!(problem.night_of(0, 103), 0, "after midnight, the same night");
    assert_eq!(problem.night_of(0, 104), 1, "another opening");
    assert_eq!(problem.night_of(0, 191), 1, "outside every opening: by its own day");
    let mut builder = ProblemBuilder::new(DateTime::UNIX_EPOCH, 60, 72);
    builder.add_calendar(Calendar { id: "c".into(), open: vec![(20, 72)], cutoff_slots: 0 });
    builder.add_task(TaskInput {
        id: "T",
        duration: 1,
        calendar: 0,
        profile: None,
        volume: 0,
        release: 0,
        deadline: 72,
        weight: 1,
        groups: &[],
        site: None,
        current: None,
        pinned: false,
        after: &[],
    });
    let long = builder.finish().expect("valid");
    assert_eq!([20, 43, 44, 67, 68].map(|start| long.night_of(0, start)), [0, 0, 1, 1, 2]);
}

#[test]
fn names_place_value_and_remedy() {
    assert_eq!(
        refusal_of_task("\"calendar\":0", "\"calendar\":9"),
        "tasks[1].calendar: 9 is out of range, there are 1 calendars (0 to 0); \
         give the index of one of the calendars"
    );
    assert!(
        refusal_of_task("\"weight\":1", "\"weight\":-1")
            .starts_with("tasks[1].weight: invalid value: integer `-1`, expected u32 (line ")
    );
    assert!(
        refusal_of_task("\"weight\":1", "\"wieght\":1").contains("tasks[1].wieght: unknown field `wieght`")
    );
    assert!(refusal_of_task("\"duration\":4", "\"duration\":0").starts_with("tasks[1].duration: 0 slots"));
    assert!(refusal_of_task("\"duration\":4", "\"duration\":70000").starts_with("tasks[1].duration: 70000"));
    assert!(refusal_of_task("192", "193").starts_with("tasks[1].deadline: 193 is beyond"));
    assert!(refusal_of_task("[]", "[2]").starts_with("tasks[1].groups: 2 is out of range"));
    assert!(refusal_of_task("[]", "[1,1]").starts_with("tasks[1].groups: 1 is given twice"));
    assert!(refusal_of_task("\"T1\"", "\"T0\"").starts_with("tasks[1].id: \"T0\" is already the name of"));
    assert!(refusal_of_task("\"T1\"", "\"\"").starts_with("tasks[1].id: is empty"));
    assert!(refusal_of_task("\"T0\"", "\"T9\"").starts_with("tasks[1].after[0].task: no task is called"));
    assert!(refusal_of_task("\"T0\"", "\"T1\"").contains("waits for itself"));
    assert!(refusal_of_task("\"gap\":4", "\"gap\":400").starts_with("tasks[1].after[0].gap: 400"));
    assert!(refusal_of_task("\"weight\":1", "\"weight\":1,\"pinned\":true").starts_with("tasks[1].pinned"));
    assert!(refusal_of_task("\"weight\":1", "\"weight\":1,\"current\":189").starts_with("tasks[1].current"));
    assert!(refusal_of_task("\"weight\":1", "\"weight\":1,\"profile\":1").starts_with("tasks[1].profile: 1"));
}

#[test]
fn refuses_a_broken_frame() {
    let good = document(GOOD);
    let with = |from: &str, to: &str| {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good);
        refusal(&changed)
    };
    assert!(with("offpeak.problem/1", "offpeak.problem/2").contains("is not \"offpeak.problem/1\""));
    assert!(with("00:00:00Z", "00:01:00Z").starts_with("start: "));
    assert!(with("\"slot_minutes\":15", "\"slot_minutes\":25").starts_with("slot_minutes: 25"));
    assert!(with("\"slots\":192", "\"slots\":0").starts_with("slots: 0"));
    assert!(with("\"slots\":192", "\"slots\":100").starts_with("calendars[0].open[0]: 104 is beyond"));
    assert!(with("[104,120]", "[103,120]").starts_with("calendars[0].open[1]: begins at 103"));
    assert!(with("[104,120]", "[120,120]").starts_with("calendars[0].open[1]: [120, 120) is empty"));
    assert!(with("[90,100,1]", "[90,100,1],[99,101,1]").starts_with("groups[0].caps[1]: begins at 99"));
    assert!(with("[90,100,1]", "[90,400,1]").starts_with("groups[0].caps[0]"));
    assert!(with("[7, 7", "[7").starts_with("profiles[0].cost: has 191"));
    assert!(with("\"visit_cost\":5", "\"visit\":5").contains("unknown field `visit`"));
    assert!(with("\"visit_cost\":5", "\"slots\":5").contains("duplicate field"));
    assert!(with("\"slots\":192,", "").contains("missing field `slots`"));
    assert!(with("\"tasks\":[", "\"tasks\":[,").contains("line "));
    assert!(refusal(&(good.clone() + "x")).contains("trailing characters"));
}

#[test]
fn refuses_circles_and_sums_beyond_exactness() {
    let circle = GOOD.to_owned()
        + r#",{"id":"T2","duration":4,"calendar":0,"release":0,"deadline":192,"weight":1,"groups":[],
              "after":[{"task":"T3"}]},
             {"id":"T3","duration":4,"calendar":0,"release":0,"deadline":192,"weight":1,"groups":[],
              "after":[{"task":"T2"}]}"#;
    assert!(refusal(&document(&circle)).starts_with("tasks[2].after: \"T2\" waits for itself"));
    let dear = document(&GOOD.replace("\"weight\":1", "\"weight\":1,\"profile\":0,\"volume\":4294967295"))
        .replace("[7, 7", "[4294967295, 7");
    assert!(refusal(&dear).starts_with("tasks[1].volume: the disruption"));
}
