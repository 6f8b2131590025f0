//! What stands below the help of a verb, taken apart for the sections of its manual page.

/// The sections that come of it.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Paragraphs that belong to the description.
    pub(super) prose: Vec<String>,
    /// What its exit codes mean, where that is more than for every verb.
    pub(super) exit_status: Option<String>,
    /// Commands and what they are for, line by line.
    pub(super) examples: Vec<String>,
}

impl Notes {
    pub(super) fn of(text: &str) -> Self {
        let mut notes = Self::default();
        for paragraph in text.split("\n\n") {
            if ["Example", "Try it"]
                .iter()
                .any(|begin| paragraph.starts_with(begin))
            {
                notes.examples.extend(examples(paragraph));
            } else if is_laid_out(paragraph) {
                notes.prose.push(paragraph.to_owned());
            } else {
                notes.read(&paragraph.replace('\n', " "));
            }
        }
        notes
    }

    /// A paragraph, with or without a sentence on exit codes.
    fn read(&mut self, paragraph: &str) {
        let Some((before, rest)) = paragraph.split_once("Exit code") else {
            return self.prose.push(paragraph.to_owned());
        };
        let (sentence, after) = rest.split_once(". ").unwrap_or((rest, ""));
        let sentence = sentence.trim_end_matches('.');
        self.exit_status = Some(format!("Exit code{sentence}."));
        let prose = format!("{before}{after}");
        if !prose.trim().is_empty() {
            self.prose.push(prose.trim().to_owned());
        }
    }
}

/// Whether the lines of a paragraph must stay as they are.
pub(super) fn is_laid_out(paragraph: &str) -> bool {
    paragraph.lines().any(|line| line.starts_with("  "))
}

/// The lines of examples, without the word that says so.
fn examples(paragraph: &str) -> impl Iterator<Item = String> {
    let lines = paragraph.lines().filter(|line| *line != "Examples:");
    lines.map(|line| {
        let begins = ["Example: ", "Example, ", "  "];
        let rest = begins.iter().find_map(|begin| line.strip_prefix(begin));
        rest.unwrap_or(line).to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_become_sections() {
        let notes = Notes::of(
            "Looks at\nthings. Exit code 1: none\nis there; 3: another. More in docs/a.md.\n\n\
             Places:\n  here\n\nExamples:\n  kontor look |\n    more",
        );
        assert_eq!(
            notes.prose,
            ["Looks at things. More in docs/a.md.", "Places:\n  here"]
        );
        let exit_status = "Exit code 1: none is there; 3: another.";
        assert_eq!(notes.exit_status.as_deref(), Some(exit_status));
        assert_eq!(notes.examples, ["kontor look |", "  more"]);
        let notes = Notes::of("Exit code 5: newer.\n\nExample: kontor look");
        assert_eq!(notes.exit_status.as_deref(), Some("Exit code 5: newer."));
        assert_eq!((notes.prose.len(), notes.examples.len()), (0, 1));
    }
}
