// Where an article is at the desk, and at the server.
import { Problem, api } from "../api.js";

const path = (id) => id.split("/").map(encodeURIComponent).join("/");

export const writing = (what, id) => `/api/writing/${what}${id === undefined ? "" : `/${path(id)}`}`;
export const editAt = (id) => `#articles/edit/${encodeURIComponent(id)}`;
export const translateAt = (id, translation) => `#articles/translate/${encodeURIComponent(id)}/${encodeURIComponent(translation)}`;

// Sends a picture; gives {url, name, width, height}.
export async function upload(file) {
  let response;
  try {
    response = await fetch(`/api/pictures?name=${encodeURIComponent(file.name || "picture")}`, { method: "POST", headers: { Accept: "application/json" }, body: file });
  } catch {
    throw new Problem(0, "The picture could not be sent: the server cannot be reached.");
  }
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, told.detail ?? `The server answered ${response.status}.`);
  return told;
}

// All pages of a list, for choices that need them all; at most `most`.
export async function every(address, most = 1000) {
  const items = [];
  let cursor = null;
  do {
    const page = await api("GET", cursor ? `${address}${address.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}` : address);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < most);
  return items;
}
