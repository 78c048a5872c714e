//! A plan's report as the figures that an operator judges it by. Shares are rounded against the plan: what is not
//! quite all never reads `100 %`, and a gap is never shown smaller than it is.

use serde::Serialize;

use super::words::say;
use crate::api::plan::PlanReport;
use crate::domain::fleet::Locale;

/// What the pages say of a plan in figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct PlanFigures {
    /// Share of the tasks that have a place, as `99.8 %`; absent without tasks.
    placed_share: Option<String>,
    /// Share of the weight that has a place.
    weight_share: Option<String>,
    /// Share of the weight that any plan could place.
    possible_share: Option<String>,
    /// As `within 0.7 % of the proven minimum`.
    disruption: String,
    /// Tasks without a place.
    unplaced: u64,
    /// The checker found nothing.
    is_clean: bool,
}

impl PlanFigures {
    pub(super) fn of(report: &PlanReport, locale: Locale) -> PlanFigures {
        PlanFigures {
            placed_share: share_rounded_down(report.placed, report.tasks),
            weight_share: share_rounded_down(report.weight_placed, report.weight_total),
            possible_share: share_rounded_up(
                report.weight_upper.min(report.weight_total),
                report.weight_total,
            ),
            disruption: disruption_gap(report.disruption, report.disruption_lower, locale),
            unplaced: report.tasks.saturating_sub(report.placed),
            is_clean: report.findings.is_empty(),
        }
    }
}

fn share_rounded_down(part: u64, whole: u64) -> Option<String> {
    (whole > 0).then(|| per_mille_words(u128::from(part) * 1000 / u128::from(whole)))
}

fn share_rounded_up(part: u64, whole: u64) -> Option<String> {
    (whole > 0).then(|| per_mille_words((u128::from(part) * 1000).div_ceil(u128::from(whole))))
}

fn disruption_gap(disruption: u64, lower: u64, locale: Locale) -> String {
    match (disruption, lower) {
        (0, _) => say(locale, "figures.none", &[]),
        (_, 0) => say(locale, "figures.no_bound", &[]),
        _ if disruption <= lower => say(locale, "figures.minimum", &[]),
        _ => share_rounded_up(disruption - lower, lower)
            .map(|gap| say(locale, "figures.within", &[("gap", &gap)]))
            .expect("the lower bound is above zero here"),
    }
}

fn per_mille_words(per_mille: u128) -> String {
    match per_mille % 10 {
        0 => format!("{} %", per_mille / 10),
        tenths => format!("{}.{tenths} %", per_mille / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_against_the_plan() {
        assert_eq!(share_rounded_down(9_999, 10_000).as_deref(), Some("99.9 %"));
        assert_eq!(share_rounded_down(10_000, 10_000).as_deref(), Some("100 %"));
        assert_eq!(share_rounded_up(1, 10_000).as_deref(), Some("0.1 %"));
        assert_eq!(share_rounded_down(0, 0), None);
        assert_eq!(share_rounded_down(u64::MAX, u64::MAX).as_deref(), Some("100 %"));
    }

    #[test]
    fn the_gap_to_the_minimum_is_never_flattered() {
        assert_eq!(disruption_gap(1_007, 1_000, Locale::En), "within 0.7 % of the proven minimum");
        assert_eq!(disruption_gap(100_001, 100_000, Locale::En), "within 0.1 % of the proven minimum");
        assert_eq!(disruption_gap(1_000, 1_000, Locale::En), "at the proven minimum");
        assert_eq!(disruption_gap(5, 0, Locale::En), "no lower bound is proven");
        assert_eq!(disruption_gap(0, 0, Locale::En), "none");
    }
}
