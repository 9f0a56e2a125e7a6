import { families } from '../../values/units.ts';
import type { CgroupAt } from '../cgroup-comment.ts';
import { type Committer, commitUntilKept, readBackFailure, type Wanted } from '../commit.ts';
import type { ApplyOptions, Desired, Firewall, Installation, RuleCheckpoint, RulesByFamily } from '../firewall.ts';
import { renewCgroups } from './cgroup-words.ts';
import { describeTable, remainderAfter, tableOf } from './installed-table.ts';
import type { NftProgram } from './nft-program.ts';
import { type NftTable, noTable, TABLE } from './nft-table.ts';
import { parseListing } from './parse-listing.ts';
import { createReadTable } from './read-table.ts';
import { isRemoved } from './removed-table.ts';
import { renderTable } from './render-table.ts';
import { renderTransactions, tableAfter } from './render-transaction.ts';
import { tableDifferences } from './table-differences.ts';

/** What the host needs of this implementation to open it. */
export interface NftBackend {
	/** `inet turnout`. */
	readonly table: string;
	readonly createFirewall: (program: NftProgram) => Firewall;
	readonly renderInstallations: (rules: RulesByFamily) => readonly Installation[];
}

export const nft: NftBackend = { table: TABLE, createFirewall: createNftFirewall, renderInstallations };

/** One table for both families. The rules change in one transaction; sets are made before it and removed after it. */
export function createNftFirewall(program: NftProgram): Firewall {
	const readTable = createReadTable(program);
	const read = async (signal: AbortSignal) => describeTable(await readTable(signal));
	const commit = async (wanted: Wanted<NftTable>, signal: AbortSignal, options: ApplyOptions = {}) => {
		const committer = committerOf({ ...program, read: readTable }, options);
		return describeTable(await commitUntilKept(committer, wanted, signal, tableOf(options.last)));
	};
	return {
		dialect: 'nft',
		prepare: program.prepare,
		read,
		reread: (_last, _of, signal) => read(signal),
		apply: (desired, signal, options) => commit(wantedBy(desired), signal, options),
		remove: (removal, signal) => commit((found) => remainderAfter(found, removal), signal),
		async takeCheckpoint(signal) {
			return { ipv4: await program.read(signal), ipv6: '' };
		},
		restore: (checkpoint, signal) => commit(wantedAt(checkpoint, program.cgroupAt), signal),
		namesakes: async () => [],
	};
}

const wantedBy = (desired: Desired): Wanted<NftTable> =>
	typeof desired === 'function' ? (found) => renderTable(desired(describeTable(found))) : () => renderTable(desired);

/** Both families are in the one listing. */
function wantedAt({ ipv4: listing }: RuleCheckpoint, cgroupAt: CgroupAt): Wanted<NftTable> {
	const then = renewCgroups(parseListing(listing), cgroupAt);
	const wasOn = families.some((family) => !isRemoved(then, family));
	return (found) => (wasOn ? { ...then, sets: [], others: [] } : remainderAfter(found, { keepConntrack: true }));
}

interface TableProgram extends Pick<NftProgram, 'commit' | 'cgroupAt'> {
	readonly read: (signal: AbortSignal) => Promise<NftTable>;
}

function committerOf({ read, commit, cgroupAt }: TableProgram, { isInterim }: ApplyOptions): Committer<NftTable> {
	const change = async (found: NftTable, wanted: NftTable, signal: AbortSignal): Promise<void> => {
		for (const document of renderTransactions(found, wanted)) await commit(document, signal);
	};
	/** Resolves to what is there, without the sets that no rule looks up any more. */
	const tidy = async (signal: AbortSignal): Promise<NftTable> => {
		const after = await read(signal);
		const unused = after.sets.filter(({ isUsed }) => !isUsed);
		if (unused.length === 0) return after;
		await commit(unused.map(({ name }) => `delete set ${TABLE} ${name}\n`).join(''), signal);
		return { ...after, sets: after.sets.filter(({ isUsed }) => isUsed) };
	};
	return {
		read,
		isAsWanted: isSame,
		isSame,
		async commit(found, wanted, signal) {
			if (isSame(found, wanted)) return found;
			await change(found, wanted, signal);
			// The second of two changes reads what is there.
			if (isInterim === true) return tableAfter(found, wanted);
			const after = await tidy(signal);
			const { ipv4, ipv6 } = tableDifferences(after, wanted);
			const [first] = [...ipv4, ...ipv6];
			if (first !== undefined) throw readBackFailure(`the table ${TABLE}`, first);
			return after;
		},
		async rollBack(former) {
			const before = renewCgroups(former, cgroupAt);
			const signal = AbortSignal.timeout(ROLLBACK_TIMEOUT_MS);
			// The caller throws the failure that led here.
			await read(signal)
				.then((now) => (isSame(now, before) ? undefined : change(now, before, signal).then(() => tidy(signal))))
				.catch(() => undefined);
		},
	};
}

const ROLLBACK_TIMEOUT_MS = 10_000;

function isSame(a: NftTable, b: NftTable): boolean {
	const differences = tableDifferences(a, b);
	return families.every((family) => differences[family].length === 0);
}

/** For both families, for `nft --file`. */
function renderInstallations(rules: RulesByFamily): readonly Installation[] {
	const [document, sets] = renderTransactions(noTable, renderTable(rules)).toReversed();
	return document === undefined ? [] : [{ family: 'inet', document, ...(sets === undefined ? {} : { sets }) }];
}
