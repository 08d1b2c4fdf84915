// The earlier conversations of a customer whom the site vouches for: found by the site's proof, on whatever device they began.
// Loaded when there is one. Nothing of it is kept in the browser.

import "./more.js";
import { ask } from "./api.js";
import { element } from "../help/markdown.js";
import { formats, say } from "./words.js";

const $ = (id) => document.getElementById(id);
const day = new Intl.DateTimeFormat(formats, { day: "numeric", month: "short", year: "numeric" });

export class History {
  /** `here()`: {conversation, proven, begun}; `turnTo(item)` goes on with one, with null begins anew; `identified(id)`: it is theirs now. */
  constructor({ turnTo, here, identified }) {
    Object.assign(this, { turnTo, here, identified });
    $("history").querySelector("h2").textContent = say("earlier");
    $("begin").textContent = say("begin");
    $("begin").onclick = () => {
      turnTo(null);
      $("input").focus();
    };
  }

  /** The site vouches for who this is: {id, user_hash, name, ...}. */
  async recognise({ user_hash, ...customer }) {
    if (this.who === customer.id) return;
    this.who = customer.id;
    try {
      const { conversation, proven } = this.here();
      if (conversation && !proven) { // begun before the sign-in
        await conversation.post("identify", { customer, user_hash }).then(
          () => this.identified(customer.id),
          (error) => error.status === 409 && this.turnTo(null), // somebody else may have left it here
        );
      }
      this.token = (await (await ask("POST", "/customers/session", { body: { id: customer.id, user_hash } })).json()).token;
      const items = await this.read();
      const person = items.find(({ status }) => status === "waiting" || status === "agent");
      if (person && !this.here().begun) this.turnTo(person);
    } catch {
      this.who = null; // no network, or a wrong proof: the next time it is tried again
    }
  }

  /** Reads and shows what there is, the latest first. */
  async read() {
    const { items } = await (await ask("GET", "/customers/me/conversations?limit=10", { token: this.token })).json();
    const here = this.here().conversation?.id;
    $("begin").hidden = !here;
    $("history").hidden = !items.length;
    $("history").querySelector("ul").replaceChildren(...items.map((item) => {
      const first = element("b", item.first);
      first.dir = "auto";
      const state = item.unread ? say("unread", { n: item.unread }) : item.status === "bot" ? "" : say(`subtitle_${item.status}`, { name: say("agent") });
      const line = element("p", [day.format(new Date(item.updated_at)), state].filter(Boolean).join(" · "));
      const button = element("button", first, line);
      Object.assign(button, { type: "button", ariaCurrent: String(item.id === here), onclick: () => this.turnTo(item) });
      return element("li", button);
    }));
    return items;
  }

  clear() {
    this.who = this.token = null;
    $("history").hidden = true;
    $("history").querySelector("ul").replaceChildren();
  }
}
