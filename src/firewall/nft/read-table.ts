import type { NftProgram } from './nft-program.ts';
import type { NftTable } from './nft-table.ts';
import { parseListing } from './parse-listing.ts';

/**
 * Reads our table; while nobody commits anything only its counters. The generation is read first, so that the table may be of
 * a later one and is then read again.
 */
export function createReadTable({
	read,
	generation,
	counters,
}: NftProgram): (signal: AbortSignal) => Promise<NftTable> {
	let last: { readonly generation: number | undefined; readonly table: NftTable } | undefined;
	return async (signal) => {
		const now = await generation();
		const counted = now !== undefined && now === last?.generation ? await counters() : undefined;
		if (last !== undefined && counted !== undefined) return { ...last.table, counters: counted };
		const table = parseListing(await read(signal));
		last = { generation: now, table };
		return table;
	};
}
