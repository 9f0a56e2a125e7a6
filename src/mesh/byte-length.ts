const encoder = new TextEncoder();

/** Envoy counts bytes of UTF-8 where the API counts characters. */
export const byteLength = (text: string): number => encoder.encode(text).length;
