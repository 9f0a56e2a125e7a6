// PURE. What is run: turnout's commands, and the 2019 script's.
import { dirname, join } from 'node:path';
import type { Dialect as Backend, Installation } from '../../src/firewall/firewall.ts';
import type { Dialect } from '../lab/net/restore.ts';
import type { Argv } from '../lab/script-2019.ts';
import { type Script2019Settings, script2019Commands } from '../lab/script-2019.ts';
import { turnoutProgram } from '../lab/turnout.ts';
import type { Command } from './stopwatch.ts';

/** As in the guide, with the two addresses that the script ignores. */
export const scriptSettings = (dialect: Dialect): Script2019Settings => ({
	iptables: `iptables-${dialect}`,
	uid: 1337,
	appPorts: [8080],
	ingressPort: 15000,
	egressPort: 15001,
	ignoredIps: ['169.254.169.254', '169.254.170.2'],
});

/** The same for turnout; its defaults ignore more addresses than the script knows. */
export const turnoutEnvironment: Readonly<Record<string, string>> = {
	APPMESH_IGNORE_UID: '1337',
	APPMESH_APP_PORTS: '8080',
	APPMESH_ENVOY_INGRESS_PORT: '15000',
	APPMESH_ENVOY_EGRESS_PORT: '15001',
};

export const environmentOf = (backend: Backend) => ({ ...turnoutEnvironment, TURNOUT_BACKEND: backend });

export const turnoutCommand = (...args: readonly string[]): Command => ({
	program: turnoutProgram,
	args,
	env: turnoutEnvironment,
});

/** What puts the same rules there, and nothing else. */
export const commitsOf = (documents: readonly Installation[], dialect: Dialect): Command[] =>
	documents.flatMap(({ family, sets = '', document }) =>
		family === 'inet'
			? [sets, document]
					.filter((input) => input !== '')
					.map((input) => ({ program: 'nft', args: ['--file', '-'], input }))
			: {
					program: `${family === 'ipv4' ? 'iptables' : 'ip6tables'}-${dialect}-restore`,
					args: ['-w', '--noflush'],
					input: document,
				},
	);

/** The Node that turnout runs on, and nothing of turnout. */
export const nodeProgram = join(dirname(turnoutProgram), 'lib/node');
export const bareNode = (program: string): Command => ({ program: nodeProgram, args: ['--eval', program] });

/** From the first line to rules that are on, as the guide runs it: bash, and one process for each command. */
export function scriptStart(settings: Script2019Settings): Command {
	const { initialise, enable } = script2019Commands(settings);
	return script([
		...Object.entries(turnoutEnvironment).map(([name, value]) => `${name}=${value}`),
		'APPMESH_EGRESS_IGNORED_IP=169.254.169.254,169.254.170.2',
		'echo "=== Input configuration ==="',
		'env | grep APPMESH_ || true',
		'echo "=== Initializing ==="',
		...initialise.map(line),
		'echo "=== Enabling routing ==="',
		...enable.map(line),
		'echo "=== Entering main loop ==="',
	]);
}

/** The only way that the script knows to change a setting of a running host. */
export function scriptChange(settings: Script2019Settings): Command {
	const { disable, enable } = script2019Commands(settings);
	return script([...disable.map(line), ...enable.map(line)]);
}

/** What the script never does: back to where `seedStart` found the host. Other rules stay. */
export function scriptUndo({ iptables }: Script2019Settings): Command {
	const nat = `${iptables} -w -t nat`;
	return script([
		`${nat} -D OUTPUT -p tcp -m addrtype ! --dst-type LOCAL -j APPMESH_EGRESS`,
		`${nat} -D PREROUTING -p tcp -m addrtype ! --src-type LOCAL -j APPMESH_INGRESS`,
		...['-t nat -F APPMESH_EGRESS', '-t nat -X APPMESH_EGRESS', '-t nat -F APPMESH_INGRESS'].map(
			(rest) => `${iptables} -w ${rest}`,
		),
		`${nat} -X APPMESH_INGRESS`,
		`${iptables} -w -t mangle -X APPMESH_INGRESS`,
		'ip rule del fwmark 0x1e7700ce lookup 100',
		'ip route del local default dev lo table 100',
	]);
}

const script = (lines: readonly string[]): Command => ({
	program: 'bash',
	args: ['-es'],
	input: `${lines.join('\n')}\n`,
});

const line = (argv: Argv): string => argv.join(' ');
