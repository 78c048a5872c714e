//! How busy each kind of shop is, hour by hour: our own estimate of typical trade, not a measurement.
//!
//! Figures are relative within a kind (100 is its busiest hour of the week) and never 0: a terminal that is
//! down at the deadest hour may still turn somebody away.

use super::TrafficProfile;

/// A figure for each hour of a local day, from 00:00.
pub(super) type DayShape = [u8; 24];

/// The four kinds of day of a week.
pub(super) struct WeekShape {
    pub(super) monday_to_thursday: DayShape,
    pub(super) friday: DayShape,
    pub(super) saturday: DayShape,
    pub(super) sunday: DayShape,
}

pub(super) const fn week_shape(profile: TrafficProfile) -> &'static WeekShape {
    match profile {
        TrafficProfile::Grocery => &GROCERY,
        TrafficProfile::Restaurant => &RESTAURANT,
        TrafficProfile::Cafe => &CAFE,
        TrafficProfile::Bar => &BAR,
        TrafficProfile::Fuel => &FUEL,
        TrafficProfile::Pharmacy => &PHARMACY,
        TrafficProfile::Fashion => &FASHION,
        TrafficProfile::Hotel => &HOTEL,
        TrafficProfile::Kiosk => &KIOSK,
        TrafficProfile::Market => &MARKET,
        TrafficProfile::Service => &SERVICE,
        TrafficProfile::Flat => &FLAT,
    }
}

#[rustfmt::skip]
const GROCERY: WeekShape = WeekShape {
    monday_to_thursday: [2, 2, 2, 2, 2, 2, 8, 25, 40, 48, 55, 58, 60, 60, 60, 60, 75, 90, 90, 70, 50, 30, 12, 4],
    friday: [2, 2, 2, 2, 2, 2, 8, 25, 42, 51, 60, 63, 66, 68, 70, 72, 86, 100, 96, 76, 55, 34, 14, 5],
    saturday: [2, 2, 2, 2, 2, 2, 6, 20, 45, 68, 90, 92, 95, 90, 85, 80, 75, 70, 60, 48, 35, 20, 8, 3],
    sunday: [2, 2, 2, 2, 3, 3, 3, 8, 20, 35, 50, 52, 55, 52, 48, 45, 45, 45, 40, 30, 20, 13, 6, 3],
};

#[rustfmt::skip]
const RESTAURANT: WeekShape = WeekShape {
    monday_to_thursday: [5, 2, 2, 2, 2, 2, 2, 4, 6, 8, 10, 35, 75, 70, 35, 24, 12, 30, 65, 85, 80, 55, 25, 12],
    friday: [6, 2, 2, 2, 2, 2, 2, 4, 6, 8, 10, 38, 78, 72, 38, 26, 15, 38, 80, 100, 98, 75, 45, 22],
    saturday: [14, 5, 2, 2, 2, 2, 2, 4, 6, 10, 15, 40, 75, 80, 50, 38, 25, 45, 85, 100, 100, 78, 48, 25],
    sunday: [12, 4, 2, 2, 2, 2, 2, 2, 8, 16, 25, 50, 85, 85, 55, 40, 25, 35, 55, 60, 45, 25, 12, 7],
};

#[rustfmt::skip]
const CAFE: WeekShape = WeekShape {
    monday_to_thursday: [1, 1, 1, 1, 1, 5, 25, 70, 100, 85, 65, 62, 60, 55, 50, 45, 35, 26, 18, 12, 6, 4, 2, 1],
    friday: [1, 1, 1, 1, 1, 5, 25, 70, 100, 85, 66, 64, 62, 58, 55, 52, 42, 32, 22, 15, 8, 5, 2, 1],
    saturday: [1, 1, 1, 1, 1, 1, 8, 30, 60, 85, 100, 95, 80, 78, 75, 75, 55, 40, 25, 16, 8, 5, 2, 1],
    sunday: [1, 1, 1, 1, 1, 1, 5, 20, 50, 80, 95, 90, 75, 72, 70, 70, 50, 34, 18, 12, 5, 4, 2, 1],
};

#[rustfmt::skip]
const BAR: WeekShape = WeekShape {
    monday_to_thursday: [20, 8, 3, 2, 2, 2, 2, 2, 2, 2, 2, 5, 8, 9, 9, 10, 18, 35, 45, 50, 55, 55, 45, 32],
    friday: [20, 8, 3, 2, 2, 2, 2, 2, 2, 2, 2, 5, 8, 9, 11, 12, 25, 50, 65, 72, 82, 92, 98, 95],
    saturday: [80, 60, 40, 15, 4, 2, 2, 2, 2, 2, 2, 7, 12, 14, 16, 18, 28, 38, 55, 70, 85, 95, 100, 98],
    sunday: [85, 65, 42, 15, 4, 2, 2, 2, 2, 2, 2, 8, 14, 16, 18, 20, 24, 28, 32, 35, 35, 30, 22, 15],
};

#[rustfmt::skip]
const FUEL: WeekShape = WeekShape {
    monday_to_thursday: [8, 7, 7, 6, 10, 25, 60, 90, 85, 60, 58, 55, 57, 58, 60, 72, 85, 100, 80, 62, 45, 32, 20, 12],
    friday: [8, 7, 7, 6, 10, 25, 58, 88, 84, 62, 61, 60, 64, 68, 72, 84, 96, 100, 86, 68, 50, 38, 26, 16],
    saturday: [12, 11, 9, 8, 10, 12, 22, 36, 50, 65, 80, 81, 82, 80, 77, 75, 72, 68, 60, 50, 40, 32, 25, 16],
    sunday: [12, 11, 9, 8, 8, 8, 14, 23, 32, 46, 60, 64, 68, 69, 71, 72, 74, 75, 65, 54, 42, 30, 18, 10],
};

#[rustfmt::skip]
const PHARMACY: WeekShape = WeekShape {
    monday_to_thursday: [2, 2, 2, 2, 2, 2, 2, 10, 40, 70, 90, 85, 65, 62, 60, 72, 85, 95, 75, 35, 12, 8, 4, 2],
    friday: [2, 2, 2, 2, 2, 2, 2, 10, 42, 74, 95, 90, 68, 66, 65, 78, 90, 100, 78, 38, 14, 9, 4, 2],
    saturday: [2, 2, 3, 3, 4, 4, 5, 5, 30, 65, 85, 90, 75, 60, 45, 40, 35, 28, 20, 10, 5, 4, 3, 2],
    sunday: [2, 2, 3, 4, 4, 4, 5, 6, 6, 10, 15, 15, 15, 14, 14, 13, 12, 10, 8, 6, 4, 3, 3, 2],
};

#[rustfmt::skip]
const FASHION: WeekShape = WeekShape {
    monday_to_thursday: [1, 1, 1, 1, 2, 2, 2, 2, 2, 12, 30, 40, 50, 48, 45, 50, 55, 65, 60, 40, 15, 4, 1, 1],
    friday: [1, 1, 1, 1, 2, 2, 2, 2, 2, 13, 34, 44, 55, 55, 55, 62, 70, 80, 76, 52, 20, 5, 1, 1],
    saturday: [1, 1, 2, 2, 2, 2, 2, 3, 3, 20, 50, 68, 85, 92, 100, 99, 98, 85, 60, 32, 12, 3, 1, 1],
    sunday: [1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 10, 22, 35, 42, 50, 48, 45, 30, 12, 8, 3, 1, 1, 1],
};

#[rustfmt::skip]
const HOTEL: WeekShape = WeekShape {
    monday_to_thursday: [15, 8, 5, 6, 7, 8, 30, 65, 90, 85, 70, 55, 35, 40, 45, 60, 65, 70, 75, 75, 65, 55, 40, 25],
    friday: [16, 9, 5, 6, 7, 8, 28, 60, 85, 85, 72, 58, 36, 46, 55, 75, 82, 88, 92, 90, 80, 68, 50, 34],
    saturday: [22, 14, 7, 7, 6, 6, 15, 40, 70, 90, 95, 85, 45, 50, 55, 75, 78, 80, 85, 88, 80, 68, 52, 36],
    sunday: [22, 14, 7, 7, 6, 6, 12, 35, 70, 95, 100, 95, 48, 43, 38, 45, 48, 50, 52, 50, 45, 38, 28, 18],
};

#[rustfmt::skip]
const KIOSK: WeekShape = WeekShape {
    monday_to_thursday: [6, 3, 3, 4, 4, 25, 70, 100, 90, 60, 55, 50, 60, 58, 54, 50, 70, 80, 65, 50, 35, 26, 18, 10],
    friday: [6, 3, 3, 4, 4, 25, 68, 98, 90, 60, 56, 52, 62, 60, 58, 56, 78, 88, 75, 62, 48, 40, 32, 20],
    saturday: [15, 8, 4, 5, 7, 8, 20, 34, 48, 54, 60, 61, 62, 61, 61, 60, 60, 60, 58, 54, 50, 44, 38, 26],
    sunday: [16, 9, 4, 4, 5, 5, 12, 25, 38, 44, 50, 50, 50, 49, 49, 48, 48, 48, 46, 40, 34, 25, 16, 9],
};

#[rustfmt::skip]
const MARKET: WeekShape = WeekShape {
    monday_to_thursday: [1, 2, 2, 2, 3, 15, 45, 75, 90, 90, 80, 65, 45, 25, 12, 9, 6, 4, 3, 2, 1, 1, 1, 1],
    friday: [1, 2, 2, 2, 3, 15, 48, 80, 95, 95, 85, 70, 50, 30, 16, 13, 10, 7, 4, 2, 1, 1, 1, 1],
    saturday: [1, 2, 3, 4, 5, 20, 55, 85, 100, 100, 98, 90, 70, 45, 22, 15, 8, 6, 3, 2, 1, 1, 1, 1],
    sunday: [1, 2, 3, 3, 4, 5, 15, 35, 55, 65, 65, 55, 40, 20, 8, 6, 3, 2, 1, 1, 1, 1, 1, 1],
};

#[rustfmt::skip]
const SERVICE: WeekShape = WeekShape {
    monday_to_thursday: [1, 1, 1, 1, 1, 1, 1, 8, 40, 75, 85, 85, 55, 60, 80, 85, 85, 60, 30, 12, 4, 1, 1, 1],
    friday: [1, 1, 1, 1, 1, 1, 1, 8, 42, 78, 92, 92, 60, 62, 85, 94, 100, 75, 45, 18, 5, 1, 1, 1],
    saturday: [1, 1, 1, 1, 2, 2, 2, 2, 20, 55, 80, 85, 70, 50, 40, 30, 20, 10, 4, 2, 1, 1, 1, 1],
    sunday: [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 4, 4, 4, 4, 3, 3, 2, 2, 1, 1, 1, 1, 1],
};

const FLAT: WeekShape =
    WeekShape { monday_to_thursday: [50; 24], friday: [50; 24], saturday: [50; 24], sunday: [50; 24] };
