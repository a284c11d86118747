use proptest::prelude::*;

use super::*;
use crate::fleet::relay::{ContainerName, Generation};
use crate::types::RentalId;

fn docker_id(n: u64) -> DockerId {
    format!("{n:064x}").parse().unwrap()
}

fn identity(container: i64, generation: i32) -> RelayIdentity {
    RelayIdentity {
        rental: RentalId(container),
        container: ContainerId(container),
        generation: Generation::from_db(generation),
    }
}

fn start_of_time() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn found(n: u64, is: RelayIdentity, state: ContainerState) -> FoundContainer {
    FoundContainer {
        id: docker_id(n),
        name: ContainerName::new(is.container, is.generation).as_str().to_owned(),
        identity: Some(is),
        state,
        created_at: start_of_time(),
        ports: Vec::new(),
    }
}

/// A server as Docker would keep it: names are unique, a port has one holder among those that are up.
#[derive(Debug, Clone)]
struct Model {
    ours: Vec<FoundContainer>,
    /// Names of containers without our label.
    foreign: BTreeSet<String>,
    rows: Vec<DesiredContainer>,
    strangers: Vec<Stranger>,
    approved: BTreeSet<DockerId>,
    now: DateTime<Utc>,
    next: u64,
    wrong: Vec<String>,
}

impl Model {
    fn plan(&self, trust: Trust) -> Plan {
        plan(&Situation {
            desired: &self.rows,
            found: &self.ours,
            strangers: &self.strangers,
            approved: &self.approved,
            trust,
            now: self.now,
        })
    }

    fn round(&mut self, trust: Trust) -> Plan {
        let plan = self.plan(trust);
        self.strangers.clone_from(&plan.strangers);
        for work in &plan.work {
            let mut made = None;
            for action in &work.actions {
                if !self.apply(action, &mut made) {
                    break;
                }
            }
        }
        self.ours.retain(|c| c.state != ContainerState::Removing);
        // Docker's own restart succeeds meanwhile.
        for c in self.ours.iter_mut().filter(|c| c.state == ContainerState::Restarting) {
            c.state = ContainerState::Running;
        }
        plan
    }

    fn one(&mut self, id: &DockerId) -> &mut FoundContainer {
        self.ours.iter_mut().find(|c| &c.id == id).expect("actions name only containers that were found")
    }

    fn apply(&mut self, action: &Action, made: &mut Option<DockerId>) -> bool {
        match action {
            Action::Adopt { identity, id } => {
                assert_eq!(self.one(id).identity, Some(*identity));
                let row = self.rows.iter_mut().find(|r| r.identity.container == identity.container).unwrap();
                row.identity = *identity;
                row.docker_id = Some(id.clone());
            }
            Action::Create { identity } => {
                let name = ContainerName::new(identity.container, identity.generation);
                if self.foreign.contains(name.as_str()) || self.ours.iter().any(|c| c.name == name.as_str()) {
                    self.wrong.push(format!("{name} is taken"));
                    return false;
                }
                self.next += 1;
                let c = found(self.next, *identity, ContainerState::Created);
                let row = self.rows.iter_mut().find(|r| r.identity.container == identity.container).unwrap();
                row.docker_id = Some(c.id.clone());
                *made = Some(c.id.clone());
                self.ours.push(c);
            }
            Action::Upload { id, .. } => assert_eq!(self.one(id).state, ContainerState::Created),
            Action::Start { identity, id } => {
                let id = id.clone().or_else(|| made.clone()).expect("a start has its container");
                // All generations of a container share its port.
                if self.ours.iter().any(|c| {
                    c.id != id
                        && c.state.is_up()
                        && c.identity.is_some_and(|is| is.container == identity.container)
                }) {
                    self.wrong.push(format!("the port of {} is held", identity.container));
                    return false;
                }
                self.one(&id).state = ContainerState::Running;
            }
            Action::Stop { id, .. } | Action::StopUnknown { id } => {
                assert!(self.one(id).state.is_up());
                self.one(id).state = ContainerState::Exited;
            }
            Action::Remove { id, .. } | Action::RemoveUnknown { id } => {
                self.one(id);
                self.ours.retain(|c| &c.id != id);
            }
        }
        true
    }
}

fn a_state() -> impl Strategy<Value = ContainerState> {
    prop::sample::select(vec![
        ContainerState::Created,
        ContainerState::Running,
        ContainerState::Paused,
        ContainerState::Restarting,
        ContainerState::Removing,
        ContainerState::Exited,
        ContainerState::Dead,
    ])
}

fn a_model() -> impl Strategy<Value = Model> {
    let row = (
        1..12_i64,
        1..4_i32,
        prop::sample::select(vec![Desired::Running, Desired::Stopped, Desired::Removed]),
    );
    let rows = prop::collection::vec((row, prop::option::of(1..20_u64)), 0..10);
    let there = prop::collection::vec((1..16_i64, 1..4_i32, a_state(), any::<bool>()), 0..14);
    let foreign = prop::collection::btree_set((1..12_i64, 1..4_i32), 0..3);
    (rows, there, foreign).prop_map(|(rows, there, foreign)| {
        let name = |(c, g)| ContainerName::new(ContainerId(c), Generation::from_db(g)).as_str().to_owned();
        let foreign: BTreeSet<String> = foreign.into_iter().map(name).collect();
        let mut ours: Vec<FoundContainer> = Vec::new();
        for (n, (container, generation, state, labelled)) in (1..).zip(there) {
            let mut c = found(n, identity(container, generation), state);
            // Two of one container cannot both hold its port.
            let port_held = ours.iter().any(|o| {
                o.state.is_up() && o.identity.is_some_and(|is| is.container == ContainerId(container))
            });
            if foreign.contains(&c.name)
                || ours.iter().any(|o| o.name == c.name)
                || (port_held && state.is_up())
            {
                continue;
            }
            if !labelled {
                c.identity = None;
                "renamed".clone_into(&mut c.name);
                c.name.push_str(&n.to_string());
            }
            ours.push(c);
        }
        let rows: BTreeMap<i64, DesiredContainer> = rows
            .into_iter()
            .map(|((c, g, desired), id)| {
                (c, DesiredContainer { identity: identity(c, g), desired, docker_id: id.map(docker_id) })
            })
            .collect();
        Model {
            ours,
            foreign,
            rows: rows.into_values().collect(),
            strangers: Vec::new(),
            approved: BTreeSet::new(),
            now: start_of_time(),
            next: 1000,
            wrong: Vec::new(),
        }
    })
}

proptest! {
    #[test]
    fn a_server_comes_to_hold_what_it_should(mut model in a_model()) {
        model.approved = model.ours.iter().map(|c| c.id.clone()).collect();
        for _ in 0..4 {
            model.round(Trust::Full);
        }
        model.now += STRANGER_AGE;
        model.round(Trust::Full);
        model.wrong.clear();
        let last = model.round(Trust::Full);
        // What is left to do is only what a foreign container's name forbids.
        prop_assert_eq!(last.work.len(), model.wrong.len(), "{:?}", last);
        prop_assert!(model.wrong.iter().all(|w| w.ends_with("is taken")), "{:?}", model.wrong);
        for row in &model.rows {
            let of_it: Vec<_> = model
                .ours
                .iter()
                .filter(|c| c.identity.is_some_and(|is| is.container == row.identity.container))
                .collect();
            let blocked = model.foreign.contains(
                ContainerName::new(row.identity.container, row.identity.generation).as_str(),
            );
            match row.desired {
                Desired::Running if blocked => {}
                Desired::Running => {
                    prop_assert_eq!(of_it.len(), 1, "{:?}", of_it);
                    prop_assert_eq!(of_it[0].state, ContainerState::Running);
                    prop_assert_eq!(Some(&of_it[0].id), row.docker_id.as_ref());
                }
                Desired::Stopped => prop_assert!(of_it.iter().all(|c| !c.state.is_up())),
                Desired::Removed => prop_assert!(of_it.is_empty()),
            }
        }
        let known = |c: &FoundContainer| {
            c.identity.is_some_and(|is| model.rows.iter().any(|r| r.identity.container == is.container))
        };
        prop_assert!(model.ours.iter().all(known), "strangers are gone: {:?}", model.ours);
    }

    #[test]
    fn a_second_run_finds_nothing_to_do(mut model in a_model()) {
        model.foreign.clear();
        // The first rounds bring the server there; strangers come of age in the third.
        for _ in 0..4 {
            model.round(Trust::Full);
        }
        let plan = model.plan(Trust::Full);
        prop_assert!(plan.is_empty(), "{:?}", plan);
    }

    #[test]
    fn after_a_restore_nothing_is_removed_that_could_serve(mut model in a_model()) {
        let before = model.ours.clone();
        model.approved = before.iter().map(|c| c.id.clone()).collect();
        for _ in 0..5 {
            model.round(Trust::RestoreUnconfirmed);
            model.now += STRANGER_AGE;
        }
        for c in before {
            let there = model.ours.iter().any(|o| o.id == c.id);
            let broken =
                matches!(c.state, ContainerState::Removing | ContainerState::Dead | ContainerState::Paused);
            prop_assert!(there || broken, "{:?} is gone", c);
        }
    }
}

fn situation<'a>(
    desired: &'a [DesiredContainer],
    found: &'a [FoundContainer],
    strangers: &'a [Stranger],
    approved: &'a BTreeSet<DockerId>,
) -> Situation<'a> {
    Situation { desired, found, strangers, approved, trust: Trust::Full, now: start_of_time() }
}

fn wanted(is: RelayIdentity, desired: Desired, id: Option<u64>) -> DesiredContainer {
    DesiredContainer { identity: is, desired, docker_id: id.map(docker_id) }
}

#[test]
fn the_older_generation_goes_only_when_the_newer_is_seen_to_run() {
    let (old, new) = (identity(7, 1), identity(7, 2));
    let row = [wanted(new, Desired::Running, None)];
    let there = [found(1, old, ContainerState::Running)];
    let none = BTreeSet::new();
    assert_eq!(
        plan(&situation(&row, &there, &[], &none)).work[0].actions,
        [
            Action::Create { identity: new },
            Action::Stop { identity: old, id: docker_id(1) },
            Action::Start { identity: new, id: None }
        ]
    );
    let row = [wanted(new, Desired::Running, Some(2))];
    let there = [found(1, old, ContainerState::Exited), found(2, new, ContainerState::Restarting)];
    assert!(plan(&situation(&row, &there, &[], &none)).is_empty());
    let there = [found(1, old, ContainerState::Exited), found(2, new, ContainerState::Running)];
    assert_eq!(
        plan(&situation(&row, &there, &[], &none)).work[0].actions,
        [Action::Remove { identity: old, id: docker_id(1) }]
    );
}

#[test]
fn a_create_that_was_cut_off_is_picked_up() {
    let is = identity(7, 1);
    let row = [wanted(is, Desired::Running, None)];
    let there = [found(1, is, ContainerState::Created)];
    assert_eq!(
        plan(&situation(&row, &there, &[], &BTreeSet::new())).work[0].actions,
        [
            Action::Adopt { identity: is, id: docker_id(1) },
            Action::Upload { identity: is, id: docker_id(1) },
            Action::Start { identity: is, id: Some(docker_id(1)) }
        ]
    );
}

#[test]
fn a_store_that_was_set_back_takes_over_the_newer_generation() {
    let row = [wanted(identity(7, 1), Desired::Running, Some(1))];
    let newer = identity(7, 2);
    let there = [found(2, newer, ContainerState::Running)];
    assert_eq!(
        plan(&situation(&row, &there, &[], &BTreeSet::new())).work[0].actions,
        [Action::Adopt { identity: newer, id: docker_id(2) }]
    );
}

#[test]
fn what_only_stops_comes_first() {
    let row =
        [wanted(identity(1, 1), Desired::Running, None), wanted(identity(2, 1), Desired::Removed, None)];
    let there = [found(5, identity(2, 1), ContainerState::Running)];
    let work = plan(&situation(&row, &there, &[], &BTreeSet::new())).work;
    assert_eq!(
        work.iter().map(|w| w.container).collect::<Vec<_>>(),
        [Some(ContainerId(2)), Some(ContainerId(1))]
    );
}

fn strangers_among(strangers: u64, total: u64, rounds: u32, approved: &BTreeSet<DockerId>) -> Plan {
    let rows: Vec<_> = (strangers..total)
        .map(|n| {
            let is = identity(100 + i64::try_from(n).unwrap(), 1);
            (wanted(is, Desired::Running, Some(n)), found(n, is, ContainerState::Running))
        })
        .collect();
    let mut there: Vec<_> = rows.iter().map(|(_, c)| c.clone()).collect();
    let desired: Vec<_> = rows.into_iter().map(|(row, _)| row).collect();
    let mut seen = Vec::new();
    for n in 0..strangers {
        let mut c = found(n, identity(1, 1), ContainerState::Running);
        c.identity = None;
        seen.push(Stranger { id: c.id.clone(), rounds: rounds - 1, first_seen: start_of_time() });
        there.push(c);
    }
    plan(&situation(&desired, &there, &seen, approved))
}

#[test]
fn strangers_have_three_rounds() {
    let none = BTreeSet::new();
    assert!(strangers_among(1, 20, 2, &none).is_empty());
    let plan = strangers_among(1, 20, 3, &none);
    assert_eq!(plan.work[0].actions, [Action::StopUnknown { id: docker_id(0) }]);
    assert_eq!(plan.held, []);
}

#[test]
fn many_strangers_wait_for_an_admin() {
    let none = BTreeSet::new();
    assert!(strangers_among(3, 20, 3, &none).held.is_empty());
    // More than three, though it is but a tenth.
    let plan = strangers_among(4, 40, 3, &none);
    assert_eq!((plan.work.len(), plan.held.len()), (0, 4));
    // More than a fifth, though there are but two.
    let plan = strangers_among(2, 9, 3, &none);
    assert_eq!((plan.work.len(), plan.held.len()), (0, 2));
    // A yes holds for those it was given for.
    let yes = BTreeSet::from([docker_id(0), docker_id(1)]);
    let plan = strangers_among(4, 9, 3, &yes);
    assert_eq!((plan.work.len(), plan.held.len()), (2, 2));
}

#[test]
fn a_stranger_that_becomes_known_is_forgotten() {
    let is = identity(7, 1);
    let row = [wanted(is, Desired::Running, Some(1))];
    let there = [found(1, is, ContainerState::Running)];
    let seen = [Stranger { id: docker_id(1), rounds: 2, first_seen: start_of_time() }];
    let plan = plan(&situation(&row, &there, &seen, &BTreeSet::new()));
    assert_eq!((plan.work, plan.strangers), (vec![], vec![]));
}
