//! Variables of the servers whose clients are served, under their own names.
use super::*;

#[test]
fn variables_of_the_original_servers_count_in_their_own_units() {
    let variables = [
        ("PORT", "3000"),
        ("ADMIN_KEY", "the key of old"),
        ("VIEWER_KEY", "for the guests"),
        ("FAIR_UPLINK_BPS", "20000000"),
        ("FAIR_RATE_CAP_BPS", "8000000"),
        ("CONTENT_BITRATE_BPS", "4000000"),
        ("FAIR_MAX_AHEAD_SEC", "30"),
        ("HOT_CACHE_BYTES", "16777216"),
        ("COLOR_PALETTE", "teal, übel"),
        ("RDM_MAX_FILE_SIZE_MB", "500"),
        ("RDM_ROOM_EXPIRY_SECONDS", "60"),
        ("RDM_UPLOAD_DIR", "/srv/clips"),
        ("STATE_DIR", "/srv/state"),
        ("HOST", "127.0.0.1"),
        ("RUST_LOG", "debug"),
        ("CHAT_HISTORY_SEND", "50"),
        ("CHAT_RATE_MAX", "7"),
        ("CHAT_RATE_WINDOW_MS", "2500"),
        ("PRESENCE_TIMEOUT_MS", "60000"),
        ("LIST_ONLY", "wp"),
    ];
    let config = load(&[], &variables).expect("right");
    assert_eq!(
        config.listen,
        ["127.0.0.1:3000".parse().expect("an address")]
    );
    assert_eq!(config.log, "debug");
    assert_eq!((config.staged_history, config.staged_chat_count), (50, 7));
    assert_eq!(config.staged_chat_window, Duration::from_millis(2500));
    assert_eq!(config.staged_silence, Duration::from_secs(60));
    assert!(config.staged_list_wp);
    assert_eq!(config.admin_key.as_deref(), Some("the key of old"));
    assert_eq!(config.viewer_key.as_deref(), Some("for the guests"));
    assert_eq!(config.head_cache, 16 << 20);
    assert_eq!(config.colors, ["teal", "übel"]);
    assert_eq!(config.uploads.file, 500 << 20);
    assert_eq!(config.rdm_room_expiry, Duration::from_secs(60));
    assert_eq!(config.upload_dir.as_deref(), Some(Path::new("/srv/clips")));
    assert_eq!(config.data, Path::new("/srv/state"));
    let limits = config.uplink_limits();
    assert_eq!(
        (limits.uplink, limits.viewer, limits.ahead),
        (
            Some(2_500_000.0),
            Some(1_000_000.0),
            Some(Duration::from_secs(30))
        )
    );
    // Our own name is stronger, and counts in units.
    let both = [
        ("WATCHALONG_UPLINK", "1mbit"),
        ("FAIR_UPLINK_BPS", "20000000"),
    ];
    assert_eq!(load(&[], &both).expect("right").uplink, Some(125_000.0));
}

#[test]
fn no_cap_is_none_and_a_bitrate_alone_is_one_with_room_to_spare() {
    let limits = |variables| load(&[], variables).expect("right").uplink_limits();
    assert_eq!(limits(&[("FAIR_RATE_CAP_BPS", "0")]).viewer, None);
    let known = [
        ("CONTENT_BITRATE_BPS", "4000000"),
        ("FAIR_RATE_CAP_BPS", "0"),
    ];
    assert_eq!(limits(&known).viewer, Some(750_000.0));
    let off = [("FAIR_DELIVERY", "0"), ("FAIR_RATE_CAP_BPS", "4000000")];
    assert_eq!(limits(&off).viewer, None);
}

#[test]
fn a_host_of_its_own_goes_with_a_port_of_its_own_and_with_the_default() {
    let listen = |arguments: &[&str], variables: &[(&'static str, &str)]| {
        let config = load(arguments, variables).expect("right");
        config
            .listen
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let rdm = [("RDM_HOST", "127.0.0.1"), ("RDM_PORT", "8765")];
    assert_eq!(listen(&[], &rdm), ["127.0.0.1:8765"]);
    assert_eq!(listen(&[], &rdm[..1]), ["127.0.0.1:8080"]);
    assert_eq!(listen(&["--listen", ":9000"], &rdm), ["127.0.0.1:9000"]);
    assert_eq!(listen(&["--listen", "[::1]:9000"], &rdm), ["[::1]:9000"]);
    assert_eq!(listen(&[], &[("RDM_HOST", "::1")]), ["[::1]:8080"]);
    // What a shell calls this machine is no setting; what somebody wrote for us is.
    assert_eq!(listen(&[], &[("HOST", "my-box")]), ["0.0.0.0:8080"]);
    let refused = refusal(load(&["--listen-host", "my-box"], &[]));
    assert!(refused.contains("127.0.0.1"), "{refused}");
}

#[test]
fn the_admin_key_may_stand_in_a_file_of_the_data_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("UTF-8").to_owned();
    let key = |variables: &[(&'static str, &str)]| {
        let all = [&[("STATE_DIR", data.as_str())], variables].concat();
        load(&[], &all).map(|config| config.admin_key)
    };
    assert_eq!(key(&[]).expect("right"), None, "and never `dev`");
    let file = folder.path().join("admin.key");
    std::fs::write(&file, "  the key of old\n").expect("written");
    assert_eq!(key(&[]).expect("right").as_deref(), Some("the key of old"));
    let stronger = key(&[("ADMIN_KEY", "another key")]).expect("right");
    assert_eq!(stronger.as_deref(), Some("another key"));
    std::fs::write(&file, "short").expect("written");
    let refused = key(&[]).expect_err("too short").to_string();
    assert!(
        refused.contains("admin.key") && !refused.contains("short:"),
        "{refused}"
    );
}

#[test]
fn a_variable_that_means_nothing_here_is_named() {
    let set = [("FAIR_CHUNK_BYTES", "524288"), ("TELEMETRY_SYNC", "")];
    let unused = load(&[], &set).expect("right").unused;
    assert_eq!(unused.len(), 1, "an empty one is not set");
    assert_eq!(unused[0].name, "FAIR_CHUNK_BYTES");
    for unused in UNUSED {
        assert!(unused.why.ends_with('.'), "{}", unused.name);
        let known = SETTINGS
            .iter()
            .any(|setting| setting.also.contains(&unused.name));
        assert!(!known, "{} is both", unused.name);
    }
}

/// Every variable that the documents of the six formats name.
#[test]
fn every_variable_of_the_originals_is_in_the_table() {
    let named = [
        "ADMIN_KEY",
        "ALLOWED_ORIGINS",
        "CHAT_HISTORY_LIMIT",
        "CHAT_HISTORY_SEND",
        "CHAT_RATE_MAX",
        "CHAT_RATE_WINDOW_MS",
        "COLOR_PALETTE",
        "COMBINED_LOG_DISABLE",
        "CONTENT_BITRATE_BPS",
        "CORS_ALLOWED_ORIGINS",
        "FAIR_CHUNK_BYTES",
        "FAIR_DELIVERY",
        "FAIR_MAX_AHEAD_SEC",
        "FAIR_MAX_REQUEST_BYTES",
        "FAIR_RATE_CAP_BPS",
        "FAIR_UPLINK_BPS",
        "HOST",
        "HOT_CACHE_BYTES",
        "JWT_AUDIENCE",
        "JWT_ISSUER",
        "JWT_SECRET",
        "LIST_ONLY",
        "LOG_LEVEL",
        "MEDIA_DIR",
        "MEDIA_FILE",
        "MEDIA_FOLLOW_LINKS",
        "MEDIA_OUTPUT_DIR",
        "PERF_SNAPSHOT_DISABLE",
        "PERF_SNAPSHOT_VERBOSE",
        "PORT",
        "PRESENCE_SWEEP_INTERVAL",
        "PRESENCE_TIMEOUT_MS",
        "RDM_HOST",
        "RDM_MAX_FILE_SIZE_MB",
        "RDM_PORT",
        "RDM_ROOM_EXPIRY_SECONDS",
        "RDM_UPLOAD_DIR",
        "RUST_LOG",
        "STATE_DIR",
        "STREAMIT_GRACE_SECONDS",
        "SYSTEM_LOG_DISABLE_FILE",
        "SYSTEM_LOG_SYNC",
        "TELEMETRY_MIRROR_SYSTEM",
        "TELEMETRY_SYNC",
        "TMDB_API_KEY",
        "VIEWER_KEY",
        "WP_STATE_DIR",
    ];
    for name in named {
        let counts = SETTINGS.iter().any(|setting| setting.also.contains(&name));
        let unused = UNUSED.iter().any(|unused| unused.name == name);
        assert!(counts || unused, "{name}");
    }
}
