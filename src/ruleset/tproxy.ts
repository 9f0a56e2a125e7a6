import type { Family, InterfaceName } from '../values/units.ts';
import type { Capture } from './capture.ts';
import { applicationPorts, arriving, hasIngress, ingressExclusions } from './ingress.ts';
import type { Chain, Rule } from './model.ts';
import { notSyn, servers } from './stage.ts';

/**
 * Hands inbound connections to Envoy's transparent listener. Nothing is marked: what is addressed to this host is
 * delivered here without a mark, and a marked packet would be dropped as a martian where src_valid_mark is set (wg-quick
 * does so), and answered into the loopback where tcp_fwmark_accept is.
 */
export function buildTproxy(capture: Capture, family: Family): Chain[] {
	if (capture.ingressMode !== 'tproxy' || !hasIngress(capture)) return [];
	const { appPorts, ingressPort: port } = capture;
	const ports = applicationPorts(appPorts);
	const later = appPorts === '*' ? [servers(capture)] : ports;
	const toEnvoy = (matches: Rule['matches'], because: string): Rule => ({
		...{ matches, verdict: { kind: 'tproxy', port, family }, setting: 'ingressMode', because },
	});
	const captured = "application ports enter through Envoy's transparent listener";
	return [
		{
			table: 'mangle',
			name: 'APPMESH_TPROXY',
			hooks: [{ at: 'PREROUTING', matches: arriving, because: 'what other hosts send to this one' }],
			rules: [
				fromHere,
				...bridged(capture),
				...ingressExclusions(capture, family),
				toEnvoy([{ kind: 'syn' }, ...ports], captured),
				{
					matches: [notSyn, ...later],
					verdict: { kind: 'jump', chain: 'APPMESH_COOKIE' },
					setting: 'ingressMode',
					because: 'the answer to a SYN cookie, maybe',
				},
			],
		},
		{
			table: 'mangle',
			name: 'APPMESH_COOKIE',
			hooks: [],
			rules: [...known, toEnvoy([], 'nobody has seen its SYN: Envoy has, if it was answered by a SYN cookie')],
		},
	];
}

/**
 * The bridge hands on what the rules have seen without the socket that TPROXY gave it, and it would reach the application:
 * what comes in by a bridge is redirected.
 */
const bridged = ({ filtersBridges }: Capture): Rule[] =>
	filtersBridges === true
		? [
				{
					matches: [{ kind: 'bridged' }],
					verdict: { kind: 'return' },
					setting: 'ingressMode',
					because: 'bridges lose what TPROXY gives, so it is redirected',
				},
			]
		: [];

const LOOPBACK = 'lo' as InterfaceName;

/** What Envoy sends to the application from a client's address. */
const fromHere: Rule = {
	matches: [{ kind: 'in', interfaces: [LOOPBACK] }],
	verdict: { kind: 'return' },
	setting: 'ingressMode',
	because: 'it comes from this host, whatever its address',
};

/**
 * Of a connection that is open. A SYN cookie leaves no trace of the connection, so that the application's listener would
 * get what follows. (One that listens on a single address gets it all the same, and refuses it.)
 */
const known: readonly Rule[] = [
	{
		matches: [{ kind: 'state', states: ['DNAT'] }],
		verdict: { kind: 'return' },
		setting: 'ingressMode',
		because: 'a connection that was redirected, or goes to a container',
	},
	{
		matches: [{ kind: 'socket' }],
		verdict: { kind: 'return' },
		setting: 'ingressMode',
		because: 'an open connection, whoever has it',
	},
];
