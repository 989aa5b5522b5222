//! A figure as a bar chart, in SVG.

use super::report::{FigureEntry, FigureResult, number, times};
use super::subject::Better;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{
    BLACK, Color, IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend, Text, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::io;

const WIDTH: u32 = 720;
/// The height of a bar and the space around it.
const ROW: i32 = 34;
/// The height of the title and the unit.
const HEAD: i32 = 58;
/// Where bars begin, and where the longest ends.
const BARS: (i32, i32) = (120, 560);
const INK: RGBColor = RGBColor(96, 96, 96);
const BAR: RGBColor = RGBColor(46, 111, 149);
/// The bar of the baseline.
const BASE: RGBColor = RGBColor(158, 178, 190);

/// Returns the name of the file for the chart of a figure.
pub(crate) fn file_name(figure: &FigureEntry) -> String {
    format!("{}.svg", figure.id.replace('/', "-"))
}

/// Returns a bar chart of `figure`: a bar per target, with the spread as a line. Targets without a value have the reason.
///
/// # Errors
/// If plotters cannot draw it.
pub(crate) fn render(figure: &FigureEntry, baseline: &str) -> io::Result<String> {
    let mut svg = String::new();
    draw(figure, baseline, &mut svg).map_err(|error| io::Error::other(format!("{}: {error}", figure.id)))?;
    Ok(svg)
}

fn draw(figure: &FigureEntry, baseline: &str, svg: &mut String) -> Result<(), DrawingAreaErrorKind<io::Error>> {
    let rows = i32::try_from(figure.results.len()).unwrap_or(0);
    let height = u32::try_from(HEAD + ROW * rows + 10).unwrap_or(0);
    let area = SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |words: String, place: (i32, i32), size: i32, colour: &RGBColor, anchor: HPos| {
        let style = ("sans-serif", size).into_font().color(colour);
        area.draw(&Text::new(words, place, style.pos(Pos::new(anchor, VPos::Center))))
    };
    let better = match figure.better {
        Better::Higher => "more is better",
        Better::Lower => "less is better",
    };
    text(figure.title.clone(), (12, 20), 18, &BLACK, HPos::Left)?;
    text(format!("{}, {better}", figure.unit), (12, 42), 14, &INK, HPos::Left)?;
    let scale = Scale::of(&figure.results);
    for (row, result) in (0..).zip(&figure.results) {
        let middle = HEAD + ROW * row + ROW / 2;
        text(result.target.clone(), (BARS.0 - 10, middle), 15, &BLACK, HPos::Right)?;
        let Some(summary) = result.summary else {
            text(result.reason(), (BARS.0, middle), 14, &INK, HPos::Left)?;
            continue;
        };
        let colour = if result.target == baseline { BASE } else { BAR };
        let end = scale.place(summary.median);
        area.draw(&Rectangle::new([(BARS.0, middle - 11), (end, middle + 11)], colour.filled()))?;
        let reach = [scale.place(summary.median - summary.spread), scale.place(summary.median + summary.spread)];
        area.draw(&PathElement::new(reach.map(|x| (x, middle)), BLACK.stroke_width(1)))?;
        let ratio = result.ratio.filter(|_| result.target != baseline);
        let ratio = ratio.map_or_else(String::new, |ratio| format!(" ({})", times(ratio)));
        text(number(summary.median) + &ratio, (reach[1].max(end) + 8, middle), 15, &BLACK, HPos::Left)?;
    }
    area.present()
}

/// How values become places on the horizontal axis.
struct Scale {
    longest: f64,
}

impl Scale {
    /// Returns the scale on which the longest bar, its spread included, fits.
    fn of(results: &[FigureResult]) -> Scale {
        let reaches = results.iter().filter_map(|result| result.summary).map(|one| one.median + one.spread);
        Scale { longest: reaches.fold(0.0, f64::max) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a place on a chart, which is not wide")]
    fn place(&self, value: f64) -> i32 {
        let share = if self.longest > 0.0 { (value / self.longest).clamp(0.0, 1.0) } else { 0.0 };
        BARS.0 + (f64::from(BARS.1 - BARS.0) * share).round() as i32
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::report_with;
    use super::*;

    #[test]
    fn a_chart_has_a_bar_and_a_value_per_target() {
        let report = report_with(&[600.0, 620.0], &[100.0], Better::Higher);
        let svg = render(&report.figures[0], "reference").unwrap();
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"), "{svg}");
        for words in ["multilog, 100-byte lines", "MB/s, more is better", "610 (6.10x)", "reference"] {
            assert!(svg.contains(words), "{words}: {svg}");
        }
        assert_eq!(file_name(&report.figures[0]), "throughput-multilog.svg");
    }

    #[test]
    fn a_target_without_a_value_has_a_reason_instead_of_a_bar() {
        let report = report_with(&[], &[0.0], Better::Lower);
        let svg = render(&report.figures[0], "reference").unwrap();
        assert!(svg.contains("the target has no command multilog"), "{svg}");
    }

    #[test]
    fn the_longest_bar_fills_the_width() {
        let report = report_with(&[200.0], &[100.0], Better::Lower);
        let scale = Scale::of(&report.figures[0].results);
        assert_eq!([0.0, 100.0, 200.0].map(|value| scale.place(value)), [BARS.0, (BARS.0 + BARS.1) / 2, BARS.1]);
    }
}
