// Finds what somebody means by a few letters: "snm" is "Snooze until Monday". Pure.

/** {score, places} of `wanted` in `text`, letters in order; null when they are not there. Higher is better. */
export function fuzzy(wanted, text) {
  const letters = wanted.toLowerCase().replaceAll(/\s+/g, "");
  const low = text.toLowerCase();
  const places = [];
  let score = 0;
  let from = 0;
  for (const letter of letters) {
    const place = bestPlace(low, letter, from, places.at(-1));
    if (place < 0) return null;
    if (place === places.at(-1) + 1) score += 3;
    if (startsWord(low, place)) score += 4;
    score += 1 - place / (low.length * 2);
    places.push(place);
    from = place + letter.length;
  }
  if (low.includes(wanted.trim().toLowerCase())) score += letters.length * 2;
  return { score, places };
}

// Right after the last letter, else at the start of a word, else wherever it is next.
function bestPlace(text, letter, from, last) {
  if (last !== undefined && text.startsWith(letter, last + 1)) return last + 1;
  for (let at = text.indexOf(letter, from); at >= 0; at = text.indexOf(letter, at + 1)) if (startsWord(text, at)) return at;
  return text.indexOf(letter, from);
}

const startsWord = (text, at) => at === 0 || /[\s“"(·-]/.test(text[at - 1]);

/** The items that fit, best first; each is `{label, also?}` and comes back as [item, places in its label]. */
export function sift(items, wanted) {
  if (!wanted.trim()) return items.map((item) => [item, []]);
  return items
    .map((item) => {
      const found = fuzzy(wanted, item.label);
      const beside = found ? null : fuzzy(wanted, `${item.label} ${item.also ?? ""}`);
      return [item, found?.places ?? [], found ? found.score + 2 : beside?.score];
    })
    .filter(([, , score]) => score !== undefined)
    .sort((one, other) => other[2] - one[2]);
}
