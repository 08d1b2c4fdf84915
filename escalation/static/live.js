// The stream of live events. It begins with `ready`: what is read after that misses nothing.
import { api } from "./api.js";

const LONGEST = 30000; // milliseconds between two tries

/** `on`: what to do for each kind of event; `light(live)` is told whether the stream runs; `out()` when signed out. */
export function listen({ on, light, out }) {
  let source;
  let retry = 1000;
  const begin = () => {
    source = new EventSource("/api/inbox/events");
    for (const [kind, work] of Object.entries(on)) source.addEventListener(kind, (event) => work(JSON.parse(event.data)));
    source.addEventListener("ready", () => {
      retry = 1000;
      light(true);
    });
    source.onerror = () => {
      light(false);
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      setTimeout(() => api("GET", "/api/session").then(begin, (problem) => (problem.status === 401 ? out() : begin())), retry);
      retry = Math.min(retry * 2, LONGEST);
    };
  };
  begin();
  addEventListener("offline", () => light(false));
  addEventListener("online", () => source.readyState === EventSource.OPEN && light(true));
  return () => source.close();
}
