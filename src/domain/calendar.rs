//! When a site may be touched, and when it may not: crontab lines, maintenance windows, opening hours,
//! blackouts, the slot grid of the planner, and the times that people type.
//!
//! Everything here is pure: rules, a zone and a range of instants in, instants out. Rules are local (they
//! carry or are given an IANA zone), results are UTC, every interval is half-open. `docs/calendar.md` is the
//! manual: the dialects, and what happens when clocks change.

mod blackout;
mod cron_field;
mod cron_line;
mod duration;
mod local_time;
mod opening_display;
mod opening_hours;
mod site_calendar;
mod slot_grid;
mod span;
mod traffic;
mod when;
mod window_rule;

pub use blackout::{Blackout, BlackoutError, BlackoutPeriod, Recurrence};
pub use cron_field::{CronField, CronFieldError};
pub use cron_line::{CronLine, CronLineError};
pub use duration::{DurationError, parse_duration};
pub use local_time::{first_instant, last_instant};
pub use opening_display::{OpeningDisplay, display_opening};
pub use opening_hours::{OpeningHours, OpeningHoursError};
pub use site_calendar::{SlotCalendar, site_calendar};
pub use slot_grid::{SlotGrid, SlotGridError};
pub use span::{Span, SpanSet};
pub use traffic::{TrafficProfile, TrafficProfileError};
pub use when::{WhenError, parse_when};
pub use window_rule::{Opening, WindowRule, WindowRuleError};
