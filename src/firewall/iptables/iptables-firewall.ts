import { byFamily, type Family, families } from '../../values/units.ts';
import type { CgroupAt } from '../cgroup-comment.ts';
import type {
	ApplyOptions,
	ChainNames,
	Desired,
	Firewall,
	Installation,
	Namesake,
	RuleCheckpoint,
	RulesByFamily,
} from '../firewall.ts';
import { commitRules, readRules, type WantedRules } from './apply-rules.ts';
import { readSets } from './apply-sets.ts';
import { claimHooks } from './claim.ts';
import { isRemoved } from './conntrack-anchor.ts';
import { describeInstalled, remainderAfter, renderBoth, rulesOf } from './installed.ts';
import { parseSets, renderSets, type SetNames, setNames } from './ip-set.ts';
import type { IptablesProgram } from './iptables-program.ts';
import { emptyRules, ownChains } from './iptables-rules.ts';
import { parseNamesakes } from './namesakes.ts';
import { parseIptablesSave } from './parse-save.ts';
import { renderIptables } from './render-rules.ts';
import { renewCgroups } from './renew-cgroups.ts';
import { renderRestoreDocument } from './restore-document.ts';

/** What the host needs of this implementation to open the firewalls that are installed. */
export interface IptablesBackend {
	readonly ownChains: ChainNames;
	readonly setNames: SetNames;
	readonly createFirewall: (program: IptablesProgram) => Firewall;
	readonly renderInstallations: (rules: RulesByFamily) => readonly Installation[];
}

export const iptables: IptablesBackend = {
	ownChains,
	setNames,
	createFirewall: createIptablesFirewall,
	renderInstallations,
};

export function createIptablesFirewall(program: IptablesProgram): Firewall {
	const read = (signal: AbortSignal) => readRules(program, signal);
	const unchecked = { ...program, check: async () => undefined };
	const accepted = new Set<Family>();
	const commit = async (wanted: WantedRules, signal: AbortSignal, options: ApplyOptions = {}) => {
		const { last, skipCheck, isInterim } = options;
		const how = { last: rulesOf(last), isInterim, accepted };
		return describeInstalled(await commitRules(skipCheck === true ? unchecked : program, wanted, signal, how));
	};
	return {
		dialect: program.dialect,
		read: async (signal) => describeInstalled(await read(signal)),
		async reread(last, of, signal) {
			const before = rulesOf(last);
			return describeInstalled(await readRules(program, signal, before === undefined ? {} : { before, of }));
		},
		apply: (desired, signal, options) => commit(wantedBy(desired), signal, options),
		remove: (removal, signal) => commit((found) => remainderAfter(found, removal), signal),
		async claim(others, last, of, signal) {
			return claimHooks(program, others, rulesOf(last) ?? (await read(signal)), of, signal);
		},
		takeCheckpoint: (signal) => takeCheckpoint(program, signal),
		restore: (checkpoint, signal) => commit(wantedAt(checkpoint, program.cgroupAt), signal),
		namesakes: async (signal) =>
			(await Promise.all(families.map((family) => namesakesOf(program, family, signal)))).flat(),
	};
}

const wantedBy = (desired: Desired): WantedRules =>
	typeof desired === 'function' ? (found) => renderBoth(desired(describeInstalled(found))) : () => renderBoth(desired);

/** The whole text, rules of others included: ours stood at their places among them. */
async function takeCheckpoint(program: IptablesProgram, signal: AbortSignal): Promise<RuleCheckpoint> {
	const sets = await readSets(program.sets);
	const saved = async (family: Family) => {
		const text = await program.read(family, signal);
		const { chains, hooks } = parseIptablesSave(text);
		return chains.length + hooks.length === 0 ? '' : text + renderSets(sets[family].filter(({ isUsed }) => isUsed));
	};
	const [ipv4, ipv6] = await Promise.all([saved('ipv4'), saved('ipv6')]);
	return { ipv4, ipv6 };
}

function wantedAt(checkpoint: RuleCheckpoint, cgroupAt: CgroupAt): WantedRules {
	const then = byFamily((family) => {
		const text = checkpoint[family];
		return { ...renewCgroups(parseIptablesSave(text), cgroupAt), sets: parseSets(text) };
	});
	const wasOn = families.some((family) => !isRemoved(then[family]));
	return (found) => (wasOn ? then : remainderAfter(found, { keepConntrack: true }));
}

/** What cannot be read is left out: nobody depends on it. */
async function namesakesOf(program: IptablesProgram, family: Family, signal: AbortSignal): Promise<Namesake[]> {
	const saved = await program.read(family, signal).catch(() => '');
	return parseNamesakes(saved).map(({ table, chain, removal }) => ({
		...{ family, table, chain },
		removal: removal.map((args) => `${program.name(family)} ${args}`),
	}));
}

/** For `ipset restore`, `iptables-restore --noflush` and `ip6tables-restore --noflush`. */
function renderInstallations(desired: RulesByFamily): readonly Installation[] {
	const all = families.map((family) => {
		const rules = renderIptables(desired[family]);
		const document = renderRestoreDocument(emptyRules, rules);
		return { family, document, ...(rules.sets === undefined ? {} : { sets: renderSets(rules.sets) }) };
	});
	return all.filter(({ document }) => document !== '');
}
