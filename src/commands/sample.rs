//! `skillgate sample DIR`: badges to try the gateway with, signed at this moment.

use crate::model::clock::Clock;
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct SampleArgs {
    /// Folder to write to; a missing folder is made
    #[arg(default_value = "samples", value_name = "DIR")]
    folder: PathBuf,
}

pub fn run(sample: &SampleArgs) -> anyhow::Result<ExitCode> {
    let folder = &sample.folder;
    std::fs::create_dir_all(folder).with_context(|| format!("the folder {} could not be made", folder.display()))?;
    let files = crate::sample::files(Clock::system().now())?;
    for file in &files {
        let path = folder.join(file.name);
        std::fs::write(&path, &file.bytes).with_context(|| format!("{} could not be written", path.display()))?;
    }
    println!(
        "Wrote {} files to {}. {} explains each file and lists commands to try.",
        files.len(),
        folder.display(),
        folder.join("README.txt").display()
    );
    Ok(ExitCode::SUCCESS)
}
