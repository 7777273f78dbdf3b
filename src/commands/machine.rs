//! What `skillgate doctor` says of the machine: room on the disks, the clock.

use crate::app::disk;
use crate::config::Settings;
use crate::model::clock::Clock;
use crate::store::Store;
use std::path::Path;

/// Less room than this is a fault: an upload, the write-ahead log and a pause until somebody looks must fit.
const LEAST_FREE: u64 = 256 << 20;
/// Leases last seconds, so clocks that differ by more make workers disagree about who has what.
const MOST_SECONDS: f64 = 3.0;

/// The room that is left where the gateway writes. What is not there yet is judged by the folder that it will be made in.
pub fn room(settings: &Settings) -> anyhow::Result<String> {
    let mut told = Vec::new();
    for (place, folder) in disk::folders(settings) {
        let existing = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        let Some(space) = disk::space(existing) else { continue };
        if space.free < LEAST_FREE {
            let free = mebibytes(space.free);
            anyhow::bail!("{free} MiB are left in {} ({place}); make room, or uploads will be refused", existing.display());
        }
        told.push(format!("{place} {} GiB free of {}", mebibytes(space.free) / 1024, mebibytes(space.size) / 1024));
    }
    Ok(told.join(", "))
}

fn mebibytes(bytes: u64) -> u64 {
    bytes >> 20
}

/// The machine's clock against that of the database, which other processes have in common.
pub async fn clock(store: &Store) -> anyhow::Result<String> {
    let before = Clock::system().now();
    let database = store.database_time().await?;
    let after = Clock::system().now();
    let now = after.format("%Y-%m-%d %H:%M UTC");
    let Some(database) = database else { return Ok(format!("{now}; the database has no clock of its own")) };
    // The answer was made at some moment between the two.
    let ahead = (before - database).as_seconds_f64().max(0.0) + (database - after).as_seconds_f64().max(0.0);
    if ahead > MOST_SECONDS {
        anyhow::bail!("{now}, which is {ahead:.0} s off the database's clock; set both machines' clocks by a time service (NTP)");
    }
    Ok(format!("{now}, together with the database's"))
}
