//! Where things that take long to make are kept between runs, outside the clone.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// `$LAB_CACHE`, else `$XDG_CACHE_HOME/derpshop`, else `~/.cache/derpshop`; made if it isn't there. The commands
/// in `deploy/` use the same.
pub fn folder() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("LAB_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("derpshop")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/derpshop")))
        .context("none of LAB_CACHE, XDG_CACHE_HOME and HOME is set")?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder.canonicalize()?)
}
