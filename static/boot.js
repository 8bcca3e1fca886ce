// Settings that the first paint needs; a classic script, because modules run later.
// core/preferences.js and core/language.js keep what is read here.
{
  /** @param {string} key */
  const kept = (key) => {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "null");
    } catch {
      return null;
    }
  };
  const root = document.documentElement;
  const { theme, density } = kept("parlor.preferences") ?? {};
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  if (density === "compact") root.dataset.density = density;

  // The texts are requested together with the modules.
  const offered = (root.dataset.languages ?? "en").split(" ");
  const wanted = [kept("parlor.language"), ...navigator.languages].map(
    (tag) => String(tag).toLowerCase().split("-")[0],
  );
  root.lang = wanted.find((code) => offered.includes(code)) ?? offered[0];
  const words = Object.assign(document.createElement("link"), {
    rel: "preload",
    as: "fetch",
    crossOrigin: "anonymous",
    href: `/lang/${root.lang}.json`,
  });
  document.head.append(words);

  // Preloads the modules of the likelier of the two screens.
  const screen = /** @type {HTMLTemplateElement} */ (
    document.getElementById(kept("parlor.user") === null ? "welcome" : "shell")
  );
  document.head.append(screen.content.cloneNode(true));
}
