//! A piece of text for people, drawn line by line: headings, tables cut to the terminal, aligned pairs.

use comfy_table::{CellAlignment, ContentArrangement, Row, presets};
use console::style;

/// Text that grows downwards.
pub struct Screen {
    text: String,
    width: Option<usize>,
    indent: &'static str,
}

impl Screen {
    /// An empty screen, `width` columns wide; as wide as it needs to be if `None`.
    pub fn new(width: Option<usize>) -> Self {
        Screen { text: String::new(), width, indent: "" }
    }

    /// Draws from here on behind `indent`, in so much less width.
    pub fn indented(&mut self, indent: &'static str) {
        self.width = self.width.map(|width| width.saturating_sub(indent.len()));
        self.indent = indent;
    }

    /// The columns there are to draw in: 100 where nothing limits them.
    pub fn columns(&self) -> usize {
        self.width.unwrap_or(100 - self.indent.len())
    }

    /// What was drawn.
    pub fn into_text(self) -> String {
        self.text
    }

    /// One line.
    pub fn line(&mut self, text: impl AsRef<str>) {
        let text = text.as_ref().trim_end();
        if !text.is_empty() {
            self.text.push_str(self.indent);
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// An empty line, unless there is one already or nothing was drawn yet.
    pub fn blank(&mut self) {
        if !self.text.is_empty() && self.text != "\n" && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A line that says what follows.
    pub fn heading(&mut self, text: impl AsRef<str>) {
        self.blank();
        self.line(style(text.as_ref()).bold().to_string());
    }

    /// Names on the left, values aligned on the right of them; pairs without a value are left out.
    pub fn pairs(&mut self, pairs: &[(&str, Option<String>)]) {
        let width = pairs.iter().map(|(name, _)| console::measure_text_width(name)).max().unwrap_or(0);
        for (name, value) in pairs {
            if let Some(value) = value {
                let name = console::pad_str(name, width, console::Alignment::Left, None);
                self.line(format!("  {}  {value}", style(name).dim()));
            }
        }
    }

    /// A paragraph, wrapped at the width of the screen, every line behind `indent`.
    pub fn paragraph(&mut self, indent: &str, text: &str) {
        let room = self.columns().saturating_sub(console::measure_text_width(indent)).max(30);
        let mut line = String::new();
        for word in text.split_whitespace() {
            let needed = console::measure_text_width(&line) + 1 + console::measure_text_width(word);
            if !line.is_empty() && needed > room {
                self.line(format!("{indent}{line}"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            self.line(format!("{indent}{line}"));
        }
    }

    /// A table, cut to the width of the screen.
    pub fn table(&mut self, table: Table) {
        let mut grid = comfy_table::Table::new();
        grid.load_style(presets::NOTHING).set_truncation_indicator("…");
        grid.set_header(table.header.iter().map(|column| column.trim_start_matches('>').to_uppercase()));
        for cells in &table.rows {
            let mut row = Row::from(cells.iter().map(|cell| cell.replace(['\n', '\t'], " ")));
            if self.width.is_some() {
                row.max_height(1);
            }
            grid.add_row(row);
        }
        for (index, column) in table.header.iter().enumerate() {
            if let Some(grid_column) = grid.column_mut(index) {
                // One blank before the first column is none, two between columns.
                grid_column.set_padding((if index == 0 { 0 } else { 1 }, 1));
                if column.starts_with('>') {
                    grid_column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        match self.width.and_then(|width| u16::try_from(width).ok()) {
            Some(width) => {
                grid.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
            }
            None => {
                grid.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        for (index, line) in grid.lines().enumerate() {
            if index == 0 { self.line(style(line.trim_end()).dim().to_string()) } else { self.line(line) }
        }
    }
}

/// Rows under a header; a column whose header starts with `>` is aligned to the right.
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new<const COLUMNS: usize>(header: [&'static str; COLUMNS]) -> Self {
        Table { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, a cell a column.
    pub fn row<const COLUMNS: usize>(&mut self, cells: [String; COLUMNS]) {
        debug_assert_eq!(COLUMNS, self.header.len(), "a row has as many cells as the table has columns");
        self.rows.push(cells.into());
    }
}

/// A number as people read it: `12,345`.
pub fn count(number: impl TryInto<i128>) -> String {
    let Ok(number) = number.try_into() else { return String::new() };
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// A number with its noun: `1 terminal`, `2 terminals`.
pub fn plural(number: impl TryInto<i128> + Copy, singular: &str) -> String {
    let one = number.try_into().is_ok_and(|number| number == 1);
    let plural = match singular.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{singular}s"),
    };
    format!("{} {}", count(number), if one { singular } else { &plural })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: Option<usize>, draw: impl FnOnce(&mut Screen)) -> String {
        let mut screen = Screen::new(width);
        draw(&mut screen);
        screen.into_text()
    }

    fn two_rows() -> Table {
        let mut table = Table::new(["name", ">terminals"]);
        table.row(["north".into(), "7".into()]);
        table.row(["a region with quite a long name indeed".into(), "1,204".into()]);
        table
    }

    #[test]
    fn a_table_is_as_wide_as_it_needs_without_a_terminal() {
        let text = drawn(None, |screen| screen.table(two_rows()));
        assert_eq!(
            text,
            "NAME                                    TERMINALS\n\
             north                                           7\n\
             a region with quite a long name indeed      1,204\n"
        );
    }

    #[test]
    fn a_table_is_cut_to_the_terminal() {
        let text = drawn(Some(40), |screen| screen.table(two_rows()));
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains('…'), "{text}");
        assert!(text.lines().all(|line| console::measure_text_width(line) <= 40), "{text}");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1000), "1,000");
        assert_eq!(count(-1_234_567), "-1,234,567");
        assert_eq!(plural(1, "terminal"), "1 terminal");
        assert_eq!(plural(0, "inquiry"), "0 inquiries");
        assert_eq!(plural(2, "day"), "2 days");
    }

    #[test]
    fn paragraphs_wrap() {
        let text = drawn(Some(40), |screen| screen.paragraph("  ", &"four ".repeat(20)));
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.len() <= 40), "{text}");
    }
}
