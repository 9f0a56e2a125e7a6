import { quote } from '../lib/escape.ts';
import type { ExplainRequest } from '../localapi/explained.ts';
import { type Given, type Options, usage } from './arguments.ts';

export const EXPLAIN =
	'One connection or request: which rule takes it and by which setting, what is installed, and what the mesh does with it';

const text = (help: string) => ({ type: 'string', help }) as const;

/** What says of a request what it is. */
export const httpOptions: Options = {
	header: { type: 'string', multiple: true, help: 'NAME=VALUE: the request has this header; may be repeated' },
	method: text('METHOD: instead of GET'),
};

export const connectionOptions: Options = {
	...httpOptions,
	path: text('PATH: out, in: what is asked for, with HTTP'),
	host: text('NAME: out, in: the host that is asked for, with HTTP'),
	user: text("USER: out: whose connection it is, by name or id; else the caller's own"),
	group: text("GROUP: out: instead of the user's primary group"),
	unit: text('UNIT: out: the unit or cgroup that its program is in, such as docker.service'),
	from: text('ADDRESS: who connects; out: of a container or another host whose traffic passes through'),
	interface: text('NAME: the interface that it leaves or arrives by; else as the routes say'),
	pid: text('PID: every connection of this process: what a new one would meet, and what became of it'),
};

/** What asks about the rules. */
export const FORMS = 'out HOST:PORT, in PORT --from ADDRESS, --pid PID';
const LARGEST_PID = 4_194_304;

/** Undefined: the words ask for something else. Throws a Failure with code `usage`. */
export function explainRequestOf(given: Given, words: readonly string[]): ExplainRequest | undefined {
	const [way, target, surplus] = words;
	const pid = pidOf(given);
	if (pid !== undefined && way !== undefined)
		throw usage(`--pid takes no further ${quote(way)}: explain takes ${FORMS}`);
	if (pid !== undefined) return { pid, ...detailsOf(given) };
	if (way !== 'out' && way !== 'in') return undefined;
	if (surplus !== undefined) throw usage(`unexpected argument ${quote(surplus)}`);
	if (target === undefined) throw usage(`${way} of what? explain takes ${FORMS}`);
	return { ...(way === 'out' ? { out: target } : { in: portOf(target) }), ...detailsOf(given) };
}

function pidOf({ pid }: Given): number | undefined {
	if (pid === undefined) return undefined;
	if (/^\d{1,7}$/.test(String(pid)) && Number(pid) >= 1 && Number(pid) <= LARGEST_PID) return Number(pid);
	throw usage(`--pid takes the id of a process from 1 to ${LARGEST_PID}, not ${quote(String(pid))}`);
}

function portOf(target: string): number {
	if (/^\d{1,5}$/.test(target) && Number(target) >= 1 && Number(target) <= 65_535) return Number(target);
	throw usage(`in takes a port from 1 to 65535, not ${quote(target)}`);
}

const details = ['from', 'user', 'group', 'unit', 'interface', 'method', 'path', 'host'] as const;

function detailsOf(given: Given): ExplainRequest {
	const told = details.flatMap((name) => (typeof given[name] === 'string' ? [[name, given[name]] as const] : []));
	const { header } = given;
	return { ...Object.fromEntries(told), ...(Array.isArray(header) ? { headers: header.map(String) } : {}) };
}

export const noForm = () => usage(`explain takes ${FORMS}`);
