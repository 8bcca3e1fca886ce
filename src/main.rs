//! The `parlor` program.

fn main() -> std::process::ExitCode {
    parlor::cli::main()
}
