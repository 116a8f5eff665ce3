//! Signatures of others: what OpenID providers sign with, checked by `ring`, which TLS to them brings along.
//!
//! Only checking lives here. A check is made for one algorithm and refuses every key of another family, so that no
//! header talks an RSA key into being a password.
use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature as ring;
use signature::Verifier;

enum Key {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
        how: &'static ring::RsaParameters,
    },
    Other {
        bytes: Vec<u8>,
        how: &'static dyn ring::VerificationAlgorithm,
    },
}

struct Check {
    algorithm: Algorithm,
    key: Key,
}

/// A check by this key of signatures by this algorithm.
pub(super) fn verifier(
    algorithm: Algorithm,
    key: &DecodingKey,
) -> Result<Box<dyn JwtVerifier>, Error> {
    if key.family() != algorithm.family() {
        return Err(new_error(ErrorKind::InvalidAlgorithm));
    }
    // RSA from 2048 bits on: shorter keys are broken.
    let rsa: Option<&'static ring::RsaParameters> = match algorithm {
        Algorithm::RS256 => Some(&ring::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Some(&ring::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Some(&ring::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Some(&ring::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Some(&ring::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Some(&ring::RSA_PSS_2048_8192_SHA512),
        _ => None,
    };
    let other: Option<&'static dyn ring::VerificationAlgorithm> = match algorithm {
        Algorithm::ES256 => Some(&ring::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Some(&ring::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Some(&ring::ED25519),
        _ => None,
    };
    let key = match (key.kind(), rsa, other) {
        (DecodingKeyKind::RsaModulusExponent { n, e }, Some(how), _) => Key::Rsa {
            n: n.clone(),
            e: e.clone(),
            how,
        },
        (DecodingKeyKind::SecretOrDer(bytes), _, Some(how)) => Key::Other {
            bytes: bytes.clone(),
            how,
        },
        _ => return Err(new_error(ErrorKind::InvalidKeyFormat)),
    };
    Ok(Box::new(Check { algorithm, key }))
}

impl Verifier<Vec<u8>> for Check {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let checked = match &self.key {
            Key::Rsa { n, e, how } => {
                ring::RsaPublicKeyComponents { n, e }.verify(how, message, signature)
            }
            Key::Other { bytes, how } => {
                ring::UnparsedPublicKey::new(*how, bytes).verify(message, signature)
            }
        };
        checked.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Check {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
