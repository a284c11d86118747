//! What to do on a server so that it comes to hold what the store says. A pure function of what should be, what is
//! there, and what was seen before; running it again after any interruption, or twice, does no harm.
//!
//! Only containers with our installation's label are ever looked at. Those that the store doesn't know are strangers:
//! they may be the remains of a crash, or of a store that was set back, and are treated with patience.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::types::ContainerId;

use super::found::{ContainerState, DockerId, FoundContainer, RelayIdentity};

#[cfg(test)]
mod tests;

/// What the store wants of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "container_desired", rename_all = "snake_case")]
pub enum Desired {
    /// It serves.
    Running,
    /// It is down and keeps its port; it need not exist.
    Stopped,
    /// It doesn't exist.
    Removed,
}

/// One container of the store on this server that isn't released yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredContainer {
    /// Which one, in the creation that the store has.
    pub identity: RelayIdentity,
    /// What is wanted of it.
    pub desired: Desired,
    /// Docker's id for it, as far as the store knows.
    pub docker_id: Option<DockerId>,
}

/// A container with our label that the store doesn't know, remembered from round to round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Docker's id.
    pub id: DockerId,
    /// In how many rounds on end it was seen.
    pub rounds: u32,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
}

/// Whether the store may be trusted about what should not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It may.
    Full,
    /// It was restored from a backup and nobody has confirmed it yet: nothing is removed, and strangers, who may have
    /// become customers after the backup, keep running.
    RestoreUnconfirmed,
}

/// Strangers are stopped once they were seen in this many rounds on end.
pub const STRANGER_ROUNDS: u32 = 3;
/// Strangers are removed this long after they were first seen.
pub const STRANGER_AGE: TimeDelta = TimeDelta::hours(24);
/// More strangers than this wait for an admin's yes.
pub const STRANGERS_UNASKED: usize = 3;
/// Strangers that are more than this share of our containers on the server (per cent) wait for an admin's yes.
pub const STRANGERS_SHARE: usize = 20;

/// All that a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Every container of the store on this server that isn't released.
    pub desired: &'a [DesiredContainer],
    /// Every container with our label on the server.
    pub found: &'a [FoundContainer],
    /// The strangers of the last round.
    pub strangers: &'a [Stranger],
    /// The strangers about which an admin said yes.
    pub approved: &'a BTreeSet<DockerId>,
    /// Whether the store may be trusted.
    pub trust: Trust,
    /// The present moment.
    pub now: DateTime<Utc>,
}

/// One thing to do on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The store doesn't know this container of its own by Docker's id, or has an older generation of it: write both
    /// down.
    Adopt {
        /// Which, with the generation that its labels tell.
        identity: RelayIdentity,
        /// Docker's id.
        id: DockerId,
    },
    /// Create it and upload its files.
    Create {
        /// Which.
        identity: RelayIdentity,
    },
    /// Upload its files: it was created but never started, and may lack them.
    Upload {
        /// Which.
        identity: RelayIdentity,
        /// Docker's id.
        id: DockerId,
    },
    /// Start it.
    Start {
        /// Which.
        identity: RelayIdentity,
        /// Docker's id; `None` for the one that this work's [`Action::Create`] made.
        id: Option<DockerId>,
    },
    /// Take a last traffic sample and stop it.
    Stop {
        /// Which.
        identity: RelayIdentity,
        /// Docker's id.
        id: DockerId,
    },
    /// Remove it and its volume.
    Remove {
        /// Which.
        identity: RelayIdentity,
        /// Docker's id.
        id: DockerId,
    },
    /// Stop a stranger.
    StopUnknown {
        /// Docker's id.
        id: DockerId,
    },
    /// Remove a stranger and its volume.
    RemoveUnknown {
        /// Docker's id.
        id: DockerId,
    },
}

/// What to do about one container, in this order; after a failure the rest of it is left for the next round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The row of `containers`; `None` for strangers.
    pub container: Option<ContainerId>,
    /// The steps.
    pub actions: Vec<Action>,
}

/// What to do on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// One entry for each container that needs something; those that only stop come first, since they free ports.
    pub work: Vec<Work>,
    /// The strangers to remember for the next round.
    pub strangers: Vec<Stranger>,
    /// Strangers that would be stopped or removed but are too many: an admin is to be asked.
    pub held: Vec<DockerId>,
}

impl Plan {
    /// Whether the server already holds what it should.
    pub fn is_empty(&self) -> bool {
        self.work.is_empty()
    }
}

/// Makes the plan for one server.
pub fn plan(situation: &Situation<'_>) -> Plan {
    let mut by_container: BTreeMap<ContainerId, Vec<(RelayIdentity, &FoundContainer)>> = BTreeMap::new();
    let mut unknown = Vec::new();
    let known: BTreeMap<ContainerId, &DesiredContainer> =
        situation.desired.iter().map(|row| (row.identity.container, row)).collect();
    for found in situation.found {
        match found.identity {
            // A label that names another rental than the row does is no label of ours to act on.
            Some(is) if known.get(&is.container).is_some_and(|row| row.identity.rental == is.rental) => {
                by_container.entry(is.container).or_default().push((is, found));
            }
            Some(_) | None => unknown.push(found),
        }
    }
    let mut work: Vec<Work> = known
        .values()
        .map(|row| Work {
            container: Some(row.identity.container),
            actions: for_container(
                row,
                by_container.remove(&row.identity.container).unwrap_or_default(),
                situation.trust,
            ),
        })
        .collect();
    let (strangers, held, theirs) = for_strangers(situation, &unknown);
    work.extend(theirs);
    work.retain(|w| !w.actions.is_empty());
    work.sort_by_key(|w| w.actions.iter().any(Action::needs_a_port));
    Plan { work, strangers, held }
}

impl Action {
    fn needs_a_port(&self) -> bool {
        match self {
            Self::Create { .. } | Self::Start { .. } => true,
            Self::Adopt { .. }
            | Self::Upload { .. }
            | Self::Stop { .. }
            | Self::Remove { .. }
            | Self::StopUnknown { .. }
            | Self::RemoveUnknown { .. } => false,
        }
    }
}

fn for_container(
    row: &DesiredContainer,
    mut found: Vec<(RelayIdentity, &FoundContainer)>,
    trust: Trust,
) -> Vec<Action> {
    // The newest comes last. Should there be two of one generation, the one that the store knows counts, then one
    // that is up.
    found.sort_by_key(|(is, c)| {
        (is.generation, row.docker_id.as_ref() == Some(&c.id), c.state.is_up(), &c.id)
    });
    let current = match found.last() {
        // A newer one than the store has: the store was set back. It has the same keys, and serves.
        Some((is, _)) if is.generation >= row.identity.generation => found.pop(),
        Some(_) | None => None,
    };
    let older = found;
    let mut actions = Vec::new();
    match row.desired {
        Desired::Removed => {
            for (identity, c) in older.into_iter().chain(current) {
                discard(identity, c, trust, &mut actions);
            }
        }
        Desired::Stopped => {
            for (identity, c) in older.into_iter().chain(current) {
                if c.state.is_up() {
                    actions.push(Action::Stop { identity, id: c.id.clone() });
                }
            }
            if let Some((identity, c)) = current {
                adopt(row, identity, c, &mut actions);
            }
        }
        Desired::Running => {
            let starting = if let Some((identity, c)) = current {
                bring_up(row, identity, c, &mut actions)
            } else {
                actions.push(Action::Create { identity: row.identity });
                Some(Action::Start { identity: row.identity, id: None })
            };
            let serves = current.is_some_and(|(_, c)| c.state == ContainerState::Running);
            for (identity, c) in older {
                if serves {
                    discard(identity, c, trust, &mut actions);
                } else if c.state.is_up() && starting.is_some() {
                    // It holds the port that its successor needs.
                    actions.push(Action::Stop { identity, id: c.id.clone() });
                }
            }
            actions.extend(starting);
        }
    }
    actions
}

/// Pushes what comes before the start of a container that should run, and answers the start itself.
fn bring_up(
    row: &DesiredContainer,
    identity: RelayIdentity,
    c: &FoundContainer,
    actions: &mut Vec<Action>,
) -> Option<Action> {
    match c.state {
        ContainerState::Running | ContainerState::Restarting => {
            adopt(row, identity, c, actions);
            None
        }
        ContainerState::Created => {
            adopt(row, identity, c, actions);
            actions.push(Action::Upload { identity, id: c.id.clone() });
            Some(Action::Start { identity, id: Some(c.id.clone()) })
        }
        ContainerState::Exited => {
            adopt(row, identity, c, actions);
            Some(Action::Start { identity, id: Some(c.id.clone()) })
        }
        // Its name is free again soon.
        ContainerState::Removing => None,
        // Neither can be started; nobody of ours pauses containers, and all that matters in one is in the store.
        ContainerState::Paused | ContainerState::Dead => {
            actions.push(Action::Remove { identity, id: c.id.clone() });
            actions.push(Action::Create { identity });
            Some(Action::Start { identity, id: None })
        }
    }
}

fn adopt(row: &DesiredContainer, identity: RelayIdentity, c: &FoundContainer, actions: &mut Vec<Action>) {
    if row.docker_id.as_ref() != Some(&c.id) || row.identity != identity {
        actions.push(Action::Adopt { identity, id: c.id.clone() });
    }
}

fn discard(identity: RelayIdentity, c: &FoundContainer, trust: Trust, actions: &mut Vec<Action>) {
    if c.state == ContainerState::Removing {
        return;
    }
    if c.state.is_up() {
        actions.push(Action::Stop { identity, id: c.id.clone() });
    }
    match trust {
        Trust::Full => actions.push(Action::Remove { identity, id: c.id.clone() }),
        Trust::RestoreUnconfirmed => {}
    }
}

fn for_strangers(
    situation: &Situation<'_>,
    unknown: &[&FoundContainer],
) -> (Vec<Stranger>, Vec<DockerId>, Vec<Work>) {
    let before: BTreeMap<&DockerId, &Stranger> = situation.strangers.iter().map(|s| (&s.id, s)).collect();
    let mut strangers = Vec::new();
    let mut due: Vec<(&FoundContainer, bool)> = Vec::new();
    for c in unknown {
        let stranger = match before.get(&c.id) {
            Some(seen) => Stranger { rounds: seen.rounds.saturating_add(1), ..(*seen).clone() },
            None => Stranger { id: c.id.clone(), rounds: 1, first_seen: situation.now },
        };
        if stranger.rounds >= STRANGER_ROUNDS && c.state != ContainerState::Removing {
            due.push((c, situation.now - stranger.first_seen >= STRANGER_AGE));
        }
        strangers.push(stranger);
    }
    if situation.trust == Trust::RestoreUnconfirmed {
        return (strangers, Vec::new(), Vec::new());
    }
    // All that have outlived the three rounds count, not only those that have something coming to them now: else many
    // would pass one by one.
    let unasked = due.iter().filter(|(c, _)| !situation.approved.contains(&c.id)).count();
    let many = unasked > STRANGERS_UNASKED || unasked * 100 > situation.found.len() * STRANGERS_SHARE;
    let mut held = Vec::new();
    let mut work = Vec::new();
    for (c, old) in due {
        let mut actions = Vec::new();
        if c.state.is_up() {
            actions.push(Action::StopUnknown { id: c.id.clone() });
        }
        if old {
            actions.push(Action::RemoveUnknown { id: c.id.clone() });
        }
        if actions.is_empty() {
            continue;
        }
        if many && !situation.approved.contains(&c.id) {
            held.push(c.id.clone());
        } else {
            work.push(Work { container: None, actions });
        }
    }
    (strangers, held, work)
}
