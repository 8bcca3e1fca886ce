// Texts of the page in the reader's language.
//
// A catalogue is flat: `{"room.leave": "Leave {room}"}`. A key that counts has a form for each
// plural category of `Intl.PluralRules`: `"people#one": "{n} person"`, `"people#other": …`.

/**
 * Languages there is a whole catalogue for, by the code of their file in `/lang`; index.html names them, too.
 * @type {Record<string, string>}
 */
export const LANGUAGES = { en: "English", de: "Deutsch" };

/** @type {Record<string, string>} */
let catalogue = {};
let language = "en";
let plurals = new Intl.PluralRules(language);
let numbers = new Intl.NumberFormat(language);

/**
 * Sets the language, with the region of `locale`. Texts that are already drawn do not
 * change.
 * @param {string} code
 * @param {Record<string, string>} texts
 */
export function setLanguage(code, texts, locale = code) {
  language = locale;
  catalogue = texts;
  plurals = new Intl.PluralRules(locale);
  numbers = new Intl.NumberFormat(locale);
}

/** The language that is spoken, with its region where one is known (`en-GB`): what `Intl` is to be given. */
export const currentLocale = () => language;

/**
 * A language as it is wanted, with the first region that is: `en` of `["de", "en-GB"]` is `en-GB`.
 * @param {string} code
 * @param {readonly string[]} wanted
 */
export const withRegion = (code, wanted) => wanted.find((tag) => tag.toLowerCase().split("-")[0] === code) ?? code;

/**
 * Returns the text of a key, with `{name}` replaced by `values.name`. A number in `n` selects the plural form.
 * An unknown key is returned itself, so that it is visible.
 * @param {string} key
 * @param {Record<string, unknown> & { n?: number }} [values]
 */
export function t(key, values) {
  let text = catalogue[key];
  if (text === undefined && values?.n !== undefined) {
    text = catalogue[`${key}#${plurals.select(values.n)}`] ?? catalogue[`${key}#other`];
  }
  if (text === undefined) return key;
  if (values === undefined) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? numbers.format(value) : String(value);
  });
}

/**
 * `Ana, Bob and Eve`, as the language joins a list; of more than `limit`, `Ana, Bob and 3 others`.
 * @param {string[]} items
 */
export function formatList(items, limit = Infinity) {
  const shown =
    items.length > limit ? [...items.slice(0, limit - 1), t("names.others", { n: items.length - (limit - 1) })] : items;
  return new Intl.ListFormat(language, { type: "conjunction" }).format(shown);
}
