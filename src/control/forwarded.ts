import { isIpLiteral } from '../values/ip-literal.ts';

/** Of X-Forwarded-For: whom a proxy of this host has seen, as it adds that at the end; undefined: no address. */
export function lastForwarded(value: string): string | undefined {
	const last = value.split(',').at(-1)?.trim() ?? '';
	return isIpLiteral(last) ? last : undefined;
}
