const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const v4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);

/** An address as `isIP` of node:net knows it, also in a browser. */
export const isIpLiteral = (text: string): boolean => v4.test(text) || isV6(text.replace(/%[\da-z.:-]+$/i, ''));

const isV6 = (text: string): boolean => /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`);
