//! The thin binary: everything is in the library.

/// Parsing documents makes many small allocations; mimalloc serves them at a lower cost than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    skillgate::cli::run()
}
