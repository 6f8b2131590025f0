//! What was looked at, and what was found.

use serde::Serialize;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// All is well.
    Ok,
    /// It works, but something may go wrong, or is weaker than it could be.
    Warning,
    /// It does not work, will soon not, or is open to others.
    Problem,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// Something that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name, for programs: it never changes.
    pub name: &'static str,
    /// What it means where something is found.
    pub severity: Severity,
    /// What is so where nothing is found, in one sentence.
    pub right: &'static str,
    /// What to do where something is found, in one sentence.
    pub advice: &'static str,
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The name of what was looked at.
    pub name: &'static str,
    /// What is so, in one sentence without secrets.
    pub what: String,
    /// What to do, in one sentence; nothing where all is well.
    pub advice: Option<&'static str>,
}

/// All findings, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// Notes what was found, each in one sentence; that nothing was is a finding too.
    pub fn judge(&mut self, check: &Check, found: impl IntoIterator<Item = String>) {
        let found = found.into_iter().map(|what| (what, check.advice));
        self.judge_each(check, found);
    }

    /// The same of what each has an advice of its own, for where that of the check does not fit.
    pub fn judge_each(
        &mut self,
        check: &Check,
        found: impl IntoIterator<Item = (String, &'static str)>,
    ) {
        let before = self.findings.len();
        self.findings
            .extend(found.into_iter().map(|(what, advice)| Finding {
                severity: check.severity,
                name: check.name,
                what,
                advice: Some(advice),
            }));
        if self.findings.len() == before {
            self.findings.push(Finding {
                severity: Severity::Ok,
                name: check.name,
                what: check.right.to_owned(),
                advice: None,
            });
        }
    }

    /// What was found.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether something was found that should be otherwise.
    #[must_use]
    pub fn has_found(&self, check: &Check) -> bool {
        let mut all = self.findings.iter();
        all.any(|finding| finding.name == check.name && finding.severity == check.severity)
    }

    /// How many findings matter this much.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let all = self.findings.iter();
        all.filter(|finding| finding.severity == severity).count()
    }
}
