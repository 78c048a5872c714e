//! Logs: on standard error, in lines for people or in JSON for machines. `OFFPEAK_LOG` says how much, as
//! `debug` or `offpeak::worker=debug,warn`.

use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Logs from now on: what `OFFPEAK_LOG` says, else `default`. A second call changes nothing.
pub(crate) fn start(format: LogFormat, default: &str) {
    let filter = EnvFilter::try_from_env("OFFPEAK_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let colored = console::colors_enabled_stderr();
    let _ = match format {
        LogFormat::Text => builder.with_ansi(colored).with_target(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

/// Logs only if `OFFPEAK_LOG` asks for it: commands are quiet.
pub(crate) fn start_if_asked() {
    if std::env::var_os("OFFPEAK_LOG").is_some() {
        start(LogFormat::Text, "warn");
    }
}
