//! A horizontal bar in a terminal, in eighths of a column, with a mark where its limit lies.

use console::style;

/// What a bar shows.
#[derive(Clone, Copy, Debug)]
pub struct Bar {
    /// How long it is.
    pub value: u32,
    /// Where its limit lies, if it has one.
    pub limit: Option<u32>,
    /// What the whole width stands for.
    pub scale: u32,
    /// Columns to draw in.
    pub columns: usize,
}

const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// Draws it, `columns` wide. The limit's mark `│` gives way to the bar; a bar beyond its limit turns red.
pub fn bar(bar: Bar) -> String {
    let scale = u64::from(bar.scale.max(1));
    let columns = bar.columns as u64;
    let eighths = (u64::from(bar.value.min(bar.scale)) * columns * 8).div_ceil(scale) as usize;
    let mut full = "█".repeat(eighths / 8);
    full.push_str(EIGHTHS[eighths % 8]);
    let filled = eighths.div_ceil(8);

    let mark = bar
        .limit
        .filter(|limit| *limit <= bar.scale)
        .map(|limit| ((u64::from(limit) * columns / scale) as usize).min(bar.columns.saturating_sub(1)));
    let rest: String =
        (filled..bar.columns).map(|column| if mark == Some(column) { '│' } else { '·' }).collect();
    let painted = match bar.limit {
        Some(limit) if bar.value > limit => style(full).red(),
        Some(limit) if u64::from(bar.value) * 10 >= u64::from(limit) * 9 => style(full).yellow(),
        _ => style(full).green(),
    };
    format!("{painted}{}", style(rest).dim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(value: u32, limit: Option<u32>, scale: u32) -> String {
        console::strip_ansi_codes(&bar(Bar { value, limit, scale, columns: 10 })).into_owned()
    }

    #[test]
    fn bars_keep_their_width_and_mark_their_limit() {
        assert_eq!(plain(0, Some(8), 10), "········│·");
        assert_eq!(plain(4, Some(8), 10), "████····│·");
        assert_eq!(plain(10, None, 10), "██████████");
        assert_eq!(plain(1, Some(1000), 1000), "▏········│");
        assert_eq!(plain(5, None, 0), "··········");
    }
}
