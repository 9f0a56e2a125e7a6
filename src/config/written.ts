/** Settings by their keys: what was written, and where. */
export type Written = Readonly<Record<string, { readonly text: string; readonly origin: string }>>;
