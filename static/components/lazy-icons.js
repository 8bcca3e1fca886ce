// Icons that the first view does not need.

import { addIcons } from "./icon.js";

addIcons({
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
  device: ["M3 5h18v11H3z", "M9 20h6", "M12 16v4"],
  door: ["M14 4h5v16h-5", "M4 12h10", "M10.5 8.5 14 12l-3.5 3.5"],
  link: ["M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7L12 7", "M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7L12 17"],
  more: ["M5 12h.01", "M12 12h.01", "M19 12h.01"],
  smile: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M8.5 14a4 4 0 0 0 7 0", "M9 9.5v.01", "M15 9.5v.01"],
  trash: ["M4 7h16", "M9 7V4h6v3", "M6.5 7l1 13h9l1-13"],
});
