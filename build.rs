//! Embeds every file of connectors/, the manifests of channels/, every file of the pages (assets, templates, messages) and the documents
//! into the binary, as generated tables. Adding a connector or a channel means adding a folder, adding a page means adding files: no
//! list elsewhere names them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Generated file, folder, end of the names of its files.
const TABLES: [(&str, &str, &str); 8] = [
    ("connectors.rs", "connectors", ""),
    ("channels.rs", "channels", "manifest.yaml"),
    ("assets.rs", "src/web/assets", ""),
    ("templates.rs", "src/web/templates", ""),
    ("messages.rs", "src/web/messages", ""),
    ("documents.rs", "docs", ".md"),
    ("connector_documents.rs", "connectors", ".md"),
    ("receivers.rs", "deploy/receivers", ""),
];

fn main() -> io::Result<()> {
    for (generated, folder, end) in TABLES {
        embed(generated, folder, end)?;
    }
    Ok(())
}

fn embed(generated: &str, folder: &str, end: &str) -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(folder);
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.retain(|file| file.to_string_lossy().ends_with(end));
    files.sort();

    let mut table = String::from("pub static EMBEDDED: &[(&str, &[u8])] = &[\n");
    for file in &files {
        let relative = file.strip_prefix(&root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let written = writeln!(table, "    ({relative:?}, include_bytes!({:?})),", file.display().to_string());
        written.map_err(io::Error::other)?;
    }
    table.push_str("];\n");

    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join(generated), table)
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
