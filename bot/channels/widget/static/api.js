// The door to the server: requests, streamed turns, live events. Knows the HTTP contract, not the page.

const STALL_MS = 40_000; // the server says something at least every 15 s: longer silence is a dead connection
const LOOK_MS = 2000;
const LONGEST_PAUSE_MS = 30_000;
const ARTICLE = /^\/help\/articles\/([^/?#]+)/;

/** The server's answer was an error. `retryAfter` in seconds when it asked to wait. */
export class Refused extends Error {
  constructor(status, detail, retryAfter = null) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Would the same request succeed later? */
  get passing() {
    return this.status === 429 || this.status === 408 || this.status >= 500;
  }
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Resolves after `ms`, or at once when the browser comes back online or to the front. */
export function pause(ms) {
  return new Promise((done) => {
    const stop = () => {
      clearTimeout(timer);
      removeEventListener("online", stop);
      document.removeEventListener("visibilitychange", seen);
      done();
    };
    const seen = () => document.visibilityState === "visible" && stop();
    const timer = setTimeout(stop, ms);
    addEventListener("online", stop);
    document.addEventListener("visibilitychange", seen);
  });
}

export async function ask(method, path, { token, body, accept = "application/json", headers = {}, signal } = {}) {
  const response = await fetch(`/api${path}`, {
    method,
    signal,
    cache: "no-store",
    credentials: "omit", // an agent who tries the chat on their own site is a customer here
    headers: {
      Accept: accept,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Refused(response.status, problem.detail ?? response.statusText, seconds(response.headers.get("Retry-After")));
}

/** Retry-After as seconds: a number or a date. */
function seconds(value) {
  if (!value) return null;
  const number = Number(value);
  return Math.max(1, Math.ceil(Number.isNaN(number) ? (Date.parse(value) - Date.now()) / 1000 || 1 : number));
}

/** Aborts what has been silent for too long, by the clock on the wall: one that slept with the laptop, at once when it wakes. */
function watched() {
  const abort = new AbortController();
  let heardAt = Date.now();
  const timer = setInterval(() => Date.now() - heardAt > STALL_MS && abort.abort(), LOOK_MS);
  return { abort: () => abort.abort(), signal: abort.signal, heard: () => (heardAt = Date.now()), end: () => clearInterval(timer) };
}

/** Yields {event, data, id} of a server-sent event stream until it ends; what has no id of its own gives null. `heard` is called at every piece. */
async function* readEvents(response, heard = () => {}) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  let event = "message";
  let data = [];
  let id = null;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      heard();
      buffer += value;
      // a \r at the very end may be half of a \r\n: it waits for the next piece
      const lines = buffer.split(/\r\n|\n|\r(?!$)/);
      buffer = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (data.length) yield { event, data: JSON.parse(data.join("\n")), id };
          event = "message";
          data = [];
          id = null;
        } else if (!line.startsWith(":")) {
          const [, field, content] = /^([^:]*)(?:: ?)?([^]*)$/.exec(line);
          if (field === "data") data.push(content);
          else if (field === "event") event = content;
          else if (field === "id") id = content;
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

export async function createConversation(body) {
  return (await ask("POST", "/conversations", { body })).json();
}

const read = async (path, signal) => (await ask("GET", path, { signal })).json();

/** Titles for what has been typed so far. */
export const suggest = async (query, signal) => (await read(`/suggest?limit=4&q=${encodeURIComponent(query)}`, signal)).results;

export const search = async (query, language, signal) =>
  (await read(`/search?limit=5&locale=${language}&q=${encodeURIComponent(query)}`, signal)).results;

/** The slug of an article's address here; null where it leads elsewhere. */
export function slugOf(address) {
  try {
    const url = new URL(address, location.href);
    return url.origin === location.origin ? ARTICLE.exec(url.pathname)?.[1] ?? null : null;
  } catch {
    return null;
  }
}

/** An article for the reader: {id, title, html, locale, direction, updated_at}. */
export async function article(slug) {
  const response = await fetch(`/widget/articles/${slug}`, { credentials: "omit" });
  if (!response.ok) throw new Refused(response.status, response.statusText);
  return response.json();
}

export const voteArticle = (id, body) => ask("POST", `/articles/${id.split("/").map(encodeURIComponent).join("/")}/feedback`, { body });

/** The requests of one conversation. */
export class Conversation {
  constructor({ id, token }) {
    this.id = id;
    this.token = token;
    this.lastEventId = null;
  }

  get path() {
    return `/conversations/${encodeURIComponent(this.id)}`;
  }

  async read() {
    return (await ask("GET", this.path, { token: this.token })).json();
  }

  /** One turn. Calls `on.stage(name)` and `on.delta(text)` as they come; gives the Turn. */
  async send(text, clientId, on, files = []) {
    const { signal, heard, end } = watched();
    try {
      const body = { text, client_id: clientId, files };
      const response = await ask("POST", `${this.path}/messages`, {
        token: this.token, body, accept: "text/event-stream", signal,
      });
      if (!response.headers.get("Content-Type")?.includes("event-stream")) return await response.json();
      for await (const { event, data } of readEvents(response, heard)) {
        if (event === "stage") on.stage(data.stage);
        else if (event === "delta") on.delta(data.text);
        else if (event === "turn") return data;
        else if (event === "error") throw new Refused(data.status ?? 500, data.detail ?? "", data.retry_after ?? null);
      }
      throw new TypeError("the stream ended before the turn");
    } finally {
      end();
    }
  }

  async escalate(body = {}) {
    return (await ask("POST", `${this.path}/escalate`, { token: this.token, body })).json();
  }

  async post(what, body = {}) {
    await ask("POST", `${this.path}/${what}`, { token: this.token, body });
  }

  feedback(messageId, helpful, comment) {
    return this.post(`messages/${encodeURIComponent(messageId)}/feedback`, { helpful, comment });
  }

  /**
   * Follows the live events until `signal` aborts, reconnecting with growing pauses and without loss.
   * `on.connected()` after each connection, `on.lost()` when one breaks, `on.gone()` when the conversation is no more,
   * and `on.message`, `on.status`, `on.typing`, `on.read` with the event's data.
   */
  async follow(signal, on) {
    let failures = 0;
    while (!signal.aborted) {
      const { abort, signal: either, heard, end } = watched();
      signal.addEventListener("abort", abort);
      let wait = Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** failures) * (0.75 + Math.random() / 2);
      try {
        const response = await ask("GET", `${this.path}/events`, {
          token: this.token, accept: "text/event-stream", signal: either,
          headers: this.lastEventId === null ? {} : { "Last-Event-ID": this.lastEventId },
        });
        heard();
        on.connected();
        for await (const { event, data, id } of readEvents(response, () => {
          failures = 0;
          heard();
        })) {
          if (id !== null) this.lastEventId = id;
          on[event]?.(data);
        }
        wait = 1000;
      } catch (error) {
        if (signal.aborted) return;
        if ([401, 403, 404].includes(error.status)) return on.gone();
        if (error.retryAfter) wait = error.retryAfter * 1000;
      } finally {
        end();
        signal.removeEventListener("abort", abort);
      }
      if (signal.aborted) return;
      failures++;
      on.lost();
      await pause(wait);
    }
  }
}
