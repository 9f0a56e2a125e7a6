import { type Finding, failure, unknown, well } from './finding.ts';

/** What a rule takes of the kernel: a match, a target, a table, a type of set. */
export interface KernelPart {
	/** `match owner`. */
	readonly name: string;
	readonly module: string;
	/** Of the kernel's configuration. */
	readonly option: string;
}

/** What tells which parts the kernel has, without making it load any. */
export interface KernelLists {
	readonly loaded: ReadonlySet<string>;
	/** Undefined where the modules' folder is not to be seen, as in a container. */
	readonly installed: ReadonlyMap<string, 'built in' | 'on the disk'> | undefined;
	/** The kernel's configuration; undefined where it is not to be seen. */
	readonly options: ReadonlyMap<string, string> | undefined;
	/** The names of matches and targets that iptables-legacy would find. */
	readonly registered: ReadonlySet<string>;
	/** No module can be loaded any more (kernel.modules_disabled). */
	readonly isSealed: boolean;
}

export interface KernelFacts {
	readonly needed: readonly KernelPart[];
	readonly lists: KernelLists;
	readonly remedyFor: (lacking: readonly KernelPart[]) => string;
}

export function kernelFindings({ needed, lists, remedyFor }: KernelFacts): Finding[] {
	const by = (wanted: Presence) => needed.filter((part) => presenceOf(part, lists) === wanted);
	const [lacking, unseen] = [by('absent'), by('unknown')];
	if (lacking.length > 0) return [failure('kernel', `the kernel lacks ${named(lacking)}`, remedyFor(lacking))];
	if (unseen.length > 0)
		return [
			unknown(
				'kernel',
				`whether the kernel has ${named(unseen)} is not to be seen here, without its modules and its configuration`,
				'turnout enable finds out, and changes nothing where it has not',
			),
		];
	return [well('kernel', `it has all ${needed.length} matches, targets and tables that the rules take`)];
}

const named = (parts: readonly KernelPart[]): string =>
	parts.map(({ name, module }) => `${name} (module ${module})`).join(', ');

type Presence = 'there' | 'absent' | 'unknown';

function presenceOf({ name, module, option }: KernelPart, lists: KernelLists): Presence {
	const installed = lists.installed?.get(module);
	const set = lists.options?.get(option);
	if (lists.registered.has(name) || lists.loaded.has(module) || installed === 'built in' || set === 'y') return 'there';
	if (installed === 'on the disk') return lists.isSealed ? 'absent' : 'there';
	// A module that was left out of the kernel's package, or a part that was left out of the kernel.
	const isLeftOut = lists.installed !== undefined || (lists.options !== undefined && set === undefined);
	return isLeftOut || lists.isSealed ? 'absent' : 'unknown';
}

/** The same for sets, in the words of the condition `lists`; '' where nothing is known to lack. */
export function setObstacle(parts: readonly KernelPart[], lists: KernelLists): string {
	const lacking = parts.find((part) => presenceOf(part, lists) === 'absent');
	return lacking === undefined ? '' : `the kernel lacks the ${lacking.name} (module ${lacking.module})`;
}
