//! A message of every kind that each dialect knows: what is made wrong.
use serde_json::{Value, json};

/// Messages of a dialect. `of` is what it calls the room; where a message names somebody or something else, a word
/// that is nothing does as well.
pub fn of(dialect: &str, of: &str) -> Vec<String> {
    let seeds: Vec<Value> = match dialect {
        "native" => native(),
        "openwatchparty" => openwatchparty(of),
        "rdm" => rdm(),
        "syncplay" => syncplay(of),
        "clipper" => clipper(of),
        "streamit" => streamit(),
        "staged" => staged(),
        _ => return vec!["a frame".to_owned(), "{\"t\":\"typing\"}".repeat(20)],
    };
    seeds.iter().map(Value::to_string).collect()
}

fn native() -> Vec<Value> {
    let commands = [
        json!({"do": "play", "position": 1.5, "expect": 3}),
        json!({"do": "pause", "position": 1.5}),
        json!({"do": "seek", "position": 12.25}),
        json!({"do": "rate", "rate": 1.5}),
        json!({"do": "load", "media": {"kind": "url", "url": "https://example.org/a.mp4", "title": "A"}, "play": true}),
        json!({"do": "queue_add", "media": {"kind": "local", "key": "k", "title": "t", "duration": 5.5}}),
        json!({"do": "queue_move", "item": 2, "before": 1}),
        json!({"do": "say", "text": "hello @Ann", "reply_to": 1}),
        json!({"do": "react", "emoji": "🎉"}),
        json!({"do": "rename", "name": "Zoe"}),
        json!({"do": "policy", "patch": {"visibility": "public", "capacity": 12, "chat": {"slow_mode": 5}}}),
        json!({"do": "words", "words": ["a", "b"]}),
        json!({"do": "invite", "uses": 1, "lasts": 1000, "label": "x"}),
        json!({"do": "schedule", "at": 4_102_444_800_000_i64}),
        json!({"do": "ready", "item": 1, "ready": true}),
        json!({"do": "undo"}),
    ];
    let mut all: Vec<Value> = commands
        .into_iter()
        .enumerate()
        .map(|(id, mut command)| {
            command["t"] = json!("cmd");
            command["id"] = json!(id);
            command
        })
        .collect();
    all.extend([
        json!({"t": "hello", "v": 2, "name": "Ann", "client": "test", "reports": true}),
        json!({"t": "clock", "id": 7, "c": 12.5}),
        json!({"t": "report", "position": 1.5, "skew_ms": -3, "buffer_s": 9, "delay_ms": 20, "state": "playing"}),
        json!({"t": "typing"}),
    ]);
    all
}

fn openwatchparty(room: &str) -> Vec<Value> {
    let media = "0123456789abcdef0123456789ABCDEF";
    [
        ("auth", json!({"user_name": "Ann", "token": "a.b.c"})),
        ("list_rooms", json!({})),
        ("create_room", json!({"start_pos": 12.5, "media_id": media, "user_name": "Ann"})),
        ("join_room", json!({"user_name": "Ann"})),
        ("ready", json!({})),
        ("player_event", json!({"action": "play", "position": 20.5, "play_state": "playing"})),
        ("player_event", json!({"action": "seek", "position": 7})),
        ("state_update", json!({"position": 21.5, "play_state": "playing"})),
        ("chat_message", json!({"text": "hello"})),
        ("client_log", json!({"category": "sync", "message": "drift"})),
        ("ping", json!({"client_ts": 5})),
        ("leave_room", json!({})),
    ]
    .map(|(kind, payload)| json!({"type": kind, "ts": 1, "room": room, "client": "c", "payload": payload, "server_ts": 2}))
    .to_vec()
}

fn rdm() -> Vec<Value> {
    vec![
        json!({"type": "ping"}),
        json!({"type": "play", "position": 0.25}),
        json!({"type": "pause", "position": 0.5}),
        json!({"type": "seek", "position": 0.75}),
        json!({"type": "speed", "speed": 1.5}),
        json!({"type": "position_heartbeat", "position": 4.5, "speed": 1}),
        json!({"type": "play_video", "video_id": "v"}),
        json!({"type": "ready", "video_id": "v"}),
        json!({"type": "kick", "target_user_id": "somebody"}),
        json!({"type": "request_random"}),
        json!({"type": "queue_add", "video_id": "v"}),
        json!({"type": "queue_remove", "video_id": "v"}),
        json!({"type": "queue_reorder", "video_id": "v", "new_index": 1}),
        json!({"type": "queue_play_next"}),
        json!({"type": "request_prefetch"}),
        json!({"type": "prefetch_uploaded", "video_id": "v"}),
        json!({"type": "pool_opt_in", "opted_in": true, "clip_count": 3}),
        json!({"type": "set_shared_pool", "enabled": true}),
        json!({"filename": "../../a clip.mp4", "size": 5}),
    ]
}

fn syncplay(room: &str) -> Vec<Value> {
    let file = json!({"name": "a.mkv", "duration": 100.5, "size": 5});
    vec![
        json!({"Hello": {"username": "Ann", "room": {"name": room}, "version": "1.2.255", "realversion": "1.7.6",
            "features": {"chat": true, "readiness": true, "managedRooms": true, "sharedPlaylists": true}}}),
        json!({"State": {"playstate": {"position": 4.5, "paused": false, "doSeek": true},
            "ping": {"latencyCalculation": 1.5, "clientLatencyCalculation": 2.5, "clientRtt": 0},
            "ignoringOnTheFly": {"client": 1, "server": 1}}}),
        json!({"Set": {"file": file}}),
        json!({"Set": {"room": {"name": room}}}),
        json!({"Set": {"ready": {"isReady": true, "manuallyInitiated": true, "username": "Ann"}}}),
        json!({"Set": {"playlistChange": {"files": ["a.mkv", "https://example.org/b.mp4"]}}}),
        json!({"Set": {"playlistIndex": {"index": 1}}}),
        json!({"Set": {"controllerAuth": {"room": "+name:0123456789AB", "password": "AB-123-456"}}}),
        json!({"Chat": "hello"}),
        json!({"List": null}),
        json!({"TLS": {"startTLS": "send"}}),
    ]
}

fn clipper(party: &str) -> Vec<Value> {
    [
        json!({"type": "play"}),
        json!({"type": "pause"}),
        json!({"type": "seek", "position": 12.5}),
        json!({"type": "skip", "clip_id": "5e1f7d2c-0000-4000-8000-000000000001"}),
        json!({"type": "sync-request", "position": 3}),
        json!({"type": "chat", "message": "hello"}),
        json!({"type": "reaction", "emoji": "❤️", "video_timestamp": 5.5}),
        json!({"type": "typing", "is_typing": true}),
    ]
    .map(|mut command| {
        command["party_id"] = json!(party);
        command["timestamp"] = json!(1_735_660_800.25);
        command
    })
    .to_vec()
}

fn streamit() -> Vec<Value> {
    vec![
        json!({"type": "PLAY", "time": 4.5}),
        json!({"type": "PAUSE", "time": 5}),
        json!({"type": "SEEK", "time": 60.25}),
        json!({"type": "CHAT_MESSAGE", "message": "hello"}),
        json!({"type": "MUTE_USER", "user_id": "11111111-2222-4333-8444-555555555555"}),
        json!({"type": "KICK_USER", "username": "ann"}),
        json!({"type": "SYNC_CHECK", "time": 61.5, "is_playing": true, "version": 3}),
        json!({"type": "PLAYER_EVENT", "data": {"event": "timeupdate", "currentTime": 5.5, "duration": 90, "progress": 6.1}}),
        json!({"type": "PLAYER_EVENT", "data": {"event": "ended", "duration": 90}}),
    ]
}

/// The key that the server of the tests is controlled with: nonsense with it goes further than without.
pub const ADMIN_KEY: &str = "the key of nonsense";

fn staged() -> Vec<Value> {
    let key = ADMIN_KEY;
    vec![
        json!({"cmd": "play", "key": key}),
        json!({"cmd": "pause", "key": key}),
        json!({"cmd": "seek", "time": 132.5, "key": key}),
        json!({"cmd": "load", "etag": "da39a3ee5e6b4b0d3255bfef95601890afd80709", "key": key}),
        json!({"enforcePausePlay": true, "key": key}),
        json!({"type": "play", "t": 1.5, "key": key}),
        json!({"type": "pause", "t": 2.5, "admin": key}),
        json!({"type": "seek", "t": 3.5, "paused": false, "key": key}),
        json!({"type": "load", "path": "anime/a film.mkv", "key": key}),
        json!({"type": "unload", "key": key}),
        json!({"type": "ping", "vis": "visible"}),
        json!({"type": "pos", "t": 4.5}),
        json!({"type": "drift-alert", "drift": 45.5}),
        json!({"type": "media-loaded", "rev": 3, "attempt": 1}),
        json!({"type": "seek-ready", "gateId": "1"}),
        json!({"type": "chat", "text": "hello"}),
        json!({"type": "rename", "color": "blue", "name": "Ann"}),
        json!({"type": "request", "action": "pause"}),
        json!({"type": "telemetry", "ev": "client-stall-start", "data": {"t": 1}, "ts": 1_735_660_800_000_i64}),
        json!({"type": "client-log", "cat": "media", "msg": "hello", "fields": {"a": 1}}),
        json!({"type": "fn-log", "name": "load"}),
        json!({"type": "viewerPause"}),
    ]
}
