//! The tokens that clients hold: JWTs, HS256 by a key that nothing else is signed with.
//!
//! The page keeps one for as long as it is open and comes back with it, so they last as long as those for programs; "log
//! out everywhere" ends those of an account. A browser's cookie is one of another type.
use crate::accounts::hs256::Jwt;
use crate::secret::{self, Signer};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchalong_room::ServerTime;

/// What a token for `Authorization` and sockets is.
pub(super) const ACCESS: &str = "access";
/// What a cookie's is.
pub(super) const SESSION: &str = "session";

#[derive(Serialize, Deserialize)]
struct Claims {
    token_type: String,
    exp: i64,
    iat: i64,
    jti: String,
    user_id: String,
    /// The account's at that time; a guest has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<i64>,
}

/// What a genuine token says.
pub(super) struct Proof {
    pub(super) user: String,
    pub(super) epoch: Option<i64>,
}

/// Of the key that nothing else is signed with.
fn signer_of(signer: &Signer) -> Jwt {
    Jwt::new(&signer.streamit_key(), None, 0)
}

/// A token for somebody.
pub(super) fn make(
    signer: &Signer,
    kind: &str,
    user: &str,
    epoch: Option<i64>,
    now: ServerTime,
    lasting: Duration,
) -> String {
    let iat = now.0.div_euclid(1000);
    let claims = Claims {
        token_type: kind.to_owned(),
        exp: iat + lasting.as_secs() as i64,
        iat,
        jti: secret::new_uuid().replace('-', ""),
        user_id: user.to_owned(),
        epoch,
    };
    signer_of(signer).make(None, &claims)
}

/// Whose token it is, where it is genuine, of this type, and not expired.
pub(super) fn read(signer: &Signer, kind: &str, token: &str) -> Option<Proof> {
    let claims: Claims = signer_of(signer).read(token)?;
    (claims.token_type == kind).then_some(Proof {
        user: claims.user_id,
        epoch: claims.epoch,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ServerClock;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn signer() -> Signer {
        Signer::new([7; 32])
    }

    fn token(kind: &str, lasting: u64, age: i64) -> String {
        let now = ServerTime(ServerClock::start().now().0 - age * 1000);
        make(
            &signer(),
            kind,
            "u",
            None,
            now,
            Duration::from_secs(lasting),
        )
    }

    #[test]
    fn a_token_is_good_for_its_own_purpose_and_time() {
        let good = token(ACCESS, 60, 0);
        let proof = read(&signer(), ACCESS, &good).expect("genuine");
        assert_eq!((proof.user.as_str(), proof.epoch), ("u", None));
        assert!(read(&signer(), SESSION, &good).is_none());
        assert!(read(&Signer::new([8; 32]), ACCESS, &good).is_none());
        assert!(read(&signer(), ACCESS, &token(ACCESS, 60, 61)).is_none());
        assert!(read(&signer(), ACCESS, &format!("{good}x")).is_none());
        for bad in ["", "a.b.c", &"a".repeat(10_000)] {
            assert!(read(&signer(), ACCESS, bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_token_without_a_signature_is_none() {
        let good = token(ACCESS, 60, 0);
        let claims = good.split('.').nth(1).expect("three parts");
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        for forged in [format!("{none}.{claims}."), format!("{none}.{claims}")] {
            assert!(read(&signer(), ACCESS, &forged).is_none());
        }
    }
}
