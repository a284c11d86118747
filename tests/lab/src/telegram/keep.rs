//! Keeping the world on disk: `state.json`, replaced whole, and one file per upload beside it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::model::BotAccount;
use super::shared::{Options, Shared, Telegram};
use super::world::World;

/// Changes are gathered at least this long before they are written.
const GATHER: Duration = Duration::from_millis(150);
/// Writing takes at most one part in this many of the time, however large the state grows.
const REST: u32 = 20;

impl Telegram {
    /// Starts with what `folder` keeps, or anew in it, and keeps every change there.
    ///
    /// # Errors
    /// If the folder cannot be read or written, or the address is taken.
    pub async fn open(options: Options, folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder.join("files"))?;
        let fresh = BotAccount::new(&options);
        let mut world = if let Some(mut world) = load(folder)? {
            world.bot.token = fresh.token;
            world.bot.username = fresh.username;
            world
        } else {
            let mut world = World::new(fresh);
            world.now = options.clock.millis();
            world.settle_three_people();
            world
        };
        world.folder = Some(folder.to_owned());
        let tg = Self::run(options, world).await?;
        tokio::spawn(keep(std::sync::Arc::downgrade(&tg.shared)));
        Ok(tg)
    }

    /// Writes the present state to the folder it was opened with.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self) -> io::Result<()> {
        self.shared.save()
    }
}

impl Shared {
    fn save(&self) -> io::Result<()> {
        let (folder, state) = self.quiet(|world| (world.folder.clone(), serde_json::to_vec(world)));
        let Some(folder) = folder else { return Ok(()) };
        replace(&folder.join("state.json"), &state?)
    }
}

/// Saves after each change until the simulator is gone.
async fn keep(shared: std::sync::Weak<Shared>) {
    let Some((mut changes, stop)) = shared.upgrade().map(|shared| (shared.changes(), shared.stop.clone()))
    else {
        return;
    };
    let mut rest = GATHER;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            told = changes.changed() => if told.is_err() { return },
        }
        tokio::time::sleep(rest).await;
        changes.mark_unchanged();
        let Some(shared) = shared.upgrade() else { return };
        let begun = Instant::now();
        if let Err(why) = shared.save() {
            tracing::error!(%why, "the state could not be saved");
        }
        rest = GATHER.max(begun.elapsed() * REST);
    }
}

fn load(folder: &Path) -> io::Result<Option<World>> {
    let state = match std::fs::read(folder.join("state.json")) {
        Ok(state) => state,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(why),
    };
    let mut world: World = serde_json::from_slice(&state)?;
    for id in world.files.keys() {
        let bytes = std::fs::read(file_path(folder, id))?;
        world.bytes.insert(id.clone(), Bytes::from(bytes));
    }
    Ok(Some(world))
}

/// Where the bytes of an upload lie. Ids are of our own making: letters and digits.
pub(crate) fn file_path(folder: &Path, id: &str) -> PathBuf {
    folder.join("files").join(id)
}

/// Writes a file so that a reader sees the old or the new one, never a part.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    std::fs::write(&new, bytes)?;
    std::fs::rename(new, path)
}
