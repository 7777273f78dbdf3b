//! The thin binary: everything is in the library.

/// Documents are many small pieces; this allocator hands those out at a good deal less than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    skillgate::cli::run()
}
