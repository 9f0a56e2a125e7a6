import { Protocol } from 'netlink/dist/constants.js';
import type { IptablesProgram } from '../../firewall/iptables/iptables-program.ts';
import { systemClock } from '../../lib/clock.ts';
import { createSingleFlight } from '../../lib/single-flight.ts';
import { type Family, families } from '../../values/units.ts';
import { createKeptSocket } from '../netlink/kept-socket.ts';
import { readGeneration } from '../nft/nft-rules.ts';

/** Another number after each commit; undefined where the kernel does not say. */
export type Generation = () => Promise<number | undefined>;

interface Kept {
	readonly text: Promise<string>;
	readonly isUnchanged: Promise<() => Promise<boolean>>;
}

/**
 * For commands, which read the same rules several times within moments: the first read begins at once, while the start does
 * other things, and what was read is taken again while nothing has changed.
 */
export function readOnce(
	program: IptablesProgram,
	signal: AbortSignal,
	generation: Generation = createGenerationReader(),
): IptablesProgram {
	const kept = new Map<Family, Kept>();
	const watch = program.dialect === 'iptables-legacy' ? watchTime : () => watchGeneration(generation);
	const begin = (family: Family, readSignal: AbortSignal): Promise<string> => {
		const isUnchanged = watch();
		const text = isUnchanged.then(() => program.read(family, readSignal));
		const entry = { text, isUnchanged };
		kept.set(family, entry);
		// The reader gets the failure; there may be none.
		text.catch(() => (kept.get(family) === entry ? kept.delete(family) : false));
		return text;
	};
	for (const family of families) begin(family, signal);
	return {
		...program,
		async read(family, readSignal) {
			const last = kept.get(family);
			const isUnchanged = await last?.isUnchanged;
			return last !== undefined && (await isUnchanged?.()) === true ? last.text : begin(family, readSignal);
		},
		commit: (family, document, commitSignal) =>
			program.commit(family, document, commitSignal).finally(() => kept.delete(family)),
	};
}

/** iptables-legacy does not tell whether others have changed rules: an older read is no answer. */
const FRESH_MS = 500;

async function watchTime(): Promise<() => Promise<boolean>> {
	const begunMs = systemClock.nowMs();
	return async () => systemClock.nowMs() - begunMs < FRESH_MS;
}

async function watchGeneration(generation: Generation): Promise<() => Promise<boolean>> {
	const before = await generation();
	return async () => before !== undefined && before === (await generation());
}

function createGenerationReader(): Generation {
	const socket = createKeptSocket(Protocol.NETFILTER);
	return createSingleFlight(() => socket.over(readGeneration));
}
