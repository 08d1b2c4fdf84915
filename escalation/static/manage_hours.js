// Office hours of the desk.
import { el } from "./dom.js";
import { form } from "./manage_form.js";
import { keep, settings } from "./manage_settings.js";
import { week } from "./manage_week.js";

export async function hours(place, desk) {
  const { hours } = await settings();
  const editor = week(hours);
  place.append(
    el("p", { class: "soft" }, "Outside of these hours customers are told when somebody is there again, and may leave an e-mail address. Targets count in office hours only. A team can have hours of its own."),
    form([editor.node], "Save", async () => {
      await keep({ hours: editor.value() });
      desk.say("Saved. It holds from now on.");
    }),
  );
}
