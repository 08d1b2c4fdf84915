// Styles and words of what most conversations do without: loaded once, with the first of its modules.

import { language, learn } from "./words.js";

const sheet = document.createElement("link");
sheet.rel = "stylesheet";
sheet.href = new URL("./more.css", import.meta.url).pathname;
document.head.append(sheet);
learn((await import(`./words/more/${language}.js`)).default);
