// Texts in the chosen language, from one catalogue for each.

export const LANGUAGES = /** @type {const} */ (["en", "ja"]);

/** @type {Record<string, string>} */
let words = {};

/** Return the language to begin with: chosen before, else that of the browser. */
export function firstLanguage() {
  const chosen = new URLSearchParams(location.search).get("lang") || localStorage.getItem("language");
  const wanted = chosen || navigator.language.slice(0, 2);
  return LANGUAGES.find((one) => one === wanted) || "en";
}

/** Load the texts of a language. @param {string} language */
export async function loadWords(language) {
  const answer = await fetch(`/static/i18n/${language}.json`);
  words = await answer.json();
  document.documentElement.lang = language;
  document.title = words["title"];
  localStorage.setItem("language", language);
}

/**
 * Return a text. A name in braces takes a value; a key without a text shows itself.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Return the text of a word that a step uses, or the word itself. @param {string} kind @param {string} word */
export function sayWord(kind, word) {
  return words[`${kind}.${word}`] ?? word;
}
