//! What a page shows.

/// A page of the documentation.
pub struct Page(pub &'static str);

impl Page {
    /// The blocks in this language, in the order of the page.
    pub fn blocks(&self, language: &str) -> Vec<&'static str> {
        let begin = format!("```{language}\n");
        let (_, after) = self.0.split_once(&begin).expect("a block");
        after
            .split(&begin)
            .map(|rest| rest.split_once("```").expect("its end").0)
            .collect()
    }

    /// The first line that begins so.
    pub fn line(&self, begin: &str) -> &'static str {
        let mut lines = self.0.lines().map(str::trim);
        let line = lines.find(|line| line.starts_with(begin));
        line.unwrap_or_else(|| panic!("{begin} is not on the page"))
    }
}

/// Whether the commands hand a code in, which the reader must have looked up before.
pub fn takes_a_code(block: &str) -> bool {
    !block.contains("finish()") && block.contains("finish ") || block == "another\n"
}
