// nft without a kernel: it understands the documents for `nft --file` as far as ours and our neighbours' go, one transaction each,
// and passes the same contract as the real program (test/contract/nft-program.test.ts).
import { Failure } from '../../src/failure.ts';
import type { Firewall } from '../../src/firewall/firewall.ts';
import type { Json } from '../../src/firewall/foreign/nft-json.ts';
import { createNftFirewall } from '../../src/firewall/nft/nft-firewall.ts';
import type { NftProgram } from '../../src/firewall/nft/nft-program.ts';
import { operandOf, type ParsedRule, parseRule } from './nft-expressions.ts';

export interface MemoryNftOptions {
	/** Called before each commit; what it throws is the commit's failure, what it edits was done by somebody else. */
	readonly onCommit?: (document: string) => void;
	/** Called after each commit. */
	readonly afterCommit?: () => void;
	/** Called before each listing. */
	readonly onRead?: () => void;
	/** How this version of nft prints a statement. */
	readonly spell?: (statement: Json) => Json;
	/** The kernel does not tell what is asked without nft. */
	readonly isSilent?: boolean;
	/** The host's, by their paths. */
	readonly cgroups?: ReadonlyMap<string, number>;
}

export interface MemoryNft extends NftProgram {
	/** Somebody else commits a document. */
	readonly edit: (document: string) => void;
	/** The named counter sees packets. */
	readonly count: (counter: string, packets: number) => void;
	/** What was committed through the interface. */
	readonly commits: readonly string[];
}

/** A firewall on top of it. */
export interface MemoryNftFirewall extends Firewall {
	readonly program: MemoryNft;
}

export function createMemoryNftFirewall(options: MemoryNftOptions = {}): MemoryNftFirewall {
	const program = createMemoryNft(options);
	return { ...createNftFirewall(program), program };
}

export function createMemoryNft(options: MemoryNftOptions = {}): MemoryNft {
	const {
		onCommit,
		afterCommit,
		onRead,
		spell = (statement: Json) => statement,
		isSilent = false,
		cgroups = new Map(),
	} = options;
	const kernel: Kernel = { generation: 1, table: undefined };
	const commits: string[] = [];
	const edit = (document: string): void => {
		const draft = { table: structuredClone(kernel.table) };
		for (const command of commandsOf(withCgroupIds(document, cgroups))) execute(draft, command);
		requireWhole(draft.table);
		kernel.table = draft.table;
		kernel.generation += 1;
	};
	return {
		prepare: () => undefined,
		cgroupAt: (path) => cgroups.get(path),
		commits,
		edit,
		count(counter, packets) {
			const counted = kernel.table?.counters.get(counter);
			if (counted !== undefined) kernel.table?.counters.set(counter, counted + packets);
		},
		async read() {
			onRead?.();
			return kernel.table === undefined
				? ''
				: listed(kernel.table, (statement) => spell(withCgroupPath(statement, cgroups)));
		},
		async commit(document) {
			onCommit?.(document);
			edit(document);
			commits.push(document);
			afterCommit?.();
		},
		generation: async () => (isSilent ? undefined : kernel.generation),
		counters: async () => (isSilent ? undefined : new Map(kernel.table?.counters)),
	};
}

interface Kernel {
	generation: number;
	table: Table | undefined;
}

interface Chain {
	readonly base: string;
	rules: string[];
}

interface Table {
	flags: string;
	readonly chains: Map<string, Chain>;
	/** By name, the packets seen. */
	readonly counters: Map<string, number>;
	/** By name, what was declared. */
	readonly sets: Map<string, SetOf>;
}

interface SetOf {
	readonly type: string;
	readonly flags: readonly string[];
	elements: readonly string[];
}

const NAME = 'inet turnout';

/** A block of a document, with what is declared in it, or a line. */
interface Command {
	readonly line: string;
	readonly body: readonly string[];
}

function commandsOf(document: string): Command[] {
	const commands: { line: string; body: string[] }[] = [];
	let isInside = false;
	for (const line of document.split('\n').filter((each) => each.trim() !== '')) {
		if (isInside && line === '}') isInside = false;
		else if (isInside) commands.at(-1)?.body.push(line.trim());
		else {
			isInside = line.endsWith(' {');
			commands.push({ line: line.replace(/ \{$/, '').trim(), body: [] });
		}
	}
	if (isInside) throw refused(document, 'syntax error, unexpected end of file');
	return commands;
}

type Draft = Pick<Kernel, 'table'>;

function execute(draft: Draft, { line, body }: Command): void {
	for (const [pattern, act] of verbs) {
		const [whole, ...parts] = pattern.exec(line) ?? [];
		if (whole === undefined) continue;
		act(draft, parts.map(String), { line, body });
		return;
	}
	throw refused(line, 'syntax error');
}

const emptyTable = (): Table => ({ flags: '', chains: new Map(), counters: new Map(), sets: new Map() });
const tableIn = ({ table }: Draft, line: string): Table => table ?? fail(line, 'No such file or directory');
const chainOf = (draft: Draft, name: string, line: string): Chain =>
	tableIn(draft, line).chains.get(name) ?? fail(line, 'No such file or directory');

type Act = (draft: Draft, parts: readonly string[], command: Command) => void;

const verbs: readonly (readonly [RegExp, Act])[] = [
	[
		new RegExp(`^(?:add )?table ${NAME}$`),
		(draft, _, { body }) => {
			draft.table ??= emptyTable();
			for (const block of blocksOf(body)) declare(draft.table, block);
		},
	],
	[
		new RegExp(`^add table ${NAME} \\{ flags dormant; \\}$`),
		(draft) => {
			draft.table ??= emptyTable();
			draft.table.flags = 'dormant';
		},
	],
	[
		new RegExp(`^delete table ${NAME}$`),
		(draft, _, { line }) => {
			tableIn(draft, line);
			draft.table = undefined;
		},
	],
	[
		new RegExp(`^flush table ${NAME}$`),
		(draft, _, { line }) => {
			for (const chain of tableIn(draft, line).chains.values()) chain.rules = [];
		},
	],
	[
		new RegExp(`^flush chain ${NAME} (\\S+)$`),
		(draft, [name = ''], { line }) => {
			chainOf(draft, name, line).rules = [];
		},
	],
	[
		new RegExp(`^delete chain ${NAME} (\\S+)$`),
		(draft, [name = ''], { line }) => {
			if (chainOf(draft, name, line).rules.length > 0) fail(line, 'Device or resource busy');
			tableIn(draft, line).chains.delete(name);
		},
	],
	[
		new RegExp(`^delete counter ${NAME} (\\S+)$`),
		(draft, [name = ''], { line }) => {
			const { chains, counters } = tableIn(draft, line);
			const isUsed = [...chains.values()].some(({ rules }) => rules.some((rule) => parsed(rule).counter === name));
			if (isUsed) fail(line, 'Device or resource busy');
			if (!counters.delete(name)) fail(line, 'No such file or directory');
		},
	],
	[
		new RegExp(`^(add|insert) rule ${NAME} (\\S+) (.*)$`),
		(draft, [verb = '', name = '', rule = ''], { line }) => {
			parsed(rule);
			const { rules } = chainOf(draft, name, line);
			if (verb === 'add') rules.push(rule);
			else rules.unshift(rule);
		},
	],
	[
		new RegExp(`^(add|create) set ${NAME} (\\S+) \\{ (.*) \\}$`),
		(draft, [verb = '', name = '', declared = ''], { line }) => {
			const { sets } = tableIn(draft, line);
			if (verb === 'create' && sets.has(name)) fail(line, 'File exists');
			sets.set(name, sets.get(name) ?? setOf(declared));
		},
	],
	[
		new RegExp(`^delete set ${NAME} (\\S+)$`),
		(draft, [name = ''], { line }) => {
			const { chains, sets } = tableIn(draft, line);
			const isUsed = [...chains.values()].some(({ rules }) => rules.some((rule) => parsed(rule).sets.includes(name)));
			if (isUsed) fail(line, 'Device or resource busy');
			if (!sets.delete(name)) fail(line, 'No such file or directory');
		},
	],
	[
		new RegExp(`^flush set ${NAME} (\\S+)$`),
		(draft, [name = ''], { line }) => {
			setIn(draft, name, line).elements = [];
		},
	],
	[
		new RegExp(`^(add|delete) element ${NAME} (\\S+) ?(.*)$`),
		(draft, [verb = '', name = '', list = ''], { line, body }) => {
			const set = setIn(draft, name, line);
			const named = elementsOf([list, ...body].join());
			const others = set.elements.filter((each) => !named.includes(each));
			set.elements = verb === 'add' ? [...others, ...named] : others;
		},
	],
];

const setIn = (draft: Draft, name: string, line: string): SetOf =>
	tableIn(draft, line).sets.get(name) ?? fail(line, 'No such file or directory');

/** By what is between the braces of its declaration. */
function setOf(declared: string): SetOf {
	const [, type = ''] = /type (\S+);/.exec(declared) ?? [];
	const [, flags] = /flags (\S+);/.exec(declared) ?? [];
	return { type, flags: flags?.split(',') ?? [], elements: [] };
}

const elementsOf = (list: string): string[] => list.replace(/[{} ]/g, '').split(',').filter(Boolean);

interface Block {
	readonly kind: string;
	readonly name: string;
	readonly lines: readonly string[];
}

function blocksOf(body: readonly string[]): Block[] {
	const blocks: { kind: string; name: string; lines: string[] }[] = [];
	for (const line of body) {
		const [, kind, name] = /^(counter|chain) (\S+) \{$/.exec(line) ?? [];
		if (kind !== undefined && name !== undefined) blocks.push({ kind, name, lines: [] });
		else if (line !== '}') blocks.at(-1)?.lines.push(line);
	}
	return blocks;
}

/** What is there already goes on: a counter with what it has counted, a chain with its rules before the new ones. */
function declare(table: Table, { kind, name, lines }: Block): void {
	if (kind === 'counter') {
		table.counters.set(name, table.counters.get(name) ?? 0);
		return;
	}
	const isBase = lines[0]?.startsWith('type ') === true;
	const base = isBase ? (lines[0] ?? '') : '';
	const before = table.chains.get(name);
	if (before !== undefined && isBase && before.base !== base) fail(`chain ${name}`, 'Device or resource busy');
	const rules = lines.slice(isBase ? 1 : 0);
	for (const rule of rules) parsed(rule);
	table.chains.set(name, { base: before?.base ?? base, rules: [...(before?.rules ?? []), ...rules] });
}

const parsed = (rule: string): ParsedRule => parseRule(rule) ?? fail(rule, 'syntax error');

/** A jump to a chain that is not there, or not any more; and so of a counter. */
function requireWhole(table: Table | undefined): void {
	for (const rule of [...(table?.chains.values() ?? [])].flatMap(({ rules }) => rules)) {
		const { jumpsTo, counter, sets } = parsed(rule);
		if (jumpsTo !== undefined && !table?.chains.has(jumpsTo)) fail(rule, 'No such file or directory');
		if (counter !== undefined && !table?.counters.has(counter)) fail(rule, 'No such file or directory');
		if (sets.some((set) => !table?.sets.has(set))) fail(rule, 'No such file or directory');
	}
}

function fail(line: string, why: string): never {
	throw refused(line, why);
}

const refused = (line: string, why: string): Failure =>
	new Failure('firewall', `Cannot commit the rules: nft refused at "${line}": ${why}`, 'None in a memory');

/** Of a disabled table nothing but that. */
function listed({ flags, chains, counters, sets }: Table, spell: (statement: Json) => Json): string {
	if (flags !== '') return JSON.stringify({ nftables: [{ table: { flags } }] });
	const place = { family: 'inet', table: 'turnout' };
	const objects: Json[] = [
		{ metainfo: { version: '1.0.6', release_name: 'in memory', json_schema_version: 1 } },
		{ table: { family: 'inet', name: 'turnout', handle: 1 } },
		...[...counters].map(([name, packets]) => ({ counter: { ...place, name, packets, bytes: 60 * packets } })),
		...[...sets].map(([name, set]) => ({ set: { ...place, name, handle: 1, ...listedSet(set) } })),
		...[...chains].map(([name, { base }]) => ({ chain: { ...place, name, ...baseOf(base) } })),
		...[...chains].flatMap(([chain, { rules }]) =>
			rules.map((text): Json => {
				const { expr, comment } = parsed(text);
				return { rule: { ...place, chain, ...(comment === undefined ? {} : { comment }), expr: expr.map(spell) } };
			}),
		),
	];
	return JSON.stringify({ nftables: objects });
}

/** A rule keeps the number that the path has when it is made. */
const withCgroupIds = (document: string, cgroups: ReadonlyMap<string, number>): string =>
	document.replace(/ cgroupv2 level (\d+) "([^"]+)"/g, (words, level, path) => {
		const id = cgroups.get(`/${path}`) ?? fail(words, 'cgroupv2 path fails: No such file or directory');
		return ` cgroupv2 level ${level} "#${id}"`;
	});

/** It is listed by the path that has the number now, or else by the number. */
function withCgroupPath(statement: Json, cgroups: ReadonlyMap<string, number>): Json {
	const [, id] = /"right":"#(\d+)"/.exec(JSON.stringify(statement)) ?? [];
	if (id === undefined) return statement;
	const [path] = [...cgroups].find(([, each]) => each === Number(id)) ?? [`/${id}`];
	return JSON.parse(JSON.stringify(statement).replace(`"#${id}"`, JSON.stringify(path.slice(1))));
}

const listedSet = ({ type, flags, elements }: SetOf): { readonly [key: string]: Json } => ({
	type,
	...(flags.length === 0 ? {} : { flags }),
	...(elements.length === 0 ? {} : { elem: elements.map(operandOf) }),
});

function baseOf(base: string): { readonly [key: string]: Json } {
	const [, type, hook, prio, policy] = /^type (\w+) hook (\w+) priority (-?\d+); policy (\w+);$/.exec(base) ?? [];
	if (type === undefined || hook === undefined || policy === undefined) return {};
	return { type, hook, prio: Number(prio), policy };
}
