// The words of the page, in the reader's language.
//
// A catalogue is flat: `{"room.leave": "Leave {room}"}`. A key that counts has a form for each
// plural category of `Intl.PluralRules`: `"people#one": "{n} person"`, `"people#other": …`.

/** Languages there is a whole catalogue for, by the code of their file in `/lang`. */
export const LANGUAGES = { en: "English", de: "Deutsch" };
const FALLBACK = "en";

let catalogue = {};
let language = FALLBACK;
let plurals = new Intl.PluralRules(FALLBACK);
let numbers = new Intl.NumberFormat(FALLBACK);

/** Speaks a language from now on. What is drawn already is not drawn again. */
export function speak(code, words) {
  language = code;
  catalogue = words;
  plurals = new Intl.PluralRules(code);
  numbers = new Intl.NumberFormat(code);
}

/** The code of the language that is spoken: what `Intl` is to be given. */
export const spoken = () => language;

/** The first of the wanted languages that there is: `["de-AT", "en"]` is `de`. */
export function best(wanted) {
  for (const tag of wanted) {
    const code = tag.toLowerCase().split("-")[0];
    if (Object.hasOwn(LANGUAGES, code)) return code;
  }
  return FALLBACK;
}

/**
 * The words of a key, with `{name}` replaced by `values.name`. A number in `n` picks the plural form.
 * An unknown key is itself, so that it is seen.
 */
export function t(key, values) {
  let words = catalogue[key];
  if (words === undefined && values?.n !== undefined) {
    words = catalogue[`${key}#${plurals.select(values.n)}`] ?? catalogue[`${key}#other`];
  }
  if (words === undefined) return key;
  if (values === undefined) return words;
  return words.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? numbers.format(value) : String(value);
  });
}

/** `Ana, Bob and Eve`, as the language joins a list. */
export const listed = (items) => new Intl.ListFormat(language, { type: "conjunction" }).format(items);
