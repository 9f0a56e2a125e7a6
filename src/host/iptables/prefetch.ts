import { Protocol } from 'netlink/dist/constants.js';
import type { Dialect } from '../../firewall/firewall.ts';
import type { IptablesProgram } from '../../firewall/iptables/iptables-program.ts';
import { families } from '../../values/units.ts';
import { openNetlink } from '../netlink/open-socket.ts';
import { readGeneration } from '../nft/nft-rules.ts';

/** Begins the first read at once, while the start does other things. */
export function prefetch(program: IptablesProgram, signal: AbortSignal): IptablesProgram {
	const isUnchanged = watchRules(program.dialect);
	const ahead = new Map(families.map((family) => [family, program.read(family, signal)]));
	// The reader gets the failure; there may be none.
	for (const reading of ahead.values()) reading.catch(() => undefined);
	return {
		...program,
		async read(family, readSignal) {
			const first = ahead.get(family);
			ahead.delete(family);
			return first !== undefined && (await isUnchanged()) ? first : program.read(family, readSignal);
		},
	};
}

/** iptables-legacy does not tell whether rules have changed: an older read is no answer. */
const AHEAD_MS = 500;

/** Tells later whether the rules are still those of now. */
function watchRules(dialect: Dialect): () => Promise<boolean> {
	const begunMs = performance.now();
	if (dialect === 'iptables-legacy') return async () => performance.now() - begunMs < AHEAD_MS;
	const before = askGeneration();
	return async () => (await before) !== undefined && (await before) === (await askGeneration());
}

async function askGeneration(): Promise<number | undefined> {
	const socket = openNetlink(Protocol.NETFILTER);
	try {
		return await readGeneration(socket);
	} catch {
		return undefined;
	} finally {
		socket.close();
	}
}
