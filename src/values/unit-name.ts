import { quote } from '../lib/escape.ts';
import { parseEach, unique } from './units.ts';

/** A unit of systemd by its name, or a cgroup by its path: whose processes are meant. Only `parseUnits` makes these. */
export type Unit = string & { readonly parsed: 'unit' };

/** The cgroup of a unit that is there. A unit that starts again has another one, at the same path. */
export interface UnitCgroup {
	readonly unit: Unit;
	/** Below the root of all, such as `/system.slice/docker.service`. */
	readonly path: string;
	/** The kernel's, never given twice. */
	readonly id: number;
}

export const UNITS_ALLOWED =
	'names of units such as docker.service, system.slice or init.scope, and paths of cgroups such as /system.slice/docker.service, separated by commas';

/** XT_CGROUP path of struct xt_cgroup_info_v2 (linux/netfilter/xt_cgroup.h), without the zero at its end. */
const LONGEST_PATH = 511;
/** NAME_MAX (linux/limits.h); systemd.unit(5) has the same limit. */
const LONGEST_NAME = 255;

export const parseUnits = (text: string): Unit[] => unique(parseEach(text, parseUnit), String);

export function isUnit(text: string): boolean {
	try {
		return parseUnits(text).length === 1;
	} catch {
		return false;
	}
}

function parseUnit(text: string): Unit {
	if (text.startsWith('/')) requirePath(text);
	else requireName(text);
	return text as Unit;
}

function requirePath(text: string): void {
	const parts = text.slice(1).split('/');
	if (!parts.every(isName)) throw new Error(`${quote(text)} is not the path of a cgroup`);
	if (text.length > LONGEST_PATH) throw new Error(`${quote(text)} is longer than ${LONGEST_PATH} characters`);
}

function requireName(text: string): void {
	if (!isName(text) || !/[^.]\.(service|slice|scope)$/.test(text))
		throw new Error(`${quote(text)} is neither a service, a slice or a scope, nor the path of a cgroup`);
	if (text === '-.slice') throw new Error(`${quote(text)} has every process of the host`);
	if (text.includes('@.')) throw new Error(`${quote(text)} is a template, of which only instances run`);
}

/** The characters of systemd's names (systemd.unit(5)), which iptables and nft take in a rule as they are, but for `\`. */
const isName = (text: string): boolean =>
	/^[A-Za-z0-9:_.\\@-]+$/.test(text) && text !== '.' && text !== '..' && text.length <= LONGEST_NAME;
