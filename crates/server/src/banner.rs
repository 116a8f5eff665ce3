//! What a starting server says: where it listens, and how to get people in.
//!
//! The first lines are for programs too and never change: `listening on http://127.0.0.1:8080`, one per
//! listener. After them come the links for people: this machine, the network, the invite (as a QR code
//! where standard output is a terminal) and the host's own link.
use if_addrs::IfAddr;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use std::io::{IsTerminal as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Prints it to standard output.
///
/// `room` is the invite's path (`r/CODE`) and the host's key. Links are written with `public_url` where it is
/// given, else with the network's address, else with this machine's. A closed standard output is
/// no reason to stop serving, so failures to write are let go.
pub fn print(addrs: &[SocketAddr], public_url: Option<&str>, room: Option<(&str, &str)>) {
    let out = std::io::stdout();
    let style = Style {
        qr: out.is_terminal(),
        colour: out.is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    let mut out = out.lock();
    let _ = out
        .write_all(listening(addrs).as_bytes())
        .and_then(|()| out.flush());
    let text = invitation(addrs, lan_address(&interfaces()), public_url, room, style);
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// How much a terminal can show.
#[derive(Debug, Clone, Copy)]
struct Style {
    qr: bool,
    colour: bool,
}

fn listening(addrs: &[SocketAddr]) -> String {
    addrs
        .iter()
        .map(|addr| format!("listening on {}\n", local_url(*addr)))
        .collect()
}

/// As this machine's own browser reaches it: a wildcard address is no address to go to.
fn local_url(addr: SocketAddr) -> String {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, addr.port()))
}

fn invitation(
    addrs: &[SocketAddr],
    lan: Option<Ipv4Addr>,
    public_url: Option<&str>,
    room: Option<(&str, &str)>,
    style: Style,
) -> String {
    let Some(&first) = addrs.first() else {
        return String::new();
    };
    let here = local_url(first);
    let network = network_url(addrs, lan);
    let outside = public_url.map(|url| url.trim_end_matches('/').to_owned());
    let mut text = String::from("\n");
    let mut line = |label: &str, link: &str, note: &str| {
        let label = paint(style, "1", &format!("{label:<14}"));
        let note = if note.is_empty() {
            String::new()
        } else {
            paint(style, "2", &format!("  {note}"))
        };
        text.push_str(&format!("  {label}{link}{note}\n"));
    };
    line("This machine", &format!("{here}/"), "");
    if let Some(url) = &network {
        line("Your network", &format!("{url}/"), "");
    }
    if let Some(url) = &outside {
        line("Everybody", &format!("{url}/"), "");
    }
    if let Some((path, key)) = room {
        let base = outside.or(network).unwrap_or(here);
        let invite = format!("{base}/{}", path.trim_start_matches('/'));
        let code = if style.qr {
            qr(&invite, style.colour)
        } else {
            String::new()
        };
        text.push_str(&paint(style, "1", "\n  A room is ready."));
        text.push_str(if code.is_empty() {
            "\n\n"
        } else {
            " Guests point a phone's camera here, or open the invite:\n\n"
        });
        text.push_str(&code);
        let mut line = |label: &str, link: &str, note: &str| {
            let label = paint(style, "1", &format!("{label:<14}"));
            text.push_str(&format!(
                "  {label}{link}\n  {:14}{}\n",
                "",
                paint(style, "2", note)
            ));
        };
        line("Invite", &invite, "for your guests");
        line(
            "Host",
            &format!("{invite}#host={key}"),
            "for you alone: it seats whoever opens it as the host",
        );
    }
    text.push('\n');
    text
}

/// Where others on the network find us: only if we listen there.
fn network_url(addrs: &[SocketAddr], lan: Option<Ipv4Addr>) -> Option<String> {
    let named = addrs
        .iter()
        .find(|addr| !addr.ip().is_unspecified() && !addr.ip().is_loopback());
    let wild = || {
        let addr = addrs.iter().find(|addr| addr.ip().is_unspecified())?;
        Some(SocketAddr::new(IpAddr::V4(lan?), addr.port()))
    };
    named
        .copied()
        .or_else(wild)
        .map(|addr| format!("http://{addr}"))
}

fn interfaces() -> Vec<(String, Ipv4Addr)> {
    // Machines where the list can't be had still serve; they only print fewer links.
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    all.into_iter()
        .filter_map(|interface| match interface.addr {
            IfAddr::V4(v4) => Some((interface.name, v4.ip)),
            IfAddr::V6(_) => None,
        })
        .collect()
}

/// The address that phones on the sofa most likely reach: private, on a card or radio of this machine.
fn lan_address(interfaces: &[(String, Ipv4Addr)]) -> Option<Ipv4Addr> {
    let usable = |ip: &Ipv4Addr| !ip.is_loopback() && !ip.is_link_local() && !ip.is_unspecified();
    interfaces
        .iter()
        .filter(|(_, ip)| usable(ip))
        .min_by_key(|(name, ip)| (rank(name), !ip.is_private()))
        .map(|found| found.1)
}

/// Ethernet and Wi-Fi by the names that Linux, BSD, macOS and Windows give them; bridges of containers and
/// virtual machines, and tunnels, come last.
fn rank(name: &str) -> u8 {
    let name = name.to_ascii_lowercase();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if starts(&[
        "docker",
        "br-",
        "veth",
        "virbr",
        "vmnet",
        "vboxnet",
        "vethernet",
        "tun",
        "tap",
        "wg",
        "utun",
        "tailscale",
        "zt",
        "cni",
        "flannel",
        "podman",
        "lxc",
        "lxd",
    ]) {
        2
    } else if starts(&["en", "eth", "wl", "wi-fi", "igb", "em", "re"]) {
        0
    } else {
        1
    }
}

/// Half-block characters, two modules a line. Cameras want dark on light, so the colours are fixed where
/// there are any; without colour the blocks are the light ones, as most terminals are dark.
fn qr(link: &str, colour: bool) -> String {
    // Medium correction: a screen's glare costs modules; longer codes would not fit 24 lines.
    let Ok(code) = QrCode::with_error_correction_level(link, EcLevel::M) else {
        return String::new();
    };
    let (dark, light) = if colour {
        (Dense1x2::Dark, Dense1x2::Light)
    } else {
        (Dense1x2::Light, Dense1x2::Dark)
    };
    let image = code
        .render::<Dense1x2>()
        .dark_color(dark)
        .light_color(light)
        .quiet_zone(true)
        .module_dimensions(1, 1)
        .build();
    let mut text = String::new();
    for line in image.lines() {
        let line = if colour {
            format!("\x1b[38;5;16;48;5;231m{line}\x1b[0m")
        } else {
            line.to_owned()
        };
        text.push_str(&format!("  {line}\n"));
    }
    text.push('\n');
    text
}

fn paint(style: Style, code: &str, text: &str) -> String {
    if style.colour {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        qr: false,
        colour: false,
    };
    const ROOM: Option<(&str, &str)> = Some(("r/bakoti-zuna", "KEY"));

    fn addrs(list: &[&str]) -> Vec<SocketAddr> {
        list.iter()
            .map(|text| text.parse().expect("an address"))
            .collect()
    }

    #[test]
    fn one_line_per_listener_with_addresses_a_browser_can_open() {
        let text = listening(&addrs(&[
            "0.0.0.0:8080",
            "[::]:8081",
            "192.168.1.5:80",
            "[2001:db8::1]:82",
        ]));
        assert_eq!(
            text,
            "listening on http://127.0.0.1:8080\nlistening on http://[::1]:8081\n\
             listening on http://192.168.1.5:80\nlistening on http://[2001:db8::1]:82\n"
        );
    }

    #[test]
    fn links_use_the_public_address_then_the_network_then_this_machine() {
        let wild = addrs(&["0.0.0.0:8080"]);
        let lan = Some(Ipv4Addr::new(192, 168, 1, 5));
        let outside = invitation(&wild, lan, Some("https://p.example/films/"), ROOM, PLAIN);
        assert!(
            outside.contains(" https://p.example/films/r/bakoti-zuna\n"),
            "{outside}"
        );
        assert!(
            outside.contains(" https://p.example/films/r/bakoti-zuna#host=KEY\n"),
            "{outside}"
        );
        let network = invitation(&wild, lan, None, ROOM, PLAIN);
        assert!(
            network.contains(" http://192.168.1.5:8080/r/bakoti-zuna\n"),
            "{network}"
        );
        let here = invitation(&addrs(&["127.0.0.1:8080"]), lan, None, ROOM, PLAIN);
        assert!(
            here.contains(" http://127.0.0.1:8080/r/bakoti-zuna\n") && !here.contains("192.168"),
            "{here}"
        );
    }

    #[test]
    fn the_network_address_is_a_card_of_this_machine_rather_than_a_bridge() {
        let card = |name: &str, ip: [u8; 4]| (name.to_owned(), Ipv4Addr::from(ip));
        let all = [
            card("lo", [127, 0, 0, 1]),
            card("docker0", [172, 17, 0, 1]),
            card("tailscale0", [100, 64, 0, 3]),
            card("wlp3s0", [192, 168, 1, 5]),
            card("eth1", [169, 254, 7, 7]),
        ];
        assert_eq!(lan_address(&all), Some(Ipv4Addr::new(192, 168, 1, 5)));
        assert_eq!(lan_address(&all[..2]), Some(Ipv4Addr::new(172, 17, 0, 1)));
        assert_eq!(lan_address(&all[..1]), None);
    }

    #[test]
    fn a_pipe_gets_links_without_code_or_colour() {
        let text = invitation(&addrs(&["127.0.0.1:1"]), None, None, ROOM, PLAIN);
        assert!(!text.contains('\x1b') && !text.contains('█'), "{text}");
        assert!(text.contains("#host=KEY"));
    }

    #[test]
    fn a_terminal_gets_a_code_that_fits_its_width() {
        let text = invitation(
            &addrs(&["127.0.0.1:1"]),
            None,
            None,
            ROOM,
            Style {
                qr: true,
                colour: false,
            },
        );
        let code: Vec<&str> = text.lines().filter(|line| line.contains('█')).collect();
        assert!((15..=24).contains(&code.len()), "{} lines", code.len());
        assert!(code.iter().all(|line| line.chars().count() <= 60));
        // The quiet zone: a light frame, which without colour is drawn.
        assert!(code[0].trim().chars().all(|c| c == '█'), "{}", code[0]);
    }
}
