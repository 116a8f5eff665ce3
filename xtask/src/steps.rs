//! A list of named steps that all run, whatever fails on the way, and a table of how they went.

use std::time::{Duration, Instant};

use anyhow::Result;

struct Done {
    name: String,
    took: Duration,
    problem: Option<String>,
}

/// Steps that were run, in order.
#[derive(Default)]
pub struct Steps {
    done: Vec<Done>,
}

impl Steps {
    /// Runs one step now. A failure is told at once, kept for the table, and stops nothing.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        eprintln!("\n=== {name}");
        let started = Instant::now();
        let problem = work().err().map(|problem| format!("{problem:#}"));
        if let Some(problem) = &problem {
            eprintln!("FAILED {name}: {problem}");
        }
        self.done.push(Done {
            name: name.to_owned(),
            took: started.elapsed(),
            problem,
        });
    }

    /// The table, and one closing line `N passed, N failed` of the steps.
    pub fn report(&self) -> String {
        let width = self
            .done
            .iter()
            .map(|done| done.name.len())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for done in &self.done {
            let outcome = if done.problem.is_some() {
                "FAILED"
            } else {
                "passed"
            };
            let seconds = done.took.as_secs_f64();
            text.push_str(&format!(
                "{:width$}  {outcome}  {seconds:>7.1} s\n",
                done.name
            ));
        }
        let failed = self.failed();
        text.push_str(&format!(
            "{} passed, {failed} failed\n",
            self.done.len() - failed
        ));
        text
    }

    /// How many steps failed.
    pub fn failed(&self) -> usize {
        self.done
            .iter()
            .filter(|done| done.problem.is_some())
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_stops_none_of_the_others_and_is_counted() {
        let mut steps = Steps::default();
        steps.step("first", || anyhow::bail!("no"));
        steps.step("second", || Ok(()));
        assert_eq!(steps.failed(), 1);
        assert!(steps.report().ends_with("1 passed, 1 failed\n"));
    }
}
