//! The command line: clap types and dispatch.

pub fn run() -> std::process::ExitCode {
    unimplemented!()
}
