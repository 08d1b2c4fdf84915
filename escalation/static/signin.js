// The sign-in form: on success the same page comes again, signed in.
import { api } from "./api.js";

const form = document.querySelector("form.signin");
const error = form.querySelector("[data-error]");
const button = form.querySelector("button[type=submit]");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  error.hidden = true;
  button.disabled = true;
  try {
    await api("POST", "/api/session", { email: form.email.value, password: form.password.value });
    location.reload();
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
    button.disabled = false;
    form.password.select();
  }
});
button.disabled = false; // before that nobody listens, and the browser would leave this page with what was typed
if (!form.contains(document.activeElement)) form.email.focus();
