//! Signed tokens: an access token identifies the caller, a refresh token gets the next pair.
//!
//! Both are HS256 JWTs that differ in `typ` and `aud`. By itself, `jsonwebtoken` accepts a token that lacks claims
//! it was told to compare, ignores `nbf` and never checks `typ`. [`Tokens`] checks all of these.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::{SigningSecret, hs256};
use crate::domain::{SessionId, Timestamp, UserId};

const ISSUER: &str = "parlor";
/// Maximum difference in seconds between the clocks of two machines.
const LEEWAY_S: u64 = 5;

/// Refusal of a token that is forged, expired, from another server or of the other kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct TokenError;

/// Content of a valid access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// User who calls.
    pub user: UserId,
    /// Login by which the user calls.
    pub session: SessionId,
}

/// Content of a valid refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// User of the login.
    pub user: UserId,
    /// Login that the token renews.
    pub session: SessionId,
    /// Number of times that the login had been refreshed when this token was issued.
    pub generation: i64,
}

/// Signs and verifies tokens.
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    access_ttl: Duration,
    refresh_ttl: Duration,
    issuer: String,
}

/// Claims of both kinds of tokens. All are required except `gen`: a token that lacks one does not parse.
#[derive(Clone, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: i64,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r#gen: Option<i64>,
}

#[derive(Clone, Copy)]
enum TokenKind {
    Access,
    Refresh,
}

impl TokenKind {
    /// Returns the `typ` header. RFC 9068 defines `at+jwt`; `rt+jwt` follows its form.
    fn typ(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Refresh => "rt+jwt",
        }
    }

    fn audience(self) -> &'static str {
        match self {
            Self::Access => "parlor:api",
            Self::Refresh => "parlor:refresh",
        }
    }
}

impl Tokens {
    /// Creates a signer and verifier of tokens with `secret`.
    #[must_use]
    pub fn new(secret: &SigningSecret, access_ttl: Duration, refresh_ttl: Duration) -> Self {
        hs256::install();
        Self {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
            access_ttl,
            refresh_ttl,
            issuer: secret.nickname(),
        }
    }

    /// Returns an identifier that tells this server's tokens from those of another server on the same host.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the lifetime of an access token.
    #[must_use]
    pub fn access_ttl(&self) -> Duration {
        self.access_ttl
    }

    /// Returns how long a login lasts without being refreshed.
    #[must_use]
    pub fn refresh_ttl(&self) -> Duration {
        self.refresh_ttl
    }

    /// Issues an access token that is valid from `now`.
    ///
    /// # Errors
    /// [`TokenError`] if signing fails, which does not happen with claims of this size.
    pub fn issue_access(&self, access: Access, now: Timestamp) -> Result<String, TokenError> {
        let claims = claims(
            TokenKind::Access,
            access.user,
            access.session,
            now,
            self.access_ttl,
            None,
        );
        self.sign(TokenKind::Access, &claims)
    }

    /// Issues a refresh token that is valid from `now`.
    ///
    /// # Errors
    /// [`TokenError`] if signing fails, which does not happen with claims of this size.
    pub fn issue_refresh(&self, refresh: Refresh, now: Timestamp) -> Result<String, TokenError> {
        let generation = Some(refresh.generation);
        let claims = claims(
            TokenKind::Refresh,
            refresh.user,
            refresh.session,
            now,
            self.refresh_ttl,
            generation,
        );
        self.sign(TokenKind::Refresh, &claims)
    }

    /// Verifies an access token and returns its content.
    ///
    /// # Errors
    /// [`TokenError`] if it is not valid.
    pub fn read_access(&self, token: &str) -> Result<Access, TokenError> {
        let claims = self.verify(TokenKind::Access, token)?;
        Ok(Access {
            user: claims.user()?,
            session: SessionId(claims.sid),
        })
    }

    /// Verifies a refresh token and returns its content.
    ///
    /// # Errors
    /// [`TokenError`] if it is not valid.
    pub fn read_refresh(&self, token: &str) -> Result<Refresh, TokenError> {
        let claims = self.verify(TokenKind::Refresh, token)?;
        let generation = claims.r#gen.ok_or(TokenError)?;
        Ok(Refresh {
            user: claims.user()?,
            session: SessionId(claims.sid),
            generation,
        })
    }

    fn sign<T: Serialize>(&self, kind: TokenKind, claims: &T) -> Result<String, TokenError> {
        let header = Header {
            typ: Some(kind.typ().into()),
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(|_| TokenError)
    }

    fn verify(&self, kind: TokenKind, token: &str) -> Result<Claims, TokenError> {
        // Tokens of this server are far shorter. Longer input is refused before it is decoded.
        if token.len() > 1024 {
            return Err(TokenError);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[kind.audience()]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_S;
        let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .map_err(|_| TokenError)?;
        if data.header.typ.as_deref() != Some(kind.typ()) {
            return Err(TokenError);
        }
        // A token from before the lifetime setting was lowered may belong to a login that ended so long ago that
        // the server no longer remembers the end.
        let ttl = match kind {
            TokenKind::Access => self.access_ttl,
            TokenKind::Refresh => self.refresh_ttl,
        };
        let oldest = Timestamp::now().minus(ttl).unix_seconds();
        if data.claims.iat.saturating_add_unsigned(LEEWAY_S) < oldest {
            return Err(TokenError);
        }
        Ok(data.claims)
    }
}

impl Claims {
    fn user(&self) -> Result<UserId, TokenError> {
        self.sub.parse().map(UserId).map_err(|_| TokenError)
    }
}

fn claims(
    kind: TokenKind,
    user: UserId,
    session: SessionId,
    now: Timestamp,
    ttl: Duration,
    generation: Option<i64>,
) -> Claims {
    Claims {
        iss: ISSUER.into(),
        aud: kind.audience().into(),
        sub: user.to_string(),
        sid: session.0,
        iat: now.unix_seconds(),
        nbf: now.unix_seconds(),
        exp: now.plus(ttl).unix_seconds(),
        r#gen: generation,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use serde_json::{Value, json};

    use super::*;

    const ACCESS: Access = Access {
        user: UserId(7),
        session: SessionId(3),
    };

    fn tokens() -> Tokens {
        Tokens::new(
            &SigningSecret::generate().unwrap(),
            Duration::from_mins(15),
            Duration::from_hours(24),
        )
    }

    fn good_claims() -> Value {
        let now = Timestamp::now().unix_seconds();
        json!({
            "iss": "parlor", "aud": "parlor:api", "sub": "7", "sid": 3,
            "iat": now, "nbf": now, "exp": now + 900,
        })
    }

    fn sign(tokens: &Tokens, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &tokens.encoding).unwrap()
    }

    fn access_header() -> Header {
        Header {
            typ: Some("at+jwt".into()),
            ..Header::new(Algorithm::HS256)
        }
    }

    #[test]
    fn token_carries_user_and_session() {
        let tokens = tokens();
        let now = Timestamp::now();
        assert_eq!(
            tokens.read_access(&tokens.issue_access(ACCESS, now).unwrap()),
            Ok(ACCESS)
        );
        let refresh = Refresh {
            user: UserId(7),
            session: SessionId(3),
            generation: 12,
        };
        assert_eq!(
            tokens.read_refresh(&tokens.issue_refresh(refresh, now).unwrap()),
            Ok(refresh)
        );
    }

    #[test]
    fn token_of_other_type_or_server_is_refused() {
        let tokens = tokens();
        let now = Timestamp::now();
        let access = tokens.issue_access(ACCESS, now).unwrap();
        let refresh = Refresh {
            user: UserId(7),
            session: SessionId(3),
            generation: 0,
        };
        let refresh = tokens.issue_refresh(refresh, now).unwrap();
        assert_eq!(tokens.read_refresh(&access), Err(TokenError));
        assert_eq!(tokens.read_access(&refresh), Err(TokenError));
        assert_eq!(self::tokens().read_access(&access), Err(TokenError));
    }

    #[test]
    fn every_claim_is_required_and_checked() {
        let tokens = tokens();
        let header = access_header();
        assert!(
            tokens
                .read_access(&sign(&tokens, &header, &good_claims()))
                .is_ok()
        );
        for claim in ["iss", "aud", "sub", "sid", "iat", "nbf", "exp"] {
            let mut claims = good_claims();
            claims.as_object_mut().unwrap().remove(claim);
            assert!(
                tokens
                    .read_access(&sign(&tokens, &header, &claims))
                    .is_err(),
                "without {claim}"
            );
        }
        let now = Timestamp::now().unix_seconds();
        for (claim, value) in [
            ("iss", json!("other")),
            ("aud", json!("parlor:refresh")),
            ("exp", json!(now - 10)),
            ("nbf", json!(now + 60)),
            ("iat", json!(now - 1_000)),
            ("sub", json!("root")),
        ] {
            let mut claims = good_claims();
            claims[claim] = value;
            assert!(
                tokens
                    .read_access(&sign(&tokens, &header, &claims))
                    .is_err(),
                "with another {claim}"
            );
        }
    }

    #[test]
    fn typ_and_algorithm_are_checked() {
        let tokens = tokens();
        let plain = Header::new(Algorithm::HS256);
        assert!(
            tokens
                .read_access(&sign(&tokens, &plain, &good_claims()))
                .is_err()
        );
        let token = tokens.issue_access(ACCESS, Timestamp::now()).unwrap();
        let (_, rest) = token.split_once('.').unwrap();
        // {"typ":"at+jwt","alg":"none"}, then the header with HS512 instead.
        for header in [
            "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJub25lIn0",
            "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzUxMiJ9",
        ] {
            assert!(tokens.read_access(&format!("{header}.{rest}")).is_err());
        }
        assert!(tokens.read_access("").is_err());
        assert!(tokens.read_access(&"x".repeat(100_000)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn arbitrary_text_is_no_token(text in "[-_a-zA-Z0-9.]{0,80}|(eyJ[a-zA-Z0-9]{0,30}\\.){1,3}|\\PC{0,40}") {
            let tokens = tokens();
            prop_assert_eq!(tokens.read_access(&text), Err(TokenError));
            prop_assert_eq!(tokens.read_refresh(&text), Err(TokenError));
        }

        #[test]
        fn token_with_one_changed_character_is_refused(
            at: proptest::sample::Index,
            character in "[-_a-zA-Z0-9.]",
        ) {
            let tokens = tokens();
            let token = tokens.issue_access(ACCESS, Timestamp::now()).unwrap();
            let at = at.index(token.len());
            prop_assume!(!token[at..].starts_with(&character));
            let forged = format!("{}{character}{}", &token[..at], &token[at + 1..]);
            prop_assert_eq!(tokens.read_access(&forged), Err(TokenError), "{}", forged);
        }
    }
}
