// Refusals of the server (RFC 9457), in a form that the page can show.

import { t } from "./i18n.js";

export class Problem extends Error {
  /** @param {Partial<ProblemBody> & { status?: number; retryAfter?: number | null }} problem */
  constructor({ status = 0, code = "network", title, detail, errors = [], retryAfter = null }) {
    super(detail || title || t("problem.unknown"));
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.title = title;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }

  /** Whether the server could not be reached. */
  get offline() {
    return this.code === "network";
  }

  /** The messages by field name: `{username: "is taken"}`. */
  get fields() {
    return Object.fromEntries(
      this.errors.map(({ pointer, detail }) => [String(pointer ?? "").replace(/^\//u, ""), detail]),
    );
  }

  static network() {
    return new Problem({ detail: t("problem.network") });
  }

  /**
   * From a response; a proxy in between may answer with something that is not JSON.
   * @param {Response} response
   */
  static async from(response) {
    /** @type {Partial<ProblemBody>} */
    let body = {};
    try {
      body = await response.json();
    } catch {
      // Only the status is known.
    }
    const seconds = Number(response.headers.get("retry-after"));
    return new Problem({
      status: response.status,
      code: body.code ?? `http_${response.status}`,
      title: body.title ?? t("problem.status", { status: String(response.status) }),
      detail: body.detail,
      errors: body.errors,
      retryAfter: Number.isFinite(seconds) && seconds > 0 ? seconds : null,
    });
  }
}
