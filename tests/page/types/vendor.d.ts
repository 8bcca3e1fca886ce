// The parts that the page uses of libraries without published types.

declare module "lean-qr" {
  export const correction: { readonly M: number };
  export function generate(
    text: string,
    options: { minCorrectionLevel: number; maxVersion: number },
  ): { readonly size: number; get(x: number, y: number): boolean };
}

declare module "markdown-it" {
  export interface Token {
    type: string;
    tag: string;
    info: string;
    content: string;
    markup: string;
    level: number;
    nesting: -1 | 0 | 1;
    children: Token[] | null;
    meta: Json;
    attrGet(name: string): string | null;
  }
  export interface InlineState {
    src: string;
    pos: number;
    pending: string;
    linkLevel: number;
    push(type: string, tag: string, nesting: -1 | 0 | 1): Token;
  }
  type InlineRule = (state: InlineState, silent: boolean) => boolean;
  export default class MarkdownIt {
    constructor(options: { breaks: boolean; maxNesting: number });
    inline: { ruler: { after(place: string, name: string, rule: InlineRule): void } };
    disable(rules: string[]): void;
    validateLink(href: string): boolean;
    normalizeLink(href: string): string;
    normalizeLinkText(text: string): string;
    parse(text: string, environment: object): Token[];
  }
}
