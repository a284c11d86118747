//! The set-up of servers: asked for, and its one message that is edited step by step.

use super::desk::{Answer, Desk, Said, Stop};
use super::spec::Spec;
use crate::app::App;
use crate::app::admin::setup::{self, Start};
use crate::bot::callback::Press;
use crate::bot::screen::press;
use crate::fleet::host::HostError;
use crate::fleet::server::ServerName;
use crate::fleet::setup::{Finding, SetupProblem, SetupStep, StepState};
use crate::fleet::setup_run::{ProblemRow, RunState, SetupRun, StepRow};
use crate::i18n::{Html, TextId, Words, args, t};
use crate::notify::Outgoing;
use crate::types::SetupId;

/// Begins the set-up of a server. Its message is a notice, since it goes on when this has been answered.
pub(super) async fn start(desk: &Desk<'_>, spec: &Spec, given: &[String]) -> Said {
    let [word] = given else { return Err(Desk::stop(desk.usage(spec))) };
    let server = desk.server(spec, word).await?.server;
    let start = setup::start_now(desk.app(), &desk.admin, server.id).await?;
    match started(desk.words(), start, &server.name().to_string()) {
        Some(text) => Ok(Answer::new(text)),
        None => Err(Stop::Told),
    }
}

/// What is said where no message follows.
pub(super) fn started(words: Words<'_>, start: Start, server: &str) -> Option<Html> {
    let values = args().text("server", server);
    match start {
        Start::Begun(_) => None,
        Start::GoesOn => Some(words.format(t("ops-setup-goes-on"), &values)),
        Start::Leaving => Some(words.format(t("ops-setup-leaving"), &values)),
        Start::Gone => Some(words.get(t("ops-changed-meanwhile"))),
    }
}

/// The message of a run, as it stands.
pub async fn message(app: &App, words: Words<'_>, id: SetupId) -> anyhow::Result<Option<Outgoing>> {
    let Some((run, name)) = setup::run_of(app, id).await? else { return Ok(None) };
    Ok(Some(render(words, &run, &name).into()))
}

fn render(words: Words<'_>, run: &SetupRun, name: &ServerName) -> Answer {
    let progress =
        words.format(t("ops-setup-progress"), &args().text("server", name).html("steps", steps(words, run)));
    match (run.state, &run.problem) {
        (RunState::Passed, _) => Answer::new(done(words, run, name).unwrap_or(progress)),
        (RunState::Failed, Some(problem)) => {
            let text = Html::join([progress, trouble(words, problem, &name.to_string())], "\n\n");
            let Some(id) = run.confirmation else { return Answer::new(text) };
            Answer::new(text).row([
                press(words.label(t("btn-ops-run")), &Press::OpsConfirm { id }),
                press(words.label(t("btn-cancel")), &Press::OpsCallOff { id }),
            ])
        }
        (RunState::Running | RunState::Failed, _) => Answer::new(progress),
    }
}

/// What the machine is, once all passed.
fn done(words: Words<'_>, run: &SetupRun, name: &ServerName) -> Option<Html> {
    let hardware = run.steps.iter().find_map(|row| match &row.state {
        StepState::Done(Finding::Hardware(hardware)) => Some(hardware),
        StepState::Done(_) | StepState::Started | StepState::Installing | StepState::Streaming { .. } => None,
    })?;
    Some(
        words.format(
            t("ops-setup-done"),
            &args()
                .text("server", name)
                .text("cores", hardware.cores)
                .text("memory", hardware.memory)
                .text("disk", hardware.disk)
                .text("arch", hardware.arch),
        ),
    )
}

/// One line for each step: done, under way, or to come.
fn steps(words: Words<'_>, run: &SetupRun) -> Html {
    let failed = run.state == RunState::Failed;
    let lines = SetupStep::ALL.into_iter().map(|step| {
        let row = run.steps.iter().find(|row| row.step == step.code());
        let (state, what) = match row {
            None => ("todo", words.label(label(step))),
            Some(StepRow { state: StepState::Done(finding), .. }) => ("done", found(words, finding)),
            Some(_) if failed => ("failed", words.label(label(step))),
            Some(StepRow { state, .. }) => ("busy", under_way(words, step, state)),
        };
        words.format(t("ops-setup-line"), &args().text("state", state).text("what", what))
    });
    Html::join(lines, "\n")
}

fn label(step: SetupStep) -> TextId {
    match step {
        SetupStep::Connect => t("setup-step-connect"),
        SetupStep::System => t("setup-step-system"),
        SetupStep::Architecture => t("setup-step-architecture"),
        SetupStep::Privilege => t("setup-step-privilege"),
        SetupStep::Clock => t("setup-step-clock"),
        SetupStep::Engine => t("setup-step-engine"),
        SetupStep::Forwarding => t("setup-step-forwarding"),
        SetupStep::Settings => t("setup-step-settings"),
        SetupStep::Ports => t("setup-step-ports"),
        SetupStep::Hardware => t("setup-step-hardware"),
        SetupStep::Image => t("setup-step-image"),
        SetupStep::Trial => t("setup-step-trial"),
        SetupStep::Outside => t("setup-step-outside"),
    }
}

fn under_way(words: Words<'_>, step: SetupStep, state: &StepState) -> String {
    match state {
        StepState::Installing => words.label(t("setup-busy-installing")),
        StepState::Streaming { sent, total } => {
            words.plain(t("setup-busy-streaming"), &args().text("sent", sent).text("total", total))
        }
        StepState::Started | StepState::Done(_) => words.label(label(step)),
    }
}

/// What a step found.
fn found(words: Words<'_>, finding: &Finding) -> String {
    match finding {
        Finding::Connected => words.label(t("setup-found-connected")),
        Finding::System { name } => name.clone(),
        Finding::Architecture { arch } => arch.to_string(),
        Finding::Privilege { sudo: true } => words.label(t("setup-found-sudo")),
        Finding::Privilege { sudo: false } => words.label(t("setup-found-root")),
        Finding::Clock { ahead_ms } => {
            words.plain(t("setup-found-clock"), &args().text("seconds", seconds(*ahead_ms)))
        }
        Finding::Engine { version, installed: true } => {
            words.plain(t("setup-found-installed"), &args().text("version", version))
        }
        Finding::Engine { version, installed: false } => {
            words.plain(t("setup-found-engine"), &args().text("version", version))
        }
        Finding::Forwarding { allowed: true } => words.label(t("setup-found-socket")),
        Finding::Forwarding { allowed: false } => words.label(t("setup-found-stdio")),
        Finding::Settings { changed: true } => words.label(t("setup-found-changed")),
        Finding::Settings { changed: false } => words.label(t("setup-found-settings")),
        Finding::Ports { free, .. } => words.plain(t("setup-found-ports"), &args().text("free", free)),
        Finding::Hardware(hardware) => words.plain(
            t("setup-found-hardware"),
            &args().text("cores", hardware.cores).text("memory", hardware.memory).text("disk", hardware.disk),
        ),
        Finding::Image { loaded: true } => words.label(t("setup-found-loaded")),
        Finding::Image { loaded: false } => words.label(t("setup-found-image")),
        Finding::Trial { port } => words.plain(t("setup-found-trial"), &args().text("port", port)),
        Finding::Outside => words.label(t("setup-found-outside")),
    }
}

/// A clock's distance in tenths of a second, without its sign.
fn seconds(ms: i64) -> String {
    let tenths = (ms.unsigned_abs() + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Why a server didn't answer, where a command asked it something.
pub(super) fn host_trouble(words: Words<'_>, error: &HostError, server: &str) -> Html {
    let code = SetupProblem::code_of_host(error);
    let values = [("said".to_owned(), error.to_string())].into();
    trouble(words, &ProblemRow { code: code.to_owned(), values }, server)
}

/// Why a run stopped, and what to do about it.
fn trouble(words: Words<'_>, problem: &ProblemRow, server: &str) -> Html {
    let value = |name: &str| problem.values.get(name).cloned().unwrap_or_default();
    let named = || args().text("server", server);
    let with_name = || named().text("name", value("name"));
    let with_said = || named().text("said", value("said"));
    let with_ports = || named().text("range", value("ports"));
    match problem.code.as_str() {
        "blocked" => words.format(t("ops-setup-firewall"), &with_ports()),
        "unreachable" => words.format(t("setup-problem-unreachable"), &named()),
        "host-key-changed" => words.format(t("setup-problem-host-key"), &named()),
        "auth-refused" => words.format(t("setup-problem-auth"), &named()),
        "forwarding-off" => words.format(t("setup-problem-forwarding"), &named()),
        "cut" => words.format(t("setup-problem-cut"), &named()),
        "archive" => words.format(t("setup-problem-archive"), &with_said()),
        "system" => words.format(t("setup-problem-system"), &with_name()),
        "architecture" => words.format(t("setup-problem-architecture"), &with_name()),
        "privilege" => words.format(t("setup-problem-privilege"), &with_name()),
        "clock" => words.format(t("setup-problem-clock"), &named().text("seconds", value("seconds"))),
        "install" => words.format(t("setup-problem-install"), &with_said()),
        "engine-start" => words.format(t("setup-problem-engine"), &with_said()),
        "settings-broken" => words.format(t("setup-problem-settings"), &named()),
        "settings-flag" => words.format(t("setup-problem-flag"), &named()),
        "restart-needed" => words.format(t("setup-problem-restart"), &with_name()),
        "no-ports" => words.format(t("setup-problem-ports"), &with_ports()),
        "wrong-archive" => words.format(t("setup-problem-image"), &with_name()),
        "trial" => words.format(t("setup-problem-trial"), &with_said()),
        "lost" => words.format(t("setup-problem-lost"), &named()),
        // "host" and "unreadable": what the server said is all that is known.
        _ => words.format(t("setup-problem-other"), &with_said()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Bytes;
    use crate::i18n::Texts;
    use crate::types::{Lang, ServerId};
    use chrono::DateTime;

    #[test]
    fn a_run_reads_step_by_step() {
        let done = |step: &str, finding| StepRow { step: step.to_owned(), state: StepState::Done(finding) };
        let mut run = SetupRun {
            id: SetupId(1),
            server: ServerId(3),
            asked_by: None,
            state: RunState::Running,
            steps: vec![
                done("connect", Finding::Connected),
                done("clock", Finding::Clock { ahead_ms: -140 }),
                StepRow {
                    step: "image".to_owned(),
                    state: StepState::Streaming { sent: Bytes(4_000_000), total: Bytes(17_000_000) },
                },
            ],
            problem: None,
            restart_confirmed: false,
            confirmation: None,
            started_at: DateTime::UNIX_EPOCH,
        };
        let name = ServerName { region_short: "tyo".to_owned(), id: ServerId(3) };
        let texts = Texts::load();
        let shown = |run: &SetupRun| render(texts.lang(Lang::ZhCn), run, &name).text.to_plain();
        let text = shown(&run);
        assert!(text.starts_with("tyo-3 部署\n✅ SSH 连接，主机指纹一致\n"), "{text}");
        assert!(text.contains("✅ 时钟偏差 0.1 s"), "{text}");
        assert!(text.contains("⏳ 传输中继镜像，4 MB / 17 MB…"), "{text}");
        assert!(text.ends_with("· 从外网测试 TCP 与 UDP"), "{text}");
        run.state = RunState::Failed;
        run.problem = Some(ProblemRow {
            code: "blocked".to_owned(),
            values: [("ports".to_owned(), "20000-29999".to_owned())].into(),
        });
        let text = shown(&run);
        assert!(text.contains("❌ 传输中继镜像"), "{text}");
        assert!(text.contains("放行入站 TCP 和 UDP 20000-29999"), "{text}");
    }
}
