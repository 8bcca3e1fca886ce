//! HMAC-SHA-256 by `ring` for `jsonwebtoken`. No other algorithm is linked in, so a forged header cannot select a
//! weaker one.

use std::sync::Once;

use jsonwebtoken::{
    Algorithm,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result as JwtResult},
    signature::{self, Signer, Verifier},
};
use ring::hmac;

/// Installs the provider for the whole process, unless another one is installed already.
pub(super) fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        Ok(Box::new(Hs256(hmac_key(*algorithm, key.as_bytes())?)) as Box<dyn JwtSigner>)
    },
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Hs256(hmac_key(*algorithm, key.try_get_as_bytes()?)?)) as Box<dyn JwtVerifier>)
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(hmac::Key);

fn hmac_key(algorithm: Algorithm, secret: &[u8]) -> JwtResult<hmac::Key> {
    if algorithm == Algorithm::HS256 {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, secret))
    } else {
        Err(ErrorKind::InvalidAlgorithm.into())
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
