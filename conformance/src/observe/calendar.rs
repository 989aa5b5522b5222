//! Dates of the Gregorian calendar, by counting years and months.

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// Returns the year, the month and the day of the month of a day, which is counted from 1970-01-01.
pub(crate) fn date(mut day: i64) -> (i64, i64, i64) {
    let mut year = 1970;
    while day < 0 {
        year -= 1;
        day += length(year);
    }
    while day >= length(year) {
        day -= length(year);
        year += 1;
    }
    let mut month = 1;
    while day >= length_of_month(year, month) {
        day -= length_of_month(year, month);
        month += 1;
    }
    (year, month, day + 1)
}

/// Returns the day of a date, counted from 1970-01-01.
pub(crate) fn day(year: i64, month: i64, day_of_month: i64) -> i64 {
    let years: i64 = (1970..year).map(length).sum::<i64>() - (year..1970).map(length).sum::<i64>();
    years + (1..month).map(|month| length_of_month(year, month)).sum::<i64>() + day_of_month - 1
}

/// Returns the day of the week: 0 for Sunday.
pub(crate) fn weekday(day: i64) -> i64 {
    // 1970 began on a Thursday.
    (day + 4).rem_euclid(7)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn length(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

/// Returns the number of days in a month.
pub(crate) fn length_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As date(1) prints them.
    #[test]
    fn dates_are_those_of_the_calendar() {
        for (count, expected, of_week) in [
            (0, (1970, 1, 1), 4),
            (-1, (1969, 12, 31), 3),
            (11_016, (2000, 2, 29), 2),
            (-25_568, (1899, 12, 31), 0),
            (47_541, (2100, 3, 1), 1),
            (-719_162, (1, 1, 1), 1),
            (2_932_896, (9999, 12, 31), 5),
        ] {
            assert_eq!((date(count), weekday(count)), (expected, of_week), "{count}");
        }
    }

    proptest! {
        #[test]
        fn a_date_is_that_of_its_day(count in -800_000_i64..3_000_000) {
            let (year, month, of_month) = date(count);
            prop_assert_eq!(day(year, month, of_month), count);
            prop_assert!((1..=length_of_month(year, month)).contains(&of_month));
        }
    }
}
