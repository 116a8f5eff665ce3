//! Secrets: keys from the system's randomness, tokens signed with the server's key, comparisons in constant time.
//!
//! A token is `id || HMAC-SHA256(server key, purpose || context || id)` in URL-safe base64, so nothing
//! has to be stored to check one, and one kind of token never passes for another.
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use watchalong_room::{InviteId, PersonId, SeatId};

/// Half of a SHA-256 tag: 128 bits are beyond guessing, and the tokens stay short.
const TAG: usize = 16;
/// Browsers keep cookies of 4096 bytes (RFC 6265, section 6.1).
const MAX_TICKET: usize = 4096;

/// `N` bytes of the system's randomness.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// `count` characters of an ASCII alphabet, each as likely as any other.
pub fn drawn(alphabet: &[u8], count: usize) -> String {
    let least = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(count);
    while text.len() < count {
        let draw: [u8; 32] = random();
        let fair = draw.iter().map(|byte| usize::from(*byte));
        let letters = fair.filter(|byte| *byte < least);
        let left = count - text.len();
        text.extend(
            letters
                .take(left)
                .map(|byte| char::from(alphabet[byte % alphabet.len()])),
        );
    }
    text
}

/// A new key for a person to hold: 128 bits, URL-safe.
pub fn new_key() -> String {
    URL_SAFE_NO_PAD.encode(random::<16>())
}

/// A random UUID (version 4, lower case).
pub fn new_uuid() -> String {
    uuid_of(random())
}

fn uuid_of(mut b: [u8; 16]) -> String {
    (b[6], b[8]) = (b[6] & 0x0f | 0x40, b[8] & 0x3f | 0x80);
    let hex: String = b.iter().map(|b| format!("{b:02x}")).collect();
    let (rest, node) = hex.split_at(20);
    let (time, mid, high, clock) = (&rest[..8], &rest[8..12], &rest[12..16], &rest[16..]);
    format!("{time}-{mid}-{high}-{clock}-{node}")
}

/// What is stored of a key that is random itself (a stolen database opens no room).
pub fn key_hash(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}

/// Compares in constant time.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(a, b).into()
}

/// Signs and checks the tokens that clients hold.
#[derive(Clone)]
pub struct Signer {
    key: [u8; 32],
}

impl Signer {
    /// With the server's own key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The key that media links are signed with: derived, so that no two uses share one.
    pub fn media_key(&self) -> [u8; 32] {
        self.mac("media", "", b"").into_bytes().into()
    }

    /// The key that Clipper's tokens are signed with.
    pub fn clipper_key(&self) -> [u8; 32] {
        self.mac("clipper", "", b"").into_bytes().into()
    }

    /// The key that StreamIt's tokens (JWTs) are signed with.
    pub fn streamit_key(&self) -> [u8; 32] {
        self.mac("streamit", "", b"").into_bytes().into()
    }

    /// The token with which a seat's owner resumes it.
    pub fn seat_token(&self, room: &str, seat: SeatId) -> String {
        self.token("seat", room, &seat.0.to_be_bytes())
    }

    /// The seat that a resume token names, where it is genuine.
    pub fn seat_of(&self, room: &str, token: &str) -> Option<SeatId> {
        let id = self.open("seat", room, token)?;
        Some(SeatId(u64::from_be_bytes(id.try_into().ok()?)))
    }

    /// The token by which a seat's owner fetches media. It stands in addresses, so it opens nothing else.
    pub fn viewer_token(&self, room: &str, seat: SeatId) -> String {
        self.token("viewer", room, &seat.0.to_be_bytes())
    }

    /// The seat whose owner fetches, where the token is genuine.
    pub fn viewer_of(&self, room: &str, token: &str) -> Option<SeatId> {
        let id = self.open("viewer", room, token)?;
        Some(SeatId(u64::from_be_bytes(id.try_into().ok()?)))
    }

    /// The token of an invitation: it proves the number, the room says whether it counts.
    pub fn invite_token(&self, room: &str, invite: InviteId) -> String {
        self.token("invite", room, &invite.0.to_be_bytes())
    }

    /// The invitation that a token names, where it is genuine.
    pub fn invite_of(&self, room: &str, token: &str) -> Option<InviteId> {
        let id = self.open("invite", room, token)?;
        Some(InviteId(u64::from_be_bytes(id.try_into().ok()?)))
    }

    /// What a room remembers of where somebody comes from: enough to ban it, too little to tell it. The whole
    /// IPv4 address, or the first 64 bits of an IPv6 one (a home has that many), another digest in every room.
    pub fn address_digest(&self, room: &str, address: IpAddr) -> String {
        let tag = match address.to_canonical() {
            IpAddr::V4(address) => self.mac("address", room, &address.octets()),
            IpAddr::V6(address) => self.mac("address", room, &address.octets()[..8]),
        };
        URL_SAFE_NO_PAD.encode(&tag.into_bytes()[..TAG])
    }

    /// An id in the shape of a random UUID (version 4, lower case): the same for the same thing, and told by nothing
    /// without the server's key.
    pub fn uuid(&self, kind: &str, of: &str) -> String {
        let tag = self.mac(kind, "uuid", of.as_bytes()).into_bytes();
        uuid_of(tag[..16].try_into().expect("the tag has 32 bytes"))
    }

    /// The token with which an upload goes on, is asked after or removed.
    pub fn upload_token(&self, id: &str) -> String {
        self.token("upload", "", id.as_bytes())
    }

    /// The upload that a token opens, where it is genuine.
    pub fn upload_of(&self, token: &str) -> Option<String> {
        String::from_utf8(self.open("upload", "", token)?).ok()
    }

    /// The token by which somebody is this person in this room, for wire formats that have nothing else.
    pub fn person_token(&self, room: &str, person: &PersonId) -> String {
        self.token("person", room, person.0.as_bytes())
    }

    /// Who somebody is in this room, where the token is genuine.
    pub fn person_of(&self, room: &str, token: &str) -> Option<PersonId> {
        let id = self.open("person", room, token)?;
        Some(PersonId(String::from_utf8(id).ok()?))
    }

    /// What the others in a room may know a person by; it opens nothing.
    pub fn public_id(&self, room: &str, person: &PersonId) -> String {
        let tag = self.mac("public", room, person.0.as_bytes()).into_bytes();
        URL_SAFE_NO_PAD.encode(&tag[..TAG])
    }

    /// The one seat of a person who has no more than one in a room.
    pub fn only_seat(&self, room: &str, person: &PersonId) -> SeatId {
        let tag = self
            .mac("only seat", room, person.0.as_bytes())
            .into_bytes();
        let (first, _) = tag.split_at(8);
        SeatId(u64::from_be_bytes(first.try_into().expect("eight bytes")))
    }

    /// The last part of a managed room's name in Syncplay, `+NAME:MARK`: 12 capital hex digits that only this server
    /// makes of the name and its operators' password.
    pub fn syncplay_mark(&self, name: &str, password: &str) -> String {
        let tag = self.mac("syncplay", name, password.as_bytes()).into_bytes();
        tag[..6].iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// A new guest.
    pub fn new_guest(&self) -> PersonId {
        guest(&random::<12>())
    }

    /// The token of a guest who is known already; `None` for people who prove themselves otherwise.
    pub fn guest_token(&self, person: &PersonId) -> Option<String> {
        let id = URL_SAFE_NO_PAD.decode(person.0.strip_prefix(GUEST)?).ok()?;
        Some(self.token("guest", "", &id))
    }

    /// The guest whom a token names, where it is genuine.
    pub fn guest_of(&self, token: &str) -> Option<PersonId> {
        self.open("guest", "", token).map(|id| guest(&id))
    }

    /// The token by which a browser proves later that it logged in to an account before.
    pub fn device_token(&self, account: &str) -> String {
        self.token("device", account, &random::<12>())
    }

    /// Which of an account's devices a token is, where it is genuine.
    pub fn device_of(&self, account: &str, token: &str) -> Option<String> {
        let id = self.open("device", account, token)?;
        Some(URL_SAFE_NO_PAD.encode(id))
    }

    /// What a browser holds while its person logs in at an OpenID provider: anybody can read it, nobody change it.
    pub fn login_ticket(&self, ticket: &[u8]) -> String {
        self.token("oidc", "", ticket)
    }

    /// What such a ticket says, where it is genuine.
    pub fn login_of(&self, ticket: &str) -> Option<Vec<u8>> {
        self.open_long("oidc", "", ticket, MAX_TICKET)
    }

    fn mac(&self, purpose: &str, context: &str, id: &[u8]) -> hmac::digest::CtOutput<Hmac<Sha256>> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        for part in [purpose.as_bytes(), context.as_bytes(), id] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize()
    }

    fn token(&self, purpose: &str, context: &str, id: &[u8]) -> String {
        let tag = self.mac(purpose, context, id).into_bytes();
        URL_SAFE_NO_PAD.encode([id, &tag[..TAG]].concat())
    }

    fn open(&self, purpose: &str, context: &str, token: &str) -> Option<Vec<u8>> {
        self.open_long(purpose, context, token, LONGEST_TOKEN)
    }

    fn open_long(&self, purpose: &str, context: &str, token: &str, most: usize) -> Option<Vec<u8>> {
        if token.len() > most {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let tag = bytes.split_off(bytes.len().checked_sub(TAG)?);
        same(
            &self.mac(purpose, context, &bytes).into_bytes()[..TAG],
            &tag,
        )
        .then_some(bytes)
    }
}

/// A person's id has at most 256 bytes; with its tag and in base 64 that is this long.
const LONGEST_TOKEN: usize = 384;

/// What a guest's id begins with.
const GUEST: &str = "guest:";

fn guest(id: &[u8]) -> PersonId {
    PersonId(format!("{GUEST}{}", URL_SAFE_NO_PAD.encode(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_only_what_it_was_made_for() {
        let signer = Signer::new([7; 32]);
        let token = signer.seat_token("bakoti-zuna", SeatId(42));
        assert_eq!(signer.seat_of("bakoti-zuna", &token), Some(SeatId(42)));
        assert_eq!(signer.seat_of("other-room", &token), None);
        assert_eq!(signer.guest_of(&token), None);
        assert_eq!(Signer::new([8; 32]).seat_of("bakoti-zuna", &token), None);
        for bad in ["", "a", "????", &token[1..], &"a".repeat(10_000)] {
            assert_eq!(signer.seat_of("bakoti-zuna", bad), None);
        }
    }

    #[test]
    fn an_invitation_is_of_its_room_and_no_seat() {
        let signer = Signer::new([7; 32]);
        let token = signer.invite_token("bakoti-zuna", InviteId(3));
        assert_eq!(signer.invite_of("bakoti-zuna", &token), Some(InviteId(3)));
        assert_eq!(signer.invite_of("other-room", &token), None);
        assert_eq!(signer.seat_of("bakoti-zuna", &token), None);
        let seat = signer.seat_token("bakoti-zuna", SeatId(3));
        assert_eq!(signer.invite_of("bakoti-zuna", &seat), None);
    }

    #[test]
    fn an_address_is_told_by_its_prefix_and_in_no_other_room() {
        let signer = Signer::new([7; 32]);
        let digest =
            |room, address: &str| signer.address_digest(room, address.parse().expect("an address"));
        let home = digest("a", "2001:db8:1:2::1");
        assert_eq!(home, digest("a", "2001:db8:1:2:ffff::9"));
        assert_ne!(home, digest("a", "2001:db8:1:3::1"));
        assert_ne!(home, digest("b", "2001:db8:1:2::1"));
        assert_eq!(digest("a", "192.0.2.1"), digest("a", "::ffff:192.0.2.1"));
        assert_ne!(digest("a", "192.0.2.1"), digest("a", "192.0.2.2"));
        assert!(home.len() <= 64 && !home.is_empty());
    }

    #[test]
    fn a_guest_is_known_again_by_the_token() {
        let signer = Signer::new([7; 32]);
        let person = signer.new_guest();
        let token = signer.guest_token(&person).expect("a guest");
        assert_eq!(signer.guest_of(&token), Some(person));
        assert_eq!(signer.guest_token(&PersonId("account:1".into())), None);
    }
}
