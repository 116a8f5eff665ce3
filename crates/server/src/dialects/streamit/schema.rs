//! The OpenAPI document of this dialect's routes, at the address where the original has its own.
//!
//! One table of what is asked, from which the document is made; a test asks every row of it.
use serde_json::{Map, Value, json};

/// A row: method, path below `/api`, who may ask, the fields of the body (of the query, where it is a GET), and what it
/// does. A field is a text unless its type stands behind it; one with `!` is needed.
const ROUTES: &str = "\
    post /auth/login/           anybody  email! password!               # Log in with an account
    post /auth/guest/           anybody  display_name!                  # Come as a guest of this name
    post /auth/guest-login/     anybody                                 # Come as a guest of any name
    post /auth/logout/          anybody                                 # Let the cookie go
    post /set-username/         user     username!                      # Choose a unique name
    post /rooms/create/         user     is_private:boolean entry_mode  # Make a room
    post /rooms/join/           user     code! password                 # Ask into a room
    post /rooms/approve/        user     room_id! user_id!              # Let somebody in who waits
    get  /rooms/{code}/detail/  user                                    # A room, for its members
    get  /rooms/participants/   user     room_id!                       # Members, for the host
    post /rooms/source/         user     room_id! provider! video_id!   # Put a title on
    post /rooms/chat/           user     room_id! enabled:boolean!      # Turn the chat on or off
    post /rooms/delete/         user     room_id!                       # End a room
    post /rooms/progress/save/  user     room_id! media_id! media_type! season:integer episode:integer \
        timestamp:number duration:number progress_percent:number completed:boolean # Keep how far one came
    get  /rooms/progress/get/   user     room_id! media_id! media_type! season:integer episode:integer \
        # How far one came with this
    get  /rooms/{code}/resume/  user                                    # How far one came last
    get  /rooms/public/         anybody                                 # Rooms that anybody may enter
    get  /rooms/search/         anybody  q! page:integer                # Search titles
    get  /rooms/embed/          anybody  provider! media_type! video_id! season:integer episode:integer \
        color autoPlay:boolean nextEpisode:boolean episodeSelector:boolean progress:integer \
        # The address of a provider's player
    get  /health/               anybody                                 # Whether the server is up";

/// A field's name, schema and whether it is needed.
fn field(text: &str) -> (&str, Value, bool) {
    let needed = text.ends_with('!');
    let (name, kind) = text
        .trim_end_matches('!')
        .split_once(':')
        .unwrap_or((text.trim_end_matches('!'), "string"));
    (name, json!({"type": kind}), needed)
}

fn operation(path: &str, method: &str, who: &str, fields: &[&str], summary: &str) -> Value {
    let topic = path.split('/').nth(1);
    let topic = topic.filter(|topic| ["auth", "rooms"].contains(topic));
    let mut operation = json!({
        "summary": summary, "tags": [topic.unwrap_or("server")],
        "responses": {"200": {"description": "Done"}, "default": {"description": "`{\"error\": ...}`"}},
    });
    if who == "user" {
        operation["security"] = json!([{"bearer": []}]);
    }
    let parameter = |name, place, needed, schema| json!({"name": name, "in": place, "required": needed, "schema": schema});
    let code = path
        .contains("{code}")
        .then(|| parameter("code", "path", true, json!({"type": "string"})));
    let mut parameters = Vec::from_iter(code);
    let fields = fields.iter().map(|text| field(text));
    if method == "get" {
        parameters
            .extend(fields.map(|(name, schema, needed)| parameter(name, "query", needed, schema)));
    } else {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (name, schema, needed) in fields {
            properties.insert(name.to_owned(), schema);
            required.extend(needed.then_some(name));
        }
        let schema = json!({"type": "object", "properties": properties, "required": required});
        operation["requestBody"] = json!({"content": {"application/json": {"schema": schema}}});
    }
    operation["parameters"] = json!(parameters);
    operation
}

/// The document.
pub(super) fn document() -> Value {
    let mut paths = json!({});
    for (row, summary) in ROUTES.lines().filter_map(|line| line.split_once(" # ")) {
        let words: Vec<&str> = row.split_whitespace().collect();
        if let [method, path, who, fields @ ..] = words.as_slice() {
            paths[format!("/api{path}")][*method] = operation(path, method, who, fields, summary);
        }
    }
    let bearer = json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT"});
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "StreamIt, as Watchalong serves it", "version": env!("CARGO_PKG_VERSION"),
            "description": "The same routes lie under /api/v1. The socket of a room is /ws/room/{code}/?token=...",
        },
        "paths": paths,
        "components": {"securitySchemes": {"bearer": bearer}},
    })
}
