//! Every ordered pair of kinds: what a host does arrives at the viewer, what the viewer says and that they leave
//! arrives at the host. The table of it stands in docs/dialects.md; `WATCHALONG_WRITE_DOCS=1` writes it anew.
use super::{Act, KINDS, Kind, Somebody, staged};
use crate::client::Server;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

const BEGIN: &str = "<!-- made by the test matrix::table -->\n";
const END: &str = "<!-- end of what the test made -->\n";

/// Longer than the hub gathers changes of people (100 ms).
const ROSTER_EVERY: Duration = Duration::from_millis(150);

/// What became of one pair.
enum Cell {
    Works { talks: bool },
    Apart(&'static str),
}

/// A server that counts no entries: all of these people come from one address.
pub async fn server() -> Server {
    let limits = ["join", "create", "guess", "sign-up"];
    let off: Vec<String> = limits
        .iter()
        .map(|limit| format!("--limit-{limit}=off"))
        .collect();
    let off: Vec<&str> = off.iter().map(String::as_str).collect();
    let more = [
        "--admin-key",
        staged::KEY,
        "--syncplay",
        "127.0.0.1:0",
        "--sign-up",
        "open",
    ];
    Server::with(&[&off[..], &more[..]].concat()).await
}

/// The code of the one room there is.
pub fn only_room(server: &Server) -> String {
    let rooms = server.running.hub.live();
    assert_eq!(rooms.len(), 1, "one room");
    rooms[0].code().to_string()
}

/// One host with a viewer of each other kind.
async fn row(host: &'static dyn Kind) -> BTreeMap<&'static str, Cell> {
    let server = server().await;
    let mut owner = Somebody::new(host, host.host(&server).await, &server);
    let code = only_room(&server);
    let mut cells = BTreeMap::new();
    let mut viewers = Vec::new();
    for kind in KINDS.into_iter().filter(|kind| kind.name() != host.name()) {
        match kind.viewer(&server, &code, host.locks()).await {
            Ok(wire) => viewers.push(Somebody::new(kind, wire, &server)),
            Err(why) => drop(cells.insert(kind.name(), Cell::Apart(why))),
        }
    }
    // People are told of at most so often. After that the next thing that happens tells of all of them.
    tokio::time::sleep(ROSTER_EVERY).await;
    for act in [Act::Seek(2.0), Act::Play, Act::Pause, Act::Seek(4.0)] {
        owner.does(act.clone()).await;
        for viewer in &mut viewers {
            let to = viewer.kind.name();
            assert!(
                viewer.sees(&act).await,
                "{act:?} of {} at {to}",
                host.name()
            );
        }
    }
    for mut viewer in viewers {
        let (from, to) = (host.name(), viewer.kind.name());
        let talks = host.talks() && viewer.kind.talks();
        if talks {
            let hello = Act::Say(format!("hello {to}"));
            owner.does(hello.clone()).await;
            assert!(viewer.sees(&hello).await, "chat of {from} at {to}");
            let hi = Act::Say(format!("hi from {to}"));
            viewer.does(hi.clone()).await;
            assert!(owner.sees(&hi).await, "chat of {to} at {from}");
        }
        viewer.does(Act::Leave).await;
        assert!(owner.sees(&Act::Leave).await, "{to} leaves {from}");
        cells.insert(to, Cell::Works { talks });
    }
    cells
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    writeln!(out, "| {} |", cells.join(" | ")).unwrap();
}

fn document(rows: &[(&'static str, BTreeMap<&'static str, Cell>)]) -> String {
    let names = || KINDS.iter().map(|kind| kind.name().to_owned());
    let mut out = String::new();
    line(
        &mut out,
        std::iter::once("host \\ viewer".to_owned()).chain(names()),
    );
    line(
        &mut out,
        std::iter::repeat_n("---".to_owned(), KINDS.len() + 1),
    );
    for (host, cells) in rows {
        let cell = |kind: &&dyn Kind| match cells.get(kind.name()) {
            None => "·".to_owned(),
            Some(Cell::Works { talks: true }) => "all".to_owned(),
            Some(Cell::Works { talks: false }) => "all but chat".to_owned(),
            Some(Cell::Apart(why)) => format!("– ({why})"),
        };
        let own = std::iter::once(format!("**{host}**"));
        line(&mut out, own.chain(KINDS.iter().map(cell)));
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_pair_of_kinds_shares_a_room_as_the_docs_say() {
    let mut rows = Vec::new();
    for host in KINDS {
        rows.push((host.name(), row(host).await));
    }
    let table = document(&rows);
    println!("{table}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dialects.md");
    let docs = std::fs::read_to_string(path).unwrap();
    let (before, rest) = docs
        .split_once(BEGIN)
        .expect("the docs have a place for it");
    let (stands, after) = rest.split_once(END).expect("the docs have a place for it");
    if std::env::var_os("WATCHALONG_WRITE_DOCS").is_some() {
        let docs = format!("{before}{BEGIN}{table}{END}{after}");
        std::fs::write(path, docs).unwrap();
        return;
    }
    assert_eq!(stands, table, "run this test with WATCHALONG_WRITE_DOCS=1");
}
