//! Parse, run, exit code.

fn main() -> std::process::ExitCode {
    offpeak::cli::main()
}
