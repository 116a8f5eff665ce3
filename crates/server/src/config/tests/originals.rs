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
    ];
    let config = load(&[], &variables).expect("right");
    assert_eq!(config.listen, ["0.0.0.0:3000".parse().expect("an address")]);
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
