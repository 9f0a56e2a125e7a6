// iptables without a kernel: it understands the documents of iptables-restore as far as ours and our neighbours' go, and passes the
// same contract as the real programs (test/contract/iptables-program.test.ts).
import { Failure } from '../../src/failure.ts';
import type { Firewall, IptablesDialect } from '../../src/firewall/firewall.ts';
import { createIptablesFirewall } from '../../src/firewall/iptables/iptables-firewall.ts';
import type { IptablesProgram } from '../../src/firewall/iptables/iptables-program.ts';
import { optionsOf } from '../../src/firewall/iptables/save-line.ts';
import { type Family, families } from '../../src/values/units.ts';
import { createMemorySets, type MemorySets } from './memory-sets.ts';

export interface MemoryOptions {
	readonly dialect?: IptablesDialect;
	/** Called before each commit; what it throws is the commit's failure, what it edits was done by somebody else. */
	readonly onCommit?: (family: Family, document: string) => void;
	/** Called before each table of a commit; what it throws is the commit's failure, after the tables before it. */
	readonly onTable?: (family: Family, table: string) => void;
	/** Called after each commit. */
	readonly afterCommit?: (family: Family) => void;
	/** Called before each read. */
	readonly onRead?: (family: Family) => void;
	/** Called by each check; what it throws is the check's failure. */
	readonly onCheck?: (family: Family) => void;
	/** How this version of iptables prints a rule. */
	readonly spell?: (rule: string) => string;
	/** The host's, by their paths. */
	readonly cgroups?: ReadonlyMap<string, number>;
}

interface Memory {
	/** Somebody else commits a document. */
	readonly edit: (family: Family, document: string) => void;
	/** What was committed through the interface. */
	readonly commits: readonly { readonly family: Family; readonly document: string }[];
	/** Both families as they are now. */
	readonly text: () => string;
}

export interface MemoryIptables extends IptablesProgram, Memory {
	readonly sets: MemorySets;
}

/** A firewall on top of them. */
export interface MemoryFirewall extends Firewall, Memory {
	readonly program: MemoryIptables;
}

export function createMemoryFirewall(options: MemoryOptions = {}): MemoryFirewall {
	const program = createMemoryIptables(options);
	const { edit, commits, text } = program;
	return { ...createIptablesFirewall(program), program, edit, commits, text };
}

export function createMemoryIptables(options: MemoryOptions = {}): MemoryIptables {
	const {
		dialect = 'iptables-nft',
		onCommit,
		onTable,
		afterCommit,
		onCheck,
		onRead,
		spell = String,
		cgroups = new Map(),
	} = options;
	const sets = createMemorySets((name) => families.some((family) => print(family).includes(` --match-set ${name} `)));
	const kernel = { ipv4: new Map<string, Table>(), ipv6: new Map<string, Table>() };
	const commits: { family: Family; document: string }[] = [];
	const edit = (family: Family, document: string, onTable?: MemoryOptions['onTable']): void => {
		for (const { name, lines } of tablesOf(document)) {
			onTable?.(family, name);
			kernel[family].set(name, changed(kernel[family].get(name), name, lines));
		}
	};
	const print = (family: Family): string =>
		[...kernel[family]].map(([name, table]) => printed(name, table, spell)).join('');

	function changed(before: Table | undefined, name: string, lines: readonly string[]): Table {
		const draft = structuredClone(before) ?? emptyTable(name);
		for (const line of lines) execute(draft, line, { dialect, spell, cgroups });
		requireTargets(draft);
		if (dialect === 'iptables-legacy') requireCgroups(draft, cgroups);
		requireSets(draft, sets);
		return draft;
	}

	return {
		dialect,
		sets,
		cgroupAt: (path) => cgroups.get(path),
		commits,
		edit,
		name: (family) => (family === 'ipv4' ? 'iptables' : 'ip6tables'),
		text: () => families.map((family) => `# ${family}\n${print(family)}`).join(''),
		async read(family) {
			onRead?.(family);
			return print(family);
		},
		hasMangleChain: async (family, chain) =>
			dialect === 'iptables-legacy' || kernel[family].get('mangle')?.made.has(chain) === true,
		async check(family) {
			onCheck?.(family);
		},
		async commit(family, document) {
			onCommit?.(family, document);
			edit(family, document, onTable);
			commits.push({ family, document });
			afterCommit?.(family);
		},
	};
}

interface Table {
	readonly chains: Map<string, { policy: string; rules: string[] }>;
	/** Built-in chains that have been needed. */
	readonly made: Set<string>;
}

const builtIn: Readonly<Record<string, readonly string[]>> = {
	filter: ['INPUT', 'FORWARD', 'OUTPUT'],
	nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
	mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
};

const emptyTable = (name: string): Table => ({
	chains: new Map((builtIn[name] ?? []).map((chain) => [chain, { policy: 'ACCEPT', rules: [] }])),
	made: new Set(),
});

function tablesOf(document: string): { readonly name: string; readonly lines: readonly string[] }[] {
	return [...document.matchAll(/^\*(\w+)\n(.*?)^COMMIT\n/gms)].map(([, name = '', body = '']) => {
		return { name, lines: body.split('\n').filter((line) => line !== '' && !line.startsWith('#')) };
	});
}

type Ways = Required<Pick<MemoryOptions, 'dialect' | 'spell' | 'cgroups'>>;

function execute(table: Table, line: string, ways: Ways): void {
	const [, verb = '', chain = '', rest = ''] = /^(:|-[AIDFX] )(\S+) ?(.*)$/.exec(line) ?? [];
	const act = verbs[verb.trim()];
	if (act === undefined) throw refused(line, 'unknown command');
	act(table, { line, chain, rest, ...ways });
}

interface Command extends Ways {
	readonly line: string;
	readonly chain: string;
	readonly rest: string;
}

const verbs: Readonly<Record<string, (table: Table, command: Command) => void>> = {
	':'(table, { chain, rest }) {
		const [policy = '-'] = rest.split(' ');
		const before = table.chains.get(chain);
		// Under --noflush a built-in chain keeps its rules, and one of a user's is emptied.
		table.chains.set(chain, { policy, rules: policy === '-' ? [] : (before?.rules ?? []) });
	},
	'-A'(table, command) {
		requireCgroup(command.rest, command.cgroups);
		rulesOf(table, command).push(command.rest);
		table.made.add(command.chain);
	},
	'-I'(table, command) {
		const [, place = '1', rule = ''] = /^(?:(\d+) )?(.*)$/.exec(command.rest) ?? [];
		requireCgroup(rule, command.cgroups);
		const rules = rulesOf(table, command);
		if (Number(place) > rules.length + 1) throw refused(command.line, 'index of insertion too big');
		rules.splice(Number(place) - 1, 0, rule);
		table.made.add(command.chain);
	},
	'-D'(table, command) {
		const rules = rulesOf(table, command);
		const isSame = (rule: string) => rule === command.rest || command.spell(rule) === command.rest;
		const at = /^\d+$/.test(command.rest) ? Number(command.rest) - 1 : rules.findIndex(isSame);
		if (at === -1 || at >= rules.length) throw refused(command.line, 'no such rule');
		rules.splice(at, 1);
	},
	'-F'(table, command) {
		rulesOf(table, command).length = 0;
	},
	'-X'(table, command) {
		const isBuiltIn = table.chains.get(command.chain)?.policy !== '-';
		if (rulesOf(table, command).length > 0) throw refused(command.line, 'the chain is not empty');
		if (isBuiltIn && command.dialect === 'iptables-legacy') throw refused(command.line, 'the chain is built in');
		table.made.delete(command.chain);
		if (!isBuiltIn) table.chains.delete(command.chain);
	},
};

function rulesOf(table: Table, { chain, line }: Command): string[] {
	const found = table.chains.get(chain);
	if (found === undefined) throw refused(line, 'no such chain');
	return found.rules;
}

/** A jump to a chain that is not there, or not any more. */
function requireTargets({ chains }: Table): void {
	for (const [chain, { rules }] of chains)
		for (const rule of rules) {
			const [, target = ''] = / ?-[jg] (\S+)(?: --to-ports \d+)?$/.exec(rule) ?? [];
			if (target.startsWith('APPMESH_') && !chains.has(target)) throw refused(`-A ${chain} ${rule}`, 'no such target');
		}
}

/** It writes all of a table anew, rules of before included. */
function requireCgroups({ chains }: Table, cgroups: ReadonlyMap<string, number>): void {
	for (const rule of [...chains.values()].flatMap(({ rules }) => rules)) requireCgroup(rule, cgroups);
}

/** The kernel looks it up when it takes the rule. */
function requireCgroup(rule: string, cgroups: ReadonlyMap<string, number>): void {
	const path = optionsOf(rule).find(({ name }) => name === '--path')?.values[0];
	if (path !== undefined && !cgroups.has(path)) throw refused(rule, 'Invalid argument');
}

function requireSets({ chains }: Table, sets: MemorySets): void {
	for (const [chain, { rules }] of chains)
		for (const rule of rules) {
			const [, name] = / --match-set (\S+) /.exec(rule) ?? [];
			if (name !== undefined && !sets.held.has(name)) throw refused(`-A ${chain} ${rule}`, 'no such set');
		}
}

const refused = (line: string, why: string): Failure =>
	new Failure('firewall', `Cannot commit the rules: iptables-restore refused at "${line}": ${why}`, 'None in a memory');

function printed(name: string, { chains }: Table, spell: (rule: string) => string): string {
	const declared = [...chains].map(([chain, { policy }]) => `:${chain} ${policy} [0:0]`);
	const rules = [...chains].flatMap(([chain, own]) => own.rules.map((rule) => `[0:0] -A ${chain} ${spell(rule)}`));
	return `*${name}\n${[...declared, ...rules].map((line) => `${line}\n`).join('')}COMMIT\n`;
}
