//! Keeping mails on disk: one JSON file each.

use std::io;
use std::path::Path;

use super::{Mail, Mailbox, Options};

impl Mailbox {
    /// Starts with the mails that `folder` keeps, and keeps new ones there.
    ///
    /// # Errors
    /// If the folder cannot be read or written, or the address is taken.
    pub async fn open(options: Options, folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut mails = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                mails.push(serde_json::from_slice::<Mail>(&std::fs::read(path)?)?);
            }
        }
        mails.sort_by_key(|mail| mail.id);
        Self::run(options, mails, Some(folder.to_owned())).await
    }
}

/// Writes a mail to its file.
pub(super) fn write(folder: &Path, mail: &Mail) {
    let written = serde_json::to_vec(mail)
        .map_err(io::Error::from)
        .and_then(|json| crate::telegram::replace(&folder.join(format!("{}.json", mail.id)), &json));
    if let Err(why) = written {
        tracing::error!(%why, id = mail.id, "a mail could not be kept");
    }
}
