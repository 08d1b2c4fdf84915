// Files of a conversation: shown with their message, and chosen, dropped or pasted to be sent. Loaded at the first of them.

import "./more.js";
import { element } from "../help/markdown.js";
import { formats, say } from "./words.js";

const $ = (id) => document.getElementById(id);
const LARGEST = 10_000_000; // bytes, as the server has it
const MOST = 10;
const THUMBNAIL = 200; // pixels

function size(bytes) {
  const [value, unit] = bytes < 1e6 ? [Math.max(bytes / 1e3, 0.1), "kilobyte"] : [bytes / 1e6, "megabyte"];
  return new Intl.NumberFormat(formats, { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

/** Fills the list of a message: pictures to look at, everything else to save. */
export function fill(list, files) {
  list.replaceChildren(...files.map((file) => {
    const link = element("a");
    link.href = file.url;
    if (!file.width) {
      link.className = "file";
      link.download = file.name;
      link.append(name(file.name), element("small", size(file.size)));
      return element("li", link);
    }
    const scale = Math.min(1, THUMBNAIL / Math.max(file.width, file.height));
    const picture = element("img");
    Object.assign(picture, { src: file.url, alt: file.name, width: file.width * scale, height: file.height * scale, loading: "lazy" });
    link.target = "_blank";
    link.rel = "noopener";
    link.append(picture);
    return element("li", link);
  }));
}

function name(text) {
  const node = element("b", text);
  node.dir = "auto";
  return node;
}

/** What goes out with the next message. */
export class Tray {
  /** `open()` gives the Conversation that files are uploaded to, `said(text)` tells what went wrong. */
  constructor({ open, said }) {
    Object.assign(this, { open, said });
    this.items = []; // {file, name, size, done: 0..1, told: the file as the server has it, failed, request}
    addEventListener("online", () => this.items.filter((item) => item.failed).forEach((item) => this.upload(item)));
  }

  /** Is something still on its way? */
  get busy() {
    return this.items.some((item) => !item.told);
  }

  add(files) {
    for (const file of files) {
      if (this.items.length >= MOST) return this.said(say("file_many", { n: MOST }));
      if (file.size > LARGEST) {
        this.said(say("file_large", { name: file.name, size: size(LARGEST) }));
        continue;
      }
      const item = { file, name: file.name, size: file.size };
      this.items.push(item);
      this.upload(item);
    }
  }

  /** fetch says nothing of how far an upload is; XMLHttpRequest does. */
  async upload(item) {
    Object.assign(item, { done: 0, failed: "" });
    this.draw();
    try {
      const conversation = await this.open();
      item.told = await new Promise((done, failed) => {
        const request = (item.request = new XMLHttpRequest());
        request.open("POST", `/api${conversation.path}/files?name=${encodeURIComponent(item.name)}`);
        request.responseType = "json";
        request.setRequestHeader("Authorization", `Bearer ${conversation.token}`);
        request.setRequestHeader("Content-Type", "application/octet-stream");
        request.upload.onprogress = ({ loaded, total }) => {
          item.done = loaded / total;
          this.draw();
        };
        request.onload = () => (request.status === 201 ? done(request.response) : failed(request));
        request.onerror = () => failed(request);
        request.send(item.file);
      });
      item.name = item.told.name;
    } catch ({ status, response }) {
      if (!this.items.includes(item)) return;
      if (status >= 400 && status < 500 && status !== 429) { // never taken: it goes, and the reason is told
        this.remove(item);
        return this.said(`${item.name}: ${response?.detail ?? say("failed")}`);
      }
      item.failed = response?.detail ?? say("file_failed");
    }
    this.draw();
  }

  /** Gives what is there to be sent, and is empty. */
  take() {
    const files = this.items.map((item) => item.told);
    this.clear();
    return files;
  }

  clear() {
    for (const { request } of this.items) request?.abort();
    this.items = [];
    this.draw();
  }

  remove(item) {
    this.items = this.items.filter((other) => other !== item);
    item.request?.abort();
    this.draw();
    $("input").focus();
  }

  draw() {
    $("tray").hidden = !this.items.length;
    $("tray").replaceChildren(...this.items.map((item) => {
      const button = (text, label, does) => {
        const made = element("button", text);
        Object.assign(made, { type: "button", className: "quiet", ariaLabel: label, onclick: does });
        return made;
      };
      const state = item.failed || (item.told ? size(item.size) : new Intl.NumberFormat(formats, { style: "percent" }).format(item.done));
      const row = element("li", name(item.name), element("small", state));
      row.className = item.failed ? "file bad" : "file";
      if (item.failed) row.append(button("↻", say("retry"), () => this.upload(item)));
      row.append(button("×", say("file_remove", { name: item.name }), () => this.remove(item)));
      return row;
    }));
  }
}
