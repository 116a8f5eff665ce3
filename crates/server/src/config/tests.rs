use super::*;
use std::collections::HashMap;
use std::path::Path;

mod originals;

type Variables = HashMap<&'static str, String>;

fn load(arguments: &[&str], variables: &[(&'static str, &str)]) -> Result<Config, ConfigError> {
    let flags = serve_command()
        .no_binary_name(true)
        .try_get_matches_from(arguments)
        .expect("arguments parse");
    let variables: Variables = variables
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    Config::from_layers(&flags, &|name| variables.get(name).map(OsString::from))
}

fn with_file(
    text: &str,
    arguments: &[&str],
    variables: &[(&'static str, &str)],
) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("watchalong.toml");
    std::fs::write(&file, text).expect("written");
    let arguments: Vec<&str> =
        [&["--config", file.to_str().expect("UTF-8")][..], arguments].concat();
    load(&arguments, variables)
}

fn refusal(result: Result<Config, ConfigError>) -> String {
    let error = result.expect_err("is refused");
    assert_eq!(error.code(), "bad_setting");
    error.to_string()
}

#[test]
fn without_a_word_the_defaults_hold() {
    let config = load(&[], &[("HOME", "/home/ann")]).expect("defaults are right");
    assert!(config.media.is_empty());
    assert_eq!(config.listen, ["0.0.0.0:8080".parse().expect("an address")]);
    assert_eq!(config.data, Path::new("/home/ann/.local/share/watchalong"));
    assert_eq!(
        (config.admin_key, config.public_url, config.base_path),
        (None, None, String::new())
    );
    assert_eq!((config.log.as_str(), config.log_json), ("info", false));
    assert_eq!(
        (config.max_connections, config.shutdown_grace),
        (20_000, Duration::from_secs(5))
    );
    assert_eq!(config.trusted_proxies, AddressRange::LOOPBACK);
}

#[test]
fn data_follows_xdg_then_home_then_here() {
    let data = |variables: &[(&'static str, &str)]| load(&[], variables).expect("right").data;
    assert_eq!(
        data(&[("HOME", "/h"), ("XDG_DATA_HOME", "/x")]),
        Path::new("/x/watchalong")
    );
    assert_eq!(
        data(&[("HOME", "/h"), ("XDG_DATA_HOME", "relative")]),
        Path::new("/h/.local/share/watchalong")
    );
    assert_eq!(data(&[]), Path::new("watchalong-data"));
    assert_eq!(
        data(&[("WATCHALONG_DATA", "~/here"), ("HOME", "/h")]),
        Path::new("/h/here")
    );
}

#[test]
fn a_flag_wins_over_a_variable_over_the_file_over_the_default() {
    let file = "log = 'error'\n";
    let variable = [("WATCHALONG_LOG", "warn")];
    let flag = ["--log", "debug"];
    let config = with_file(file, &flag, &variable).expect("right");
    assert_eq!(
        (config.log.as_str(), config.origin("log")),
        ("debug", Some(&Origin::Flag("--log".into())))
    );
    let config = with_file(file, &[], &variable).expect("right");
    assert_eq!(config.log, "warn");
    assert_eq!(
        config.origin("log"),
        Some(&Origin::Variable("WATCHALONG_LOG".into()))
    );
    let config = with_file(file, &[], &[]).expect("right");
    assert_eq!(config.log, "error");
    assert!(matches!(config.origin("log"), Some(Origin::File(_))));
    let config = with_file("", &[], &[]).expect("right");
    assert_eq!(
        (config.log.as_str(), config.origin("log")),
        ("info", Some(&Origin::Default))
    );
}

#[test]
fn lists_come_from_repeated_flags_commas_and_toml_lists() {
    let want: Vec<SocketAddr> = ["127.0.0.1:0", "[::1]:8081"]
        .iter()
        .map(|text| text.parse().expect("an address"))
        .collect();
    assert_eq!(
        load(&["--listen", "127.0.0.1:0", "--listen", "[::1]:8081"], &[])
            .expect("right")
            .listen,
        want
    );
    assert_eq!(
        load(&[], &[("WATCHALONG_LISTEN", "127.0.0.1:0, [::1]:8081")])
            .expect("right")
            .listen,
        want
    );
    assert_eq!(
        with_file("listen = ['127.0.0.1:0', '[::1]:8081']", &[], &[])
            .expect("right")
            .listen,
        want
    );
    assert_eq!(
        with_file("listen = '127.0.0.1:0'", &[], &[])
            .expect("right")
            .listen,
        want[..1]
    );
}

#[test]
fn ports_alone_and_localhost_are_understood() {
    for (typed, meant) in [
        ("9000", "0.0.0.0:9000"),
        (":9000", "0.0.0.0:9000"),
        ("localhost:9000", "127.0.0.1:9000"),
    ] {
        let config = load(&["--listen", typed], &[]).expect("right");
        assert_eq!(config.listen, [meant.parse().expect("an address")]);
    }
}

#[test]
fn media_folders_are_positional_and_must_be_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let films = folder.path().join("films, old");
    std::fs::create_dir(&films).expect("made");
    let typed = films.to_str().expect("UTF-8");
    assert_eq!(
        load(&[typed, "--listen", ":0"], &[]).expect("right").media,
        std::slice::from_ref(&films)
    );
    let missing = refusal(load(&[&format!("{typed}/nope")], &[]));
    assert!(
        missing.contains("`media`")
            && missing.contains("nope")
            && missing.contains("no such folder"),
        "{missing}"
    );
    let film = films.join("a.mp4");
    std::fs::write(&film, "x").expect("written");
    assert!(refusal(load(&[film.to_str().expect("UTF-8")], &[])).contains("it is a file"));
}

#[test]
fn relative_paths_in_a_file_count_from_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("films")).expect("made");
    let file = folder.path().join("w.toml");
    std::fs::write(&file, "media = ['films']\ndata = 'kept'\n").expect("written");
    let config = load(&["--config", file.to_str().expect("UTF-8")], &[]).expect("right");
    assert_eq!(config.media, [folder.path().join("films")]);
    assert_eq!(config.data, folder.path().join("kept"));
    let config = load(
        &["--data", "kept"],
        &[("WATCHALONG_CONFIG", file.to_str().expect("UTF-8"))],
    )
    .expect("right");
    assert_eq!(config.data, Path::new("kept"));
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest() {
    for (typed, meant) in [
        ("listn", "listen"),
        ("admin_key", "admin-key"),
        ("Max-Connection", "max-connections"),
    ] {
        let message = refusal(with_file(&format!("{typed} = 'x'"), &[], &[]));
        assert!(
            message.contains(&format!("`{typed}`")) && message.contains(&format!("`{meant}`?")),
            "{message}"
        );
    }
    assert!(!refusal(with_file("subtitles-everywhere = 1", &[], &[])).contains("did you mean"));
    assert!(refusal(with_file("config = 'x'", &[], &[])).contains("does not exist"));
    assert!(refusal(with_file("[listen]\nport = 1", &[], &[])).contains("`listen`"));
}

#[test]
fn a_broken_file_is_refused_with_its_name_and_line() {
    let message = refusal(with_file("log = 'info'\nlisten = [", &[], &[]));
    assert!(
        message.contains("watchalong.toml") && message.contains("line 2"),
        "{message}"
    );
    let message = refusal(load(&["--config", "/nonexistent/w.toml"], &[]));
    assert!(message.contains("/nonexistent/w.toml"), "{message}");
}

#[test]
fn a_bad_value_names_setting_origin_value_and_what_would_be_right() {
    let message = refusal(load(&[], &[("WATCHALONG_LISTEN", "somewhere")]));
    for part in [
        "`listen`",
        "WATCHALONG_LISTEN",
        "\"somewhere\"",
        "0.0.0.0:8080",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
    for (flag, value) in [
        ("--max-connections", "0"),
        ("--max-connections", "many"),
        ("--shutdown-grace", "-1"),
        ("--log", "info=loud=x"),
        ("--log-format", "xml"),
        ("--public-url", "party.example.org"),
        ("--public-url", "ftp://x"),
        ("--public-url", "https://u:p@x/"),
        ("--public-url", "https://x/?q"),
        ("--base-path", "/a/../b"),
        ("--base-path", "/a\"><script>"),
        ("--trusted-proxies", "10.0.0.0/99"),
        ("--listen", "1.2.3.4"),
        ("--listen", "1.2.3.4:99999"),
    ] {
        let message = refusal(load(&[&format!("{flag}={value}")], &[]));
        assert!(
            message.contains(flag) && message.contains("would be right"),
            "{message}"
        );
    }
    assert!(refusal(with_file("listen = []", &[], &[])).contains("at least one"));
    assert!(refusal(with_file("log = ['a', 'b']", &[], &[])).contains("`log`"));
}

#[test]
fn a_secret_is_never_shown() {
    let message = refusal(load(&["--admin-key", "hunter2"], &[]));
    assert!(
        message.contains("`admin-key`") && !message.contains("hunter2"),
        "{message}"
    );
    let message = refusal(with_file("admin-key = ['hunter2hunter2']", &[], &[]));
    assert!(!message.contains("hunter2"), "{message}");
    let config = load(&["--admin-key", "hunter2hunter2"], &[]).expect("right");
    assert_eq!(config.admin_key.as_deref(), Some("hunter2hunter2"));
    let shown = config
        .shown()
        .find(|shown| shown.setting.key == "admin-key")
        .expect("is shown");
    assert_eq!(shown.value, "(set)");
}

#[test]
fn addresses_are_kept_in_one_spelling() {
    let config = load(
        &[
            "--public-url",
            "https://party.example.org/films/",
            "--base-path",
            "films/",
        ],
        &[],
    );
    let config = config.expect("right");
    assert_eq!(
        config.public_url.as_deref(),
        Some("https://party.example.org/films")
    );
    assert_eq!(config.base_path, "/films");
}

#[test]
fn proxies_can_be_words_ranges_or_none() {
    let proxies = |text: &str| {
        load(&[], &[("WATCHALONG_TRUSTED_PROXIES", text)])
            .expect("right")
            .trusted_proxies
    };
    assert!(proxies("none").is_empty());
    assert_eq!(proxies("loopback, private, 192.0.2.1").len(), 7);
    assert!(
        with_file("trusted-proxies = []", &[], &[])
            .expect("right")
            .trusted_proxies
            .is_empty()
    );
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let config = load(&[], &[("WATCHALONG_ADMIN_KEY", ""), ("WATCHALONG_LOG", "")]).expect("right");
    assert_eq!((config.admin_key, config.log.as_str()), (None, "info"));
}

#[test]
fn the_annotated_file_is_the_defaults_when_its_comments_are_taken_off() {
    let file = annotated_file();
    assert!(load(&[], &[]).is_ok());
    with_file(&file, &[], &[]).expect("as printed it changes nothing");
    let uncommented: String = file
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')))
        .filter(|line| !line.starts_with("media") && !line.starts_with("admin-key"))
        .map(|line| format!("{line}\n"))
        .collect();
    let config = with_file(&uncommented, &[], &[("HOME", "/h")]).expect("every line is right");
    let plain = load(&[], &[("HOME", "/h")]).expect("right");
    assert_eq!(config.listen, plain.listen);
    assert_eq!(config.data, plain.data);
    assert_eq!(config.max_connections, plain.max_connections);
    for setting in SETTINGS.iter().filter(|setting| setting.in_file) {
        assert!(
            file.contains(&format!("\n#{} = ", setting.key)),
            "{}",
            setting.key
        );
    }
    assert!(file.lines().all(|line| line.len() <= 100), "short lines");
}

#[test]
fn docs_are_made_from_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
    let docs = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        docs,
        markdown(),
        "run `watchalong config --markdown > docs/settings.md`"
    );
}

#[test]
fn an_unknown_flag_is_a_usage_error() {
    assert!(matches!(
        Config::parse(["--nope"]),
        Err(ConfigError::Usage(_))
    ));
    assert_eq!(
        Config::parse(["--listen", "127.0.0.1:0"])
            .expect("right")
            .listen[0]
            .port(),
        0
    );
}

#[test]
fn rates_and_sizes_are_read_with_their_units() {
    let config = load(
        &[
            "--uplink",
            "20mbit",
            "--viewer-rate",
            "1.5 Mbps",
            "--look-ahead",
            "0",
            "--head-cache",
            "1gb",
        ],
        &[],
    )
    .expect("right");
    assert_eq!(
        (
            config.uplink,
            config.viewer_rate,
            config.look_ahead,
            config.head_cache
        ),
        (Some(2_500_000.0), Some(187_500.0), None, 1_000_000_000)
    );
    for wrong in ["20", "20mb", "5bit", "-3mbit", "nanmbit", "fast"] {
        let refused = refusal(load(&[&format!("--uplink={wrong}")], &[]));
        assert!(refused.contains("20mbit"), "{refused}");
    }
    assert!(refusal(load(&["--head-cache=lots"], &[])).contains("32mb"));
}

#[test]
fn half_an_openid_provider_is_a_mistake() {
    let issuer = ["--oidc-issuer", "https://id.example.org"];
    let id = ["--oidc-client-id", "watchalong"];
    let both = [issuer, id].concat();
    let oidc = load(&both, &[]).expect("right").oidc.expect("a provider");
    assert_eq!(oidc.issuer, "https://id.example.org");
    assert_eq!(
        (oidc.name.as_str(), oidc.client_secret),
        ("id.example.org", None)
    );
    assert!(load(&[], &[]).expect("right").oidc.is_none());
    for (given, missing) in [
        (&issuer, "oidc-client-id"),
        (&id, "oidc-issuer"),
        (&["--oidc-client-secret", "hush"], "oidc-issuer"),
        (&["--oidc-name", "Home"], "oidc-issuer"),
    ] {
        let words = refusal(load(given, &[]));
        let setting = given[0].trim_start_matches('-');
        assert!(words.contains(&format!("`{setting}`")), "{words}");
        assert!(
            words.contains(&format!("`{missing}` is needed as well")),
            "{words}"
        );
        assert!(!words.contains("hush"), "{words}");
    }
}

#[test]
fn an_openid_provider_is_named_by_an_address_that_can_be_trusted() {
    for wrong in [
        "http://id.example.org",
        "id.example.org",
        "https://id.example.org?tenant=1",
        "https://id.example.org/#top",
        "https://ann:secret@id.example.org",
        "ftp://id.example.org",
    ] {
        let words = refusal(load(
            &["--oidc-issuer", wrong, "--oidc-client-id", "x"],
            &[],
        ));
        assert!(words.contains("`oidc-issuer`"), "{words}");
        assert!(words.contains("https://id.example.org"), "{words}");
    }
    for right in ["https://id.example.org/realm/", "http://127.0.0.1:9000"] {
        let given = ["--oidc-issuer", right, "--oidc-client-id", "x"];
        let oidc = load(&given, &[]).expect(right).oidc.expect(right);
        assert_eq!(oidc.issuer, right, "word for word");
    }
}

#[test]
fn an_openid_provider_may_be_named_by_variables_and_says_which_one_is_wrong() {
    let variables = [
        ("WATCHALONG_OIDC_ISSUER", "https://id.example.org"),
        ("WATCHALONG_OIDC_CLIENT_ID", "a\nb"),
    ];
    let words = refusal(load(&[], &variables));
    assert!(words.contains("WATCHALONG_OIDC_CLIENT_ID"), "{words}");
}
