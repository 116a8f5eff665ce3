//! Putting the parts together: from settings to a server that listens, and down again in order.
use crate::accounts::Accounts;
use crate::arrivals;
use crate::clock::ServerClock;
use crate::config::Config;
use crate::dialects::clipper::{self, Clipper};
use crate::dialects::native::Native;
use crate::dialects::openwatchparty::{self, OpenWatchParty};
use crate::dialects::syncplay::{self, Syncplay};
use crate::fetch::Fetcher;
use crate::http::{self, App, accept};
use crate::hub::{Hub, NewRoom};
use crate::limits::Limits;
use crate::log::EmbeddedLog;
use crate::oidc::Oidc;
use crate::secret::Signer;
use crate::sequels;
use crate::shelf::Shelf;
use crate::store::{ProgressWriter, Store};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use watchalong_media::{
    Heads, Hls, HlsConfig, Library, LibraryConfig, Previews, Tools, Uplink, Uploads,
};
use watchalong_room::{Policy, Position, Visibility};

/// A server that accepts connections.
pub struct Running {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// Where it listens for Syncplay.
    pub syncplay: Option<SocketAddr>,
    /// Its rooms.
    pub hub: Arc<Hub>,
    /// What can be watched.
    pub shelf: Arc<Shelf>,
    stop: watch::Sender<bool>,
    listeners: JoinSet<()>,
}

impl Running {
    /// Stops: everybody is told to come back, every room is kept, connections are let go in order.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        self.hub.shut_down().await;
        while self.listeners.join_next().await.is_some() {}
        self.hub.store.close().await;
    }
}

/// Starts a server; returns once it accepts connections.
///
/// # Errors
/// For people: a port in use, a data folder that can't be written, a media folder that isn't there.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    for unused in &config.unused {
        tracing::warn!(
            variable = unused.name,
            "is set, and means nothing here: {}",
            unused.why
        );
    }
    // Ports first: the commonest mistake, told before anything is touched.
    let sockets = accept::bind(&config.listen)?;
    let addresses = sockets
        .iter()
        .map(TcpListener::local_addr)
        .collect::<Result<Vec<_>, _>>()?;
    let party_line = accept::bind(config.syncplay.as_slice())?.pop();
    let syncplay = party_line
        .as_ref()
        .map(TcpListener::local_addr)
        .transpose()?;
    let tls = config
        .syncplay_tls
        .as_ref()
        .map(syncplay::tls)
        .transpose()?;
    let store = Store::open(&config.data).await?;
    let signer = Signer::new(store.signing_key().await?);
    let clock = Arc::new(ServerClock::start());
    clock.advance_past(store.newest_entry().await?);
    let log = Arc::new(EmbeddedLog::start(&store, clock.clone()).await?);
    let mut roots = config.media.clone();
    if roots.is_empty() {
        let data = config.data.clone();
        roots.push(
            tokio::task::spawn_blocking(move || watchalong_media::place_sample(&data)).await??,
        );
    }
    let kept = config.kept_folder();
    std::fs::create_dir_all(&kept)?;
    roots.push(kept);
    let library = Library::open(LibraryConfig::new(roots, config.data.join("cache"))).await?;
    let uploads = {
        let folder = config.upload_dir.clone();
        let folder = folder.unwrap_or_else(|| config.data.join("uploads"));
        let limits = config.uploads;
        let open = move || Uploads::open(folder, limits, Tools::find());
        tokio::task::spawn_blocking(open).await?
    };
    uploads.look_at_all();
    let hls = {
        let settings = HlsConfig {
            on: config.transcode,
            encodes: config.encodes,
            cache: config.segment_cache,
            ..HlsConfig::new(config.data.join("cache/hls"))
        };
        tokio::task::spawn_blocking(|| Hls::open(settings, Tools::find())).await?
    };
    let previews = {
        let folder = config.data.join("cache/previews");
        tokio::task::spawn_blocking(|| Previews::open(folder, Tools::find())).await?
    };
    let shelf = Arc::new(Shelf::new(
        library,
        uploads,
        &signer,
        Uplink::new(config.uplink_limits()),
        Heads::new(config.head_cache),
        hls,
        previews,
    ));
    let accounts = Accounts::new(store.clone(), signer.clone(), clock.clone(), config.sign_up);
    let oidc = config
        .oidc
        .clone()
        .map(|settings| Arc::new(Oidc::new(settings, signer.clone())));
    let progress = ProgressWriter::start(&store).await?;
    let rates = Arc::new(Limits::new(config.limits));
    let hub = Hub::new(log, store, clock, signer.clone(), progress, rates.clone());
    // Lives as long as the process: connections of every room borrow it.
    let native: &'static Native = Box::leak(Box::new(Native::new(signer, shelf.clone())));
    let openwatchparty = config
        .speaks(openwatchparty::NAME)
        .then(|| OpenWatchParty::new(hub.signer.clone(), hub.clock.clone(), &config))
        .map(|dialect| &*Box::leak(Box::new(dialect)));
    if let Some(dialect) = openwatchparty {
        tokio::spawn(dialect.keep_lists_fresh(hub.clone()));
    }
    let clipper = config
        .speaks(clipper::NAME)
        .then(|| Clipper::new(hub.signer.clone(), hub.clock.clone(), &config))
        .map(|dialect| &*Box::leak(Box::new(dialect)));
    let limits = accept::Limits::new(config.max_connections, config.shutdown_grace);
    let public_url = config.public_url.clone();
    let app = http::router(App {
        hub: hub.clone(),
        shelf: shelf.clone(),
        fetcher: Arc::new(Fetcher::new(config.fetch, config.fetch_allow.clone())),
        config: Arc::new(config),
        accounts: Arc::new(accounts),
        limits: rates.clone(),
        oidc,
        native,
        openwatchparty,
        clipper,
    });
    let (stop, stopped) = watch::channel(false);
    let mut listeners = JoinSet::new();
    for socket in sockets {
        let (app, mut stopped, limits) = (app.clone(), stopped.clone(), limits.clone());
        listeners.spawn(async move {
            let stop = async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            accept::serve(socket, app, limits, stop).await;
        });
    }
    if let Some(socket) = party_line {
        let mut stopped = stopped.clone();
        let clients = Syncplay::new(hub.clone(), shelf.clone(), rates, public_url, tls);
        listeners.spawn(clients.serve(socket, async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        }));
    }
    tokio::spawn(hub.clone().look_after_sleeping_rooms());
    tokio::spawn(shelf.clone().look_after_uploads(hub.store.clone()));
    tokio::spawn(shelf.clone().look_after_conversions(hub.clone()));
    tokio::spawn(arrivals::tell_rooms(hub.clone(), shelf.clone()));
    tokio::spawn(sequels::tell_rooms(hub.clone(), shelf.clone()));
    Ok(Running {
        addresses,
        syncplay,
        hub,
        shelf,
        stop,
        listeners,
    })
}

/// Runs a server until the process is told to stop (Ctrl-C, SIGTERM).
///
/// # Errors
/// As [`start`].
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let public_url = config.public_url.clone();
    let stop = told_to_stop()?;
    crate::files::ask_for_enough();
    let running = start(config).await?;
    let policy = Policy {
        visibility: Visibility::Unlisted,
        ..Policy::default()
    };
    let first = NewRoom {
        name: "Watch party".to_owned(),
        policy,
        media: None,
        position: Position::ZERO,
        password_hash: None,
        owner: None,
        schedule: None,
    };
    let created = running.hub.create(first).await?;
    let invite = format!("r/{}", created.room.code());
    crate::banner::print(
        &running.addresses,
        public_url.as_deref(),
        Some((&invite, &created.host_key)),
    );
    drop(created);
    stop.await;
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

/// Listens for the stop from the moment it is called: who reads `listening on` may send one at once.
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        );
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
