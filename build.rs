//! Embeds the files of connectors/ and the manifests of channels/ into the binary, one generated table for each.
//! Adding a connector or a channel means adding a folder: no list elsewhere names it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    embed("connectors", |_| true)?;
    embed("channels", |file| file.ends_with("manifest.yaml"))
}

fn embed(folder: &str, wanted: fn(&Path) -> bool) -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(folder);
    println!("cargo:rerun-if-changed={}", root.display());

    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.retain(|file| wanted(file));
    files.sort();

    let mut table = String::from("pub static EMBEDDED: &[(&str, &[u8])] = &[\n");
    for file in &files {
        let relative = file.strip_prefix(&root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let written = writeln!(table, "    ({relative:?}, include_bytes!({:?})),", file.display().to_string());
        written.map_err(io::Error::other)?;
    }
    table.push_str("];\n");

    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join(format!("{folder}.rs")), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
