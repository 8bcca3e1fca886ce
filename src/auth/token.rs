//! Tokens: an access token says who calls, a refresh token gets the next pair.
//!
//! Both are HS256 JWTs told apart by `typ` and `aud`. `jsonwebtoken` by itself accepts a token that
//! lacks claims it was told to compare, ignores `nbf` and never looks at `typ`; [`Tokens`] closes
//! each of these doors and its tests try them.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::{Secret, hs256};
use crate::domain::{SessionId, Timestamp, UserId};

const ISSUER: &str = "parlor";
/// Clocks of two machines may differ by this much.
const LEEWAY_S: u64 = 5;

/// A token that is not one of ours, is too old, or is of the other kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct TokenError;

/// What a good access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Who calls.
    pub user: UserId,
    /// By which login.
    pub session: SessionId,
}

/// What a good refresh token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// Whose login.
    pub user: UserId,
    /// Which login.
    pub session: SessionId,
    /// How many times that login had been refreshed when this was issued.
    pub generation: i64,
}

/// Signs tokens and reads them.
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    access_ttl: Duration,
    refresh_ttl: Duration,
    issuer: String,
}

/// Every claim is required: a token that lacks one does not parse.
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
enum Kind {
    Access,
    Refresh,
}

impl Kind {
    /// RFC 9068 names `at+jwt`; the other follows its form.
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
    /// Tokens signed with `secret`.
    #[must_use]
    pub fn new(secret: &Secret, access_ttl: Duration, refresh_ttl: Duration) -> Self {
        hs256::install();
        Self {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
            access_ttl,
            refresh_ttl,
            issuer: secret.nickname(),
        }
    }

    /// What tells this server's tokens from those of another on the same host.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Seconds that a new access token is good for.
    #[must_use]
    pub fn access_ttl(&self) -> Duration {
        self.access_ttl
    }

    /// How long a login lasts without being refreshed.
    #[must_use]
    pub fn refresh_ttl(&self) -> Duration {
        self.refresh_ttl
    }

    /// An access token that is good from `now` on.
    ///
    /// # Errors
    /// [`TokenError`] never in practice: signing a small object does not fail.
    pub fn issue_access(&self, access: Access, now: Timestamp) -> Result<String, TokenError> {
        let claims = claims(
            Kind::Access,
            access.user,
            access.session,
            now,
            self.access_ttl,
            None,
        );
        self.sign(Kind::Access, &claims)
    }

    /// A refresh token that is good from `now` on.
    ///
    /// # Errors
    /// [`TokenError`] never in practice: signing a small object does not fail.
    pub fn issue_refresh(&self, refresh: Refresh, now: Timestamp) -> Result<String, TokenError> {
        let generation = Some(refresh.generation);
        let claims = claims(
            Kind::Refresh,
            refresh.user,
            refresh.session,
            now,
            self.refresh_ttl,
            generation,
        );
        self.sign(Kind::Refresh, &claims)
    }

    /// Reads an access token.
    ///
    /// # Errors
    /// [`TokenError`] for anything but a good one.
    pub fn read_access(&self, token: &str) -> Result<Access, TokenError> {
        let claims = self.verify(Kind::Access, token)?;
        Ok(Access {
            user: claims.user()?,
            session: SessionId(claims.sid),
        })
    }

    /// Reads a refresh token.
    ///
    /// # Errors
    /// [`TokenError`] for anything but a good one.
    pub fn read_refresh(&self, token: &str) -> Result<Refresh, TokenError> {
        let claims = self.verify(Kind::Refresh, token)?;
        let generation = claims.r#gen.ok_or(TokenError)?;
        Ok(Refresh {
            user: claims.user()?,
            session: SessionId(claims.sid),
            generation,
        })
    }

    fn sign<T: Serialize>(&self, kind: Kind, claims: &T) -> Result<String, TokenError> {
        let header = Header {
            typ: Some(kind.typ().into()),
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(|_| TokenError)
    }

    fn verify(&self, kind: Kind, token: &str) -> Result<Claims, TokenError> {
        // The longest token of ours is far shorter; more is not worth decoding.
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
        // A token from a time when tokens were good for longer may be of a login that ended before
        // what is remembered of ended logins.
        let ttl = match kind {
            Kind::Access => self.access_ttl,
            Kind::Refresh => self.refresh_ttl,
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
    kind: Kind,
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
    use serde_json::{Value, json};

    use super::*;

    const ACCESS: Access = Access {
        user: UserId(7),
        session: SessionId(3),
    };

    fn tokens() -> Tokens {
        Tokens::new(
            &Secret::generate().unwrap(),
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
    fn a_token_says_who_and_by_which_login() {
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
    fn a_token_of_the_other_kind_or_another_server_is_refused() {
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
        // {"typ":"at+jwt","alg":"none"} and the same with HS512.
        for header in [
            "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJub25lIn0",
            "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzUxMiJ9",
        ] {
            assert!(tokens.read_access(&format!("{header}.{rest}")).is_err());
        }
        assert!(tokens.read_access("").is_err());
        assert!(tokens.read_access(&"x".repeat(100_000)).is_err());
    }
}
