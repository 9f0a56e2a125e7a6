/** Where somebody connects to. */
export interface Place {
	/** A name or an address. */
	readonly host: string;
	readonly port: number;
}

/** `HOST:PORT`, `[IPv6]:PORT`; `otherwise`: the port where none is written. Undefined: it is something else. */
export function parsePlace(text: string, otherwise?: number): Place | undefined {
	const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]@\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
	const host = bracketed ?? plain;
	const port = digits === undefined ? otherwise : Number(digits);
	return host === undefined || port === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
