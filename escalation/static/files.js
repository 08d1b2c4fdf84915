// Files of a conversation: shown with their message, and chosen, dropped or pasted to go out with a reply.
import { el } from "./dom.js";

const LARGEST = 10_000_000; // bytes, as the server has it
const MOST = 10;
const KINDS = ".png,.jpg,.jpeg,.gif,.webp,.pdf,.txt,.csv,.zip,.docx,.xlsx";
const THUMBNAIL = 220; // pixels

export function size(bytes) {
  const [value, unit] = bytes < 1000 ? [bytes, "byte"] : bytes < 1e6 ? [bytes / 1e3, "kilobyte"] : [bytes / 1e6, "megabyte"];
  return new Intl.NumberFormat("en", { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

/** The files of a message: pictures to look at, everything else to save. */
export function attached(files) {
  if (!files?.length) return null;
  return el("ul", { class: "files", "aria-label": "Files" }, files.map((file) => el("li", {}, file.width ? picture(file) : card(file))));
}

function picture(file) {
  const scale = Math.min(1, THUMBNAIL / Math.max(file.width, file.height));
  const image = el("img", { src: file.url, alt: file.name, width: Math.round(file.width * scale), height: Math.round(file.height * scale), loading: "lazy", decoding: "async" });
  return el("a", { href: file.url, target: "_blank", rel: "noopener", title: `${file.name}, ${size(file.size)}` }, image);
}

function card(file) {
  return el("a", { class: "file", href: file.url, download: file.name }, el("b", { dir: "auto" }, file.name), el("span", { class: "soft small" }, size(file.size)));
}

/** What goes out with the next reply, for each conversation its own. */
export class Attachments {
  /** `path()`: where a file is uploaded to; `may()`: whether one can be added now; `said(line, bad)`, `changed()`. */
  constructor(form, zone, { path, may, said, changed }) {
    Object.assign(this, { path, may, said, changed });
    this.tray = form.querySelector("[data-files]");
    this.field = form.querySelector("[data-file-field]");
    this.all = new Map(); // conversation -> items {name, size, id, done, request}
    form.querySelector("[data-inbox=attach]").addEventListener("click", () => this.pick());
    this.field.addEventListener("change", () => {
      this.add([...this.field.files]);
      this.field.value = "";
    });
    form.querySelector("textarea").addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      this.add(files);
    });
    let inside = 0; // dragenter and dragleave come for every child
    const holds = (event) => event.dataTransfer?.types.includes("Files");
    const light = (on) => zone.classList.toggle("dropping", on);
    zone.addEventListener("dragenter", (event) => holds(event) && light(++inside > 0));
    zone.addEventListener("dragleave", (event) => holds(event) && light(--inside > 0));
    zone.addEventListener("dragover", (event) => holds(event) && event.preventDefault());
    zone.addEventListener("drop", (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      light((inside = 0) > 0);
      this.add([...event.dataTransfer.files]);
    });
  }

  open(id) {
    this.id = id;
    if (!this.all.has(id)) this.all.set(id, []);
    this.draw();
  }

  get items() {
    return this.all.get(this.id) ?? [];
  }

  get ids() {
    return this.items.map((item) => item.id);
  }

  /** Is something still on its way? */
  get busy() {
    return this.items.some((item) => !item.id);
  }

  pick() {
    const no = this.may();
    if (no) return this.said(no);
    this.field.accept = KINDS;
    this.field.click();
  }

  add(files) {
    const no = this.may();
    if (no) return this.said(no);
    for (const file of files) {
      if (this.items.length >= MOST) return this.said(`At most ${MOST} files go with one reply.`, true);
      if (file.size > LARGEST) this.said(`${file.name} is larger than ${size(LARGEST)}.`, true);
      else this.upload(file);
    }
  }

  /** fetch says nothing of how far an upload is; XMLHttpRequest does. */
  upload(file) {
    const items = this.items;
    const item = { name: file.name, size: file.size, done: 0 };
    const request = (item.request = new XMLHttpRequest());
    request.open("POST", `${this.path()}?name=${encodeURIComponent(file.name)}`);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      item.done = event.loaded / event.total;
      this.draw();
    };
    request.onloadend = () => {
      if (request.status === 201) Object.assign(item, { id: request.response.id, name: request.response.name, done: 1 });
      else if (items.includes(item)) {
        items.splice(items.indexOf(item), 1);
        this.said(`${file.name}: ${request.response?.detail ?? "it could not be uploaded. Try again."}`, true);
      }
      this.draw();
    };
    items.push(item);
    request.send(file);
    this.draw();
  }

  /** What was taken back comes back: files that are uploaded already. */
  restore(files) {
    this.items.push(...files.map(({ id, name, size: bytes }) => ({ id, name, size: bytes, done: 1 })));
    this.draw();
  }

  clear(id = this.id) {
    this.all.set(id, []);
    this.draw();
  }

  draw() {
    this.tray.hidden = !this.items.length;
    this.tray.replaceChildren(...this.items.map((item) => el("li", { class: "file" },
      el("b", { dir: "auto" }, item.name),
      el("span", { class: "soft small" }, item.id ? size(item.size) : item.done < 1 ? `${Math.round(item.done * 100)} %` : "checking …"),
      el("button", { type: "button", class: "drop", "aria-label": `Remove ${item.name}`, onclick: () => this.remove(item) }, "×"))));
    this.changed();
  }

  remove(item) {
    this.items.splice(this.items.indexOf(item), 1);
    item.request?.abort();
    this.draw();
  }
}
