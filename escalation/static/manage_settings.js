// The settings of the desk, kept as one document: each part of the page changes its own share of it.
import { api } from "./api.js";

export const settings = () => api("GET", "/api/desk");

// What others have changed meanwhile in other parts stays as they left it.
export async function keep(share) {
  return api("PUT", "/api/desk", { ...(await settings()), ...share });
}
