//! Open files: every connection is one, and many systems let a program have 1,024 until it asks for more.

/// Below this many a popular room would fill the server.
#[cfg(unix)]
const ENOUGH: u64 = 4096;

/// Asks for as many open files as the system allows this program, and tells the operator where that is little.
#[cfg(unix)]
pub(crate) fn ask_for_enough() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let before = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    let allowed = match setrlimit(Resource::Nofile, most) {
        Ok(()) => before.maximum,
        // Some systems have a limit of their own below what they say (macOS: "unlimited").
        Err(_) => before.current,
    };
    if let Some(files) = allowed.filter(|files| *files < ENOUGH) {
        tracing::warn!(
            files,
            "the system lets this program have few open files; each viewer needs two or three. Raise the limit \
             (`ulimit -n`, or `LimitNOFILE=` of the service) where many are expected"
        );
    }
}

/// Other systems set no such limit.
#[cfg(not(unix))]
pub(crate) fn ask_for_enough() {}
