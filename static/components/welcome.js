// Before there is a session: sign in, sign up, or follow an invitation.

import { useState } from "preact/hooks";
import { signIn, signUp } from "../core/session.js";
import { fetchRooms, joinByCode } from "../core/rooms.js";
import { notify } from "../core/announce.js";
import { navigate } from "../core/router.js";
import { rooms, route, server, session } from "../core/state.js";
import { html } from "../lib/html.js";
import { codeFrom, roomPath } from "../lib/routes.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";
import { Logo } from "./icon.js";

export function Welcome() {
  const invited = route.value.name === "invite";
  const closed = server.value?.registration === "closed";
  const [mode, setMode] = useState(invited ? "signup" : "signin");
  return html`<main class="welcome">
    <div class="welcome-card">
      <section class="welcome-brand" aria-label="Parlor">
        <span class="welcome-mark"><${Logo} /></span>
        <${Logo} />
        <p class="welcome-name">${server.value?.name ?? "Parlor"}</p>
        <p class="welcome-line">A quiet place to talk, on a server of your own.</p>
      </section>
      <section class="welcome-form">
        ${session.value.notice && html`<p class="notice" role="status">${session.value.notice}</p>`}
        ${invited && html`<p class="notice" role="status">You are invited to a room. Create an account or sign in to enter it.</p>`}
        ${mode === "signup" && !closed
          ? html`<${SignUp} code=${invited ? route.value.code : ""} />`
          : html`<${SignIn} code=${invited ? route.value.code : ""} />`}
        <${Switch} mode=${mode} setMode=${setMode} closed=${closed} />
      </section>
    </div>
  </main>`;
}

function Switch({ mode, setMode, closed }) {
  if (closed) return html`<p class="switch">This server takes no new accounts.</p>`;
  return mode === "signin"
    ? html`<p class="switch">New here? <button type="button" class="link" onClick=${() => setMode("signup")}>Create an account</button></p>`
    : html`<p class="switch">Have an account? <button type="button" class="link" onClick=${() => setMode("signin")}>Sign in</button></p>`;
}

function SignIn({ code }) {
  const form = useSubmit(async (values) => {
    await signIn(values);
    if (!code) return;
    navigate("/", { replace: true });
    await joinByCode(code).catch((problem) => notify(problem.message, "bad"));
  });
  return html`<form onSubmit=${form.submit} aria-labelledby="welcome-title">
    <h1 id="welcome-title">Welcome back</h1>
    <${Field} label="Username" name="username" autocomplete="username" autocapitalize="none" spellcheck=${false} required autofocus error=${form.fields.username} />
    <${Field} label="Password" name="password" type="password" autocomplete="current-password" required error=${form.fields.password} />
    <${FormError} problem=${form.problem} known=${["username", "password"]} />
    <${SubmitButton} busy=${form.busy}>Sign in<//>
  </form>`;
}

/** The account was made inside the room that the code belongs to. */
async function enterFirstRoom() {
  await fetchRooms();
  const [first] = rooms.value.keys();
  navigate(first ? roomPath(first) : "/", { replace: true });
}

function SignUp({ code }) {
  const form = useSubmit(async ({ username, password, displayName, code: typed }) => {
    await signUp({ username, password, displayName: displayName.trim(), code: codeFrom(typed) });
    if (route.value.name === "invite" || typed.trim()) await enterFirstRoom();
  });
  const { fields } = form;
  return html`<form onSubmit=${form.submit} aria-labelledby="welcome-title">
    <h1 id="welcome-title">Create your account</h1>
    <${Field} label="Username" name="username" autocomplete="username" autocapitalize="none" spellcheck=${false} required minlength="3" maxlength="32" autofocus
      error=${fields.username} hint="3 to 32 letters, digits, dots, dashes or underscores." />
    <${Field} label="Password" name="password" type="password" autocomplete="new-password" required minlength="8" maxlength="128" error=${fields.password} hint="At least 8 characters." />
    <${Field} label="Display name (optional)" name="displayName" autocomplete="name" maxlength="64" error=${fields.display_name} hint="What others see. You can change it later." />
    <${Field} label="Access code (optional)" name="code" autocomplete="off" spellcheck=${false} value=${code} error=${fields.code} hint="If somebody gave you the code of a room." />
    <${FormError} problem=${form.problem} known=${["username", "password", "display_name", "code"]} />
    <${SubmitButton} busy=${form.busy}>Create account<//>
  </form>`;
}
