//! Sign-up, sign-in, the caller's own account and profiles of other users.

use super::{Caller, Chat, ChatError, Login, SignedIn};
use crate::{
    auth::Refresh,
    domain::{
        AccessCode, DisplayName, Invalid, Password, RoomId, SessionOrigin, Timestamp, User, UserId,
        Username, text::fold_username,
    },
    store::{NewUser, SignUpOutcome},
};

/// Data for a new account.
pub struct SignUp {
    /// Name to sign in with.
    pub username: Username,
    /// Password.
    pub password: Password,
    /// Name to display. Defaults to the username.
    pub display_name: Option<DisplayName>,
    /// Access code as typed, if any. The account and the membership are created together or not at all.
    pub code: Option<String>,
}

/// Profile of a user as another user sees it.
pub struct Profile {
    /// Account.
    pub user: User,
    /// Text that the user wrote about themselves.
    pub about: String,
    /// Whether the user is online.
    pub online: bool,
    /// Rooms that both users are in, or all rooms if the caller asks for their own profile.
    pub rooms: Vec<(RoomId, String)>,
}

impl Chat {
    /// Creates an account and signs it in.
    ///
    /// # Errors
    /// [`ChatError::UsernameTaken`], [`ChatError::BadCode`], [`ChatError::RegistrationInvite`],
    /// [`ChatError::RegistrationClosed`], or [`ChatError::RateLimited`].
    pub async fn sign_up(
        &self,
        wanted: SignUp,
        origin: SessionOrigin,
    ) -> Result<SignedIn, ChatError> {
        self.inner.attempts.take(&origin.network())?;
        if wanted.username.is_reserved() {
            return Err(ChatError::UsernameTaken);
        }
        let typed = wanted.code.as_deref().filter(|code| !code.is_empty());
        self.check_registration(typed.is_some()).await?;
        let code = match typed {
            None => None,
            Some(text) => Some(AccessCode::parse(text).ok_or(ChatError::BadCode)?),
        };
        let password_hash = self.inner.passwords.hash(wanted.password).await?;
        let display_name = wanted.display_name.map_or_else(
            || wanted.username.as_str().to_owned(),
            DisplayName::into_string,
        );
        let now = Timestamp::now();
        let session_ttl = self.inner.tokens.refresh_ttl();
        let new = NewUser {
            username: wanted.username,
            display_name,
            password_hash,
            code,
            registration: self.inner.registration.rule(),
            origin,
            session_ttl,
        };
        match self.inner.store.sign_up(new, now).await? {
            SignUpOutcome::Done {
                user,
                session,
                joined,
            } => {
                let grant = self.grant(
                    Refresh {
                        user: user.id,
                        session,
                        generation: 0,
                    },
                    now,
                )?;
                Ok(SignedIn {
                    user,
                    grant,
                    joined,
                })
            }
            SignUpOutcome::UsernameTaken => Err(ChatError::UsernameTaken),
            SignUpOutcome::BadCode => Err(ChatError::BadCode),
            SignUpOutcome::NotOpen => Err(self.inner.registration.refusal()),
        }
    }

    /// Signs in. An unknown name takes the same time as a wrong password.
    ///
    /// # Errors
    /// [`ChatError::BadCredentials`], [`ChatError::Disabled`] or [`ChatError::RateLimited`].
    pub async fn sign_in(
        &self,
        username: &str,
        password: Password,
        origin: SessionOrigin,
    ) -> Result<SignedIn, ChatError> {
        self.inner.attempts.take(&origin.network())?;
        if username.len() > 128 || password.is_oversized() {
            return Err(ChatError::BadCredentials);
        }
        let key = fold_username(username);
        // The key includes the network, so that strangers elsewhere cannot use up the owner's attempts.
        let name_here = format!("{} {key}", origin.network());
        self.inner.attempts.take(&name_here)?;
        let known = self.inner.store.credentials(&key).await?;
        let disabled = known.as_ref().is_some_and(|known| known.disabled);
        let (user, hash) = known.map(|known| (known.user, known.password_hash)).unzip();
        // This limit is per name over all networks. It does not apply to networks where the owner has a login, so
        // that attackers cannot lock the owner out.
        if let Err(refusal) = self.inner.names.take(&key)
            && !self.is_familiar(user.as_ref(), &origin).await?
        {
            return Err(refusal.into());
        }
        let matches = self.inner.passwords.verify(password, hash.clone()).await?;
        let (Some(user), Some(hash), true) = (user, hash, matches) else {
            return Err(ChatError::BadCredentials);
        };
        // This is checked after the password, so that only the owner learns of it.
        if disabled {
            return Err(ChatError::Disabled);
        }
        let grant = self.open_session(user.id, hash, origin).await?;
        Ok(SignedIn {
            user,
            grant,
            joined: None,
        })
    }

    /// Returns whether the user has a login from the network of `origin`.
    async fn is_familiar(
        &self,
        user: Option<&User>,
        origin: &SessionOrigin,
    ) -> Result<bool, ChatError> {
        let Some(user) = user else { return Ok(false) };
        let sessions = self.inner.store.sessions(user.id).await?;
        let network = origin.network();
        Ok(sessions
            .iter()
            .any(|session| session.origin.network() == network))
    }

    /// Changes the caller's password and ends all other logins.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for `current` if it is not the caller's password.
    pub async fn change_password(
        &self,
        login: &Login,
        current: Password,
        new: Password,
    ) -> Result<(), ChatError> {
        let caller = login.caller();
        let old = self.confirm(caller, current, "current").await?;
        let hash = self.inner.passwords.hash(new).await?;
        let now = Timestamp::now();
        let changed =
            self.inner
                .store
                .set_password(caller.user(), old, hash, caller.session(), now);
        let Some(ended) = changed.await? else {
            return Err(Invalid::new("current", "is not your password").into());
        };
        for session in ended {
            self.revoke_and_disconnect(caller.user(), session);
        }
        Ok(())
    }

    /// Checks the caller's password and returns its stored hash. Errors name `field`, the field of the request.
    pub(super) async fn confirm(
        &self,
        caller: &Caller,
        password: Password,
        field: &'static str,
    ) -> Result<String, ChatError> {
        let Some(known) = self.inner.store.credentials_of(caller.user()).await? else {
            return Err(ChatError::Unauthorized);
        };
        self.inner
            .attempts
            .take(&format!("user {}", caller.user()))?;
        let hash = known.password_hash;
        let matches = !password.is_oversized()
            && self
                .inner
                .passwords
                .verify(password, Some(hash.clone()))
                .await?;
        if matches {
            Ok(hash)
        } else {
            Err(Invalid::new(field, "is not your password").into())
        }
    }

    /// Returns the caller's own account.
    ///
    /// # Errors
    /// [`ChatError::Unauthorized`] if the account does not exist.
    pub async fn me(&self, caller: &Caller) -> Result<User, ChatError> {
        self.inner
            .store
            .user(caller.user())
            .await?
            .ok_or(ChatError::Unauthorized)
    }

    /// Returns the profile of a user.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] for a user who shares no room with the caller and is in no public room.
    pub async fn profile(&self, caller: &Caller, user: UserId) -> Result<Profile, ChatError> {
        let store = &self.inner.store;
        let reader = caller.user();
        if reader != user && !store.may_see(reader, user, caller.rooms()).await? {
            return Err(ChatError::NotFound("user"));
        }
        // Read the status before the database: if the user goes offline in between, `last_seen` is at least as late
        // as the status.
        let online = self.inner.hub.presence().is_online(user);
        let found = store.user(user).await?.ok_or(ChatError::NotFound("user"))?;
        let about = store.about(user).await?.unwrap_or_default();
        let mut rooms = store.shared_rooms(reader, user).await?;
        rooms.retain(|(room, _)| caller.rooms().includes(*room));
        Ok(Profile {
            user: found,
            about,
            online,
            rooms,
        })
    }
}
