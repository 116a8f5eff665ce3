//! The one signature that our tokens have: HMAC-SHA256, for `jsonwebtoken` by the `hmac` that we use anyway.
//!
//! Nothing else is ever signed or checked by it, whatever a header says. What tokens say is their makers' matter.
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use signature::{Signer, Verifier};

/// Longer ones are not looked at; those that anybody makes have at most some 500 bytes.
const MAX_TOKEN: usize = 8 * 1024;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // For making key documents (JWK), which we do not.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes `jsonwebtoken` sign and check with it. Asking again changes nothing.
pub(crate) fn install() {
    let _ = PROVIDER.install_default();
}

/// Makes and checks the tokens of one purpose: those of another, by another key or without what is asked for, are none.
pub(crate) struct Jwt {
    sign: EncodingKey,
    check: DecodingKey,
    rules: Validation,
}

impl Jwt {
    /// With this secret; of this issuer and for this audience, where tokens name them. The clock of who made one may be
    /// off by `leeway` seconds.
    pub(crate) fn new(secret: &[u8], parties: Option<(&str, &str)>, leeway: u64) -> Self {
        install();
        let mut rules = Validation::new(Algorithm::HS256);
        rules.leeway = leeway;
        match parties {
            Some((issuer, audience)) => {
                rules.set_issuer(&[issuer]);
                rules.set_audience(&[audience]);
                rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            }
            None => {
                rules.validate_aud = false;
                rules.set_required_spec_claims(&["exp"]);
            }
        }
        Self {
            sign: EncodingKey::from_secret(secret),
            check: DecodingKey::from_secret(secret),
            rules,
        }
    }

    /// A token that says this, in a header that may name the key.
    pub(crate) fn make(&self, key: Option<String>, claims: &impl Serialize) -> String {
        let header = Header {
            kid: key,
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, claims, &self.sign)
            .expect("plain claims and an HMAC key make a token")
    }

    /// What a token says, where it is genuine and not expired.
    pub(crate) fn read<C: DeserializeOwned>(&self, token: &str) -> Option<C> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let read = jsonwebtoken::decode::<C>(token, &self.check, &self.rules);
        read.ok().map(|token| token.claims)
    }
}

/// A token of a length divisible by 3, which `make` makes with a claim that is this long: some players decode a token
/// as base64 whole, and some offer it so, where no padding can be.
pub(crate) fn unpadded(mut make: impl FnMut(&str) -> String) -> String {
    let mut fill = String::new();
    loop {
        let token = make(&fill);
        if token.len().is_multiple_of(3) {
            return token;
        }
        // Four lengths in a row of base64 leave every remainder by 3.
        fill.push('-');
    }
}

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn of(secret: &[u8]) -> Result<Self, Error> {
        let mac = Hmac::new_from_slice(secret);
        Ok(Self(
            mac.map_err(|_| new_error(ErrorKind::InvalidKeyFormat))?,
        ))
    }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    if *algorithm != Algorithm::HS256 || key.family() != AlgorithmFamily::Hmac {
        return Err(new_error(ErrorKind::InvalidAlgorithm));
    }
    Ok(Box::new(Hs256::of(key.as_bytes())?))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    if *algorithm != Algorithm::HS256 || key.family() != AlgorithmFamily::Hmac {
        return Err(new_error(ErrorKind::InvalidAlgorithm));
    }
    Ok(Box::new(Hs256::of(key.try_get_as_bytes()?)?))
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let mac = self.0.clone().chain_update(message);
        Ok(mac.finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let mac = self.0.clone().chain_update(message);
        // In constant time.
        mac.verify_slice(signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
