// Types of the page's modules, without imports, so that their comments can name them. Nothing here reaches a browser.

type Room = import("../../../static/core/room.js").Room;
type Timeline = import("../../../static/lib/timeline.js").Timeline;
type Problem = import("../../../static/lib/problem.js").Problem;
type Signal<T> = import("@preact/signals").Signal<T>;
type Computed<T> = import("@preact/signals").ReadonlySignal<T>;
type View = import("preact").ComponentChildren;

/** A value in a template. Templates are not checked, so their event handlers and children get anything. */
type TemplateValue = string | number | bigint | boolean | null | undefined | object | ((...args: any[]) => unknown);

/** Result of `useState`. */
type State<T> = [T, (next: T | ((before: T) => T)) => void];

/** JSON of the server, before its reader gives it a type. */
type Json = any;

/** Result of `useSubmit`. */
interface Submission {
  busy: boolean;
  problem: Problem | null;
  fields: Record<string, string>;
  submit(event?: Event): Promise<void>;
}

// The server's objects, as docs/protocol.md describes them.

interface User {
  id: number;
  username: string;
  display_name: string;
  avatar?: number | null;
}

interface Profile extends User {
  about?: string | null;
  hide_last_seen?: boolean;
  status?: "online" | "offline";
  last_seen?: string | null;
}

interface Head {
  seq: number;
  rev: number;
}

interface Receipt {
  read_seq?: number;
  unread?: number;
  mentions?: number;
  read_generation?: number;
}

interface Quote {
  seq: number;
  author: User | null;
  body: string;
  deleted: boolean;
}

interface FileInfo {
  id: string;
  name: string;
  mime: string;
  size: number;
  url: string;
  thumbnail?: string | null;
  width?: number | null;
  height?: number | null;
}

/** Event that a system message reports. */
interface SystemEvent {
  type: string;
  username?: string;
  name?: string;
  topic?: string;
  seconds?: number;
}

interface Message {
  room_id: number;
  seq: number;
  rev: number;
  kind: "text" | "system";
  author: User | null;
  body: string;
  key?: string;
  event?: SystemEvent | null;
  mentions?: number[];
  mentions_room?: boolean;
  quote?: Quote | null;
  files?: FileInfo[];
  reactions?: Record<string, number[]>;
  created_at: string;
  edited_at?: string | null;
  deleted_at?: string | null;
  pinned_at?: string | null;
}

/** A message that is drawn before the server has numbered it. */
type PendingMessage = Omit<Message, "seq" | "rev">;

interface MessagePage {
  items: Message[];
  head?: Head;
  has_before: boolean;
  has_after: boolean;
}

type RoomKind = "public" | "private" | "direct";
type Role = "owner" | "moderator" | "member";
type NotificationLevel = "all" | "mentions" | "none";

interface RoomInfo {
  id: number;
  name: string;
  topic: string;
  kind: RoomKind;
  role: Role;
  member_count: number;
  created_at?: string;
  access_code?: string | null;
  notify?: NotificationLevel;
  slow_mode_s?: number;
  locked?: boolean;
  muted_until?: string | null;
  members?: User[];
}

/** A room as frames and answers describe it. */
interface RoomItem extends Partial<RoomInfo>, Receipt {
  id: number;
  head?: Head;
  online?: number[];
  online_count?: number;
  joined?: boolean;
}

interface Member {
  user: Profile;
  role: Role;
  joined_at?: string;
}

interface OnlineUser extends Partial<User> {
  id: number;
  last_seen?: string | null;
}

interface ServerInfo {
  name: string;
  version: string;
  registration: Registration;
  needs_first_account?: boolean;
  limits: { body_chars: number; file_bytes: number; files_per_message: number; rooms_per_user: number };
}

type Registration = "open" | "invite" | "closed";

interface ProblemBody {
  code: string;
  title?: string;
  detail?: string;
  errors?: { pointer?: string; detail: string }[];
  retry_after_ms?: number;
}

// Frames.

interface FrameBodies {
  ready: { user?: User; limits?: { body_chars?: number }; rooms: (RoomItem & { head: Head })[]; epoch: string };
  message: { room_id: number; message: Message };
  ack: { key: string; seq: number };
  synced: { room_id: number; head: Head };
  behind: { room_id: number; from_rev: number; head: Head };
  presence: { room_id: number; online?: OnlineUser[]; offline?: OnlineUser[]; online_count?: number };
  typing: { room_id: number; user_id: number };
  typing_stopped: { room_id: number; user_id: number };
  read: Receipt & { room_id: number; read_seq: number; unread: number };
  room: { room: RoomItem };
  room_left: { room_id: number };
  error: ProblemBody & { key?: string };
}

type FrameOf<T extends keyof FrameBodies> = { [Type in T]: { type: Type } & FrameBodies[Type] }[T];
type Frame = FrameOf<keyof FrameBodies>;
type FrameHandlers = { [Type in keyof FrameBodies]: (frame: FrameOf<Type>) => void };

// The page's own objects.

interface Session {
  phase: "starting" | "out" | "in" | "unreachable";
  user: Profile | null;
  sessionId: number | null;
  notice: string | null;
}

type ConnectionPhase = "idle" | "connecting" | "ready" | "waiting" | "ended";
type Verdict = "ok" | "ended" | "unreachable";

interface ConnectionState {
  phase: ConnectionPhase;
  retryAt: number | null;
  since: number | null;
  lostAt?: number | null;
}

interface Route {
  name: "room" | "invite" | "reset" | "home" | "not-found";
  roomId?: number;
  seq?: number | null;
  code?: string;
  token?: string;
}

interface OpenDialog extends DialogDetails {
  name: string;
}

/** Subject of a dialog. */
interface DialogDetails {
  roomId?: number;
  userId?: number;
  code?: string;
  message?: Message;
}

/** Where the log of a room opens. */
interface Opening {
  seq?: number;
  unread?: boolean;
  end?: boolean;
}

interface ToastState {
  id: number;
  text: string;
  tone: "good" | "bad";
}

interface OutboxEntry {
  key: string;
  roomId: number;
  body: string;
  quote?: Quote;
  files?: FileInfo[];
  /** The quoted number may mean another message now. */
  unsure?: boolean;
  at: number;
  state: "queued" | "sending" | "failed" | "sent";
  reason: string | null;
  tried: boolean;
}

/** An own message that is on the server's disk, but not yet in the timeline. */
interface ConfirmedEntry extends OutboxEntry {
  seq: number;
}

interface Upload {
  id: string;
  name: string;
  preview: string | null;
  state: "pending" | "ready" | "failed";
  progress: number;
  reason: string | null;
  file: FileInfo | null;
  xhr: XMLHttpRequest | null;
  removed?: boolean;
  remove(): void;
}

interface Preferences {
  theme: string;
  density: string;
  hours: string;
  enter: string;
  notifications: string;
}

interface Command {
  name: string;
  takes?: string;
  about: string;
  run?(room: Room, rest: string): unknown;
}

/** Why a line that looks like a command was not executed. */
interface Refusal {
  text: string;
  nearest: string | null;
}

interface Shortcut {
  group: string;
  keys: string[];
  label: string;
  run?(): unknown;
}

/** Knowledge about an invitation. */
interface Invite {
  room?: { name: string; kind: RoomKind; member_count: number };
  problem?: Problem;
}

type Row =
  { type: "day"; key: string; at: string } | { type: "unread"; key: string } | SystemRow | MessageRow | PendingRow;

interface SystemRow {
  type: "system";
  key: string;
  seq: number;
  messages: Message[];
  text: string;
}

interface MessageRow {
  type: "message";
  key: string;
  seq: number;
  message: Message;
  first: boolean;
  action: string | null;
}

interface PendingRow {
  type: "pending";
  key: string;
  entry: OutboxEntry;
  message: PendingMessage;
  first: boolean;
  action: string | null;
}

// Markdown.

type Inline =
  | string
  | { type: "strong" | "em" | "strike"; children: Inline[] }
  | { type: "code"; text: string }
  | { type: "link"; href: string; children: Inline[] }
  | { type: "mention"; name: string };

type Block =
  | { type: "text"; children: Inline[] }
  | { type: "heading"; level: number; children: Inline[] }
  | { type: "quote"; children: Block[] }
  | { type: "list"; ordered: boolean; start: number; items: ListItem[] }
  | TableBlock
  | { type: "code"; lang: string; text: string }
  | { type: "rule" };

interface TableBlock {
  type: "table";
  align: string[];
  rows: Inline[][][];
}

interface ListItem {
  /** Null if the item is no task. */
  done: boolean | null;
  children: Block[];
}

type BlockParser = (text: string) => Block[] | null;

/** Rows that keep their place on the screen. */
type Anchor = { key: string; top: number }[];

// Dependencies of modules in `lib/`, which tests replace.

interface ConnectionSocket {
  send(text: string): void;
  close(): void;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
}

interface SocketHandlers {
  onFrame(frame: Frame): void;
  onPhase(phase: ConnectionPhase, retryAt: number | null): void;
  onEnded(): void;
}

interface ConnectionDeps extends SocketHandlers {
  open(): ConnectionSocket;
  prepare(): Promise<Verdict>;
  diagnose(why: "ended" | "refused"): Promise<Verdict>;
  now(): number;
  random(): number;
  setTimeout(action: () => void, ms: number): any;
  clearTimeout(timer: any): void;
}

interface OutboxOptions {
  send(entry: OutboxEntry): void;
  changed(entries: OutboxEntry[]): void;
  entries?: OutboxEntry[];
  now?(): number;
  setTimeout?(action: () => void, ms: number): any;
  clearTimeout?(timer: any): void;
}

interface Lease {
  owner: string;
  until: number;
  beat: number;
}

interface LeaseDeps {
  read(key: string): Lease | null;
  write(key: string, lease: Lease): void;
  remove(key: string): void;
  owner: string;
  now(): number;
  random(): number;
  setTimeout(action: () => void, ms: number): any;
  clearTimeout(timer: any): void;
}

type Outbox = import("../../../static/lib/outbox.js").Outbox;
type Token = import("markdown-it").Token;
type InlineState = import("markdown-it").InlineState;
type SetUploads = (change: (before: Upload[]) => Upload[]) => void;

// Values that components pass to each other.

type Component = (props: any) => View;

/** For each mentioned name, whether it means the reader. */
type Names = Map<string | undefined, boolean>;

interface Choice {
  names: string[];
  text: string;
  shown: View;
}

interface CompletionProps {
  room: Room;
  before: string;
  complete(from: number, text: string): void;
  close(): void;
  keys: { current: ((event: KeyboardEvent) => boolean) | null };
  setActive(id: string | null): void;
}

/** The fields of all rows. */
interface AnyRow extends Partial<Omit<SystemRow, "type">>, Partial<Omit<PendingRow, "type" | "message">> {
  type: Row["type"];
  key: string;
  message?: Message | PendingMessage;
}

interface LogRowProps {
  row: AnyRow;
  target: boolean;
}

/** Where the reader of a log is. */
interface LogView {
  following: boolean;
  rising: boolean;
  anchor: Anchor | null;
  opening: Opening | null | undefined;
  shape: string;
  top: number;
  turned?: number;
}

interface Pages {
  items: Json[] | null;
  rest: boolean;
  problem: Problem | null;
  next(): Promise<void>;
  again(): Promise<void>;
}

/** Answer of a GET: undefined while it is pending, a problem if it failed. */
type Answer = { items: Json[] } | Problem | undefined;

interface ProfileAnswer {
  user: Profile;
  chat_rooms: { id: number; name: string }[];
}

interface SearchHit {
  room_id: number;
  room_name: string;
  message: Message;
  ranges: [number, number][];
}

interface SearchResult {
  words: string;
  next?: string | null;
  items: SearchHit[];
}

interface SessionItem {
  id: number;
  user_agent: string | null;
  address?: string | null;
  current: boolean;
  created_at: string;
  last_used_at?: string | null;
}

interface SwitcherTarget {
  key: string;
  icon: string;
  name: string;
  about?: string;
  badge: number;
  go(): unknown;
}

interface ItemList<Item> {
  items: Item[] | null;
  problem: Problem | null;
  reload(): Promise<void>;
}

interface InviteItem {
  id: number;
  uses: number;
  max_uses?: number | null;
  expires_at?: string | null;
  standing?: boolean;
}

interface TokenItem {
  id: number;
  name: string;
  scope: string;
  rooms?: number[] | null;
  expires_at?: string | null;
  last_used_at?: string | null;
}

/** The values of a query. `URLSearchParams` takes numbers, but its type does not. */
type Query = any;
