//! A run of the set-up of a server, as it is kept and shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::setup::{SetupProblem, SetupStep, StepState};
use crate::types::{ConfirmationId, ServerId, SetupId, UserId};

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "setup_state", rename_all = "snake_case")]
pub enum RunState {
    /// It goes on.
    Running,
    /// Every step passed.
    Passed,
    /// A step failed.
    Failed,
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    /// Which, by [`SetupStep::code`].
    pub step: String,
    /// How far.
    #[serde(flatten)]
    pub state: StepState,
}

/// Why a run stopped, in lasting words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemRow {
    /// By [`SetupProblem::code`].
    pub code: String,
    /// What the text about it needs.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

impl From<&SetupProblem> for ProblemRow {
    fn from(problem: &SetupProblem) -> Self {
        let values: Vec<(&str, String)> = match problem {
            SetupProblem::Host(error) => vec![("said", error.to_string())],
            SetupProblem::System { name } => vec![("name", name.clone())],
            SetupProblem::Architecture { machine } => vec![("name", machine.clone())],
            SetupProblem::Privilege { user } => vec![("name", user.clone())],
            SetupProblem::Clock { seconds } => vec![("seconds", seconds.abs().to_string())],
            SetupProblem::Install { said }
            | SetupProblem::EngineStart { said }
            | SetupProblem::Trial { said } => vec![("said", said.clone())],
            SetupProblem::RestartNeeded { containers } => vec![("name", containers.join(", "))],
            SetupProblem::NoPorts { ports } | SetupProblem::Blocked { ports, .. } => {
                vec![("ports", ports.to_string())]
            }
            SetupProblem::Unreadable { what } => vec![("said", (*what).to_owned())],
            SetupProblem::WrongArchive { image } => vec![("name", image.clone())],
            SetupProblem::SettingsBroken | SetupProblem::SettingsFlag => Vec::new(),
        };
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { code: problem.code().to_owned(), values }
    }
}

/// A run.
#[derive(Clone, Debug)]
pub struct SetupRun {
    /// Its row.
    pub id: SetupId,
    /// The server.
    pub server: ServerId,
    /// Who asked; nobody at the console.
    pub asked_by: Option<UserId>,
    /// Where it is.
    pub state: RunState,
    /// Its steps so far, in order.
    pub steps: Vec<StepRow>,
    /// Why it stopped.
    pub problem: Option<ProblemRow>,
    /// Whether an admin agreed that Docker Engine is restarted under running containers.
    pub restart_confirmed: bool,
    /// The question whether it may be.
    pub confirmation: Option<ConfirmationId>,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// Notes that a step has come to `state`: one entry a step, in the order in which they began.
pub fn note(steps: &mut Vec<StepRow>, step: SetupStep, state: StepState) {
    match steps.iter_mut().find(|row| row.step == step.code()) {
        Some(row) => row.state = state,
        None => steps.push(StepRow { step: step.code().to_owned(), state }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Bytes;
    use crate::fleet::setup::Finding;

    #[test]
    fn steps_keep_their_stored_form() {
        let mut steps = Vec::new();
        note(&mut steps, SetupStep::Clock, StepState::Started);
        note(&mut steps, SetupStep::Image, StepState::Streaming { sent: Bytes(1), total: Bytes(2) });
        note(&mut steps, SetupStep::Clock, StepState::Done(Finding::Clock { ahead_ms: -40 }));
        let stored = serde_json::json!([
            {"step": "clock", "state": "done", "finding": "clock", "ahead_ms": -40},
            {"step": "image", "state": "streaming", "sent": 1, "total": 2}
        ]);
        assert_eq!(serde_json::to_value(&steps).unwrap(), stored);
        assert_eq!(serde_json::from_value::<Vec<StepRow>>(stored).unwrap(), steps);
    }
}
