/**
 * Which of several domains a `Host` belongs to, as Envoy has it: the same text, else the longest `*.end`, else the longest
 * `start.*`, else `*`; in small or capital letters.
 */
export function chooseByHost<T>(domains: readonly (readonly [domain: string, of: T])[], host: string): T | undefined {
	const own = host.toLowerCase();
	const ranked = domains.map(([domain, of]) => ({ rank: rankOf(domain.toLowerCase(), own), of }));
	const best = Math.max(0, ...ranked.map(({ rank }) => rank));
	return best === 0 ? undefined : ranked.find(({ rank }) => rank === best)?.of;
}

/** Above what any domain has of characters. */
const STEP = 1_000_000;

/** 0: it is none of the domain. */
function rankOf(domain: string, host: string): number {
	if (domain === '*') return 1;
	if (domain.startsWith('*'))
		return host.length >= domain.length && host.endsWith(domain.slice(1)) ? 2 * STEP + domain.length : 0;
	if (domain.endsWith('*'))
		return host.length >= domain.length && host.startsWith(domain.slice(0, -1)) ? STEP + domain.length : 0;
	return domain === host ? 3 * STEP : 0;
}
