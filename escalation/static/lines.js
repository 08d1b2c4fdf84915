// A request that takes a while and tells how far it is: lines of JSON, {done, of} as it goes on, the result at last.
import { Problem } from "./api.js";

/** The last line. `progress({done, of})` is called for those before it. */
export async function lines(address, body, progress, signal) {
  const headers = { Accept: "application/x-ndjson", "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(address, { method: "POST", headers, body: JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "the server cannot be reached.");
  }
  if (!response.ok) throw new Problem(response.status, (await response.json().catch(() => ({}))).detail ?? `the server answered ${response.status}.`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const whole = (rest + (value ?? "")).split("\n");
    rest = whole.pop();
    for (const text of whole) {
      const step = JSON.parse(text);
      if (step.error) throw new Problem(step.error.status, step.error.detail);
      if (step.of === undefined) return step;
      progress(step);
    }
    if (done) throw new Problem(0, "the connection was lost.");
  }
}
