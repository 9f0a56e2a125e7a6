/** Dotted key → the text as written, and its origin (file and line, variable, flag or `default`). */
export type Written = Readonly<Record<string, { readonly text: string; readonly origin: string }>>;
