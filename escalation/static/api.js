// Talks to the server. Every fault is a Problem with the one line that the server said.

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export async function api(method, path, body, more = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      ...more,
    });
  } catch {
    throw new Problem(0, "The server cannot be reached. Check the connection and try again.");
  }
  if (response.ok) return response.status === 204 ? null : response.json();
  let detail = `The server answered ${response.status}.`;
  try {
    detail = capital((await response.json()).detail ?? detail);
  } catch {
    // a proxy's page instead of a problem: the status says enough
  }
  throw new Problem(response.status, detail);
}

// A file's name stays as it is written.
const capital = (line) => (/^[\w-]+\.\w/.test(line) ? line : line.charAt(0).toUpperCase() + line.slice(1));
