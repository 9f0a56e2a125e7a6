import { type IdRange, type PortRange, single } from '../values/units.ts';
import type { Capture } from './capture.ts';
import type { Chain, Match, Rule } from './model.ts';

/**
 * Whoever binds Envoy's ports while it is away would be given all that is captured. A connection begins with the answer to
 * its first packet, and that has the owner of the socket that listens (owner_mt, xt_owner.c; skb_to_full_sk): it is let
 * go for Envoy's user only. An empty port goes on to refuse at once, as its answer is another packet.
 */
export function buildAnswers(capture: Capture): Chain[] {
	// Each such answer is a SYN cookie then, and has no owner (tcp_make_synack, TCP_SYNACK_COOKIE).
	if (capture.hasOnlyCookies === true) return [];
	return [
		{
			table: 'mangle',
			name: 'APPMESH_ANSWER',
			hooks: [
				{
					at: 'OUTPUT',
					matches: [{ kind: 'answer' }, { kind: 'own-ports', ports: redirectedTo(capture) }],
					because: "who takes connections on Envoy's ports",
				},
			],
			rules: [...envoyOwners(capture).map(returning), ...captured(capture), dropped],
		},
	];
}

/** A port that nothing is sent to may be anybody's. */
export const redirectedTo = ({ appPorts, ingressPort, egressPort }: Capture): readonly PortRange[] =>
	(appPorts === '*' || appPorts.length > 0 ? [ingressPort, egressPort] : [egressPort])
		.toSorted((a, b) => a - b)
		.map(single);

const dropped: Rule = {
	matches: [],
	verdict: { kind: 'drop' },
	because: "nobody but Envoy's user answers on Envoy's ports",
};

/** Where it is ours we know as whom it runs; somebody else's is one of those whose traffic is ignored. */
export function envoyOwners({ envoy, ignoreUids, ignoreGids }: Capture): Match[] {
	const owner = (id: 'uid' | 'gid') => (range: IdRange) => ({ kind: 'owner', id, range }) as const;
	if (envoy.runtime !== 'none') return [single(envoyUser(ignoreUids))].map(owner('uid'));
	return [...ignoreUids.map(owner('uid')), ...ignoreGids.map(owner('gid'))];
}

const returning = (match: Match): Rule => ({ matches: [match], verdict: { kind: 'return' }, because: 'Envoy answers' });

/** With a list of those who are captured, somebody else's Envoy may be anybody who is not on it. */
function captured({ envoy, onlyUids, onlyGids }: Capture): Rule[] {
	if (envoy.runtime !== 'none' || onlyUids.length + onlyGids.length === 0) return [];
	const rule = (id: 'uid' | 'gid') => (range: IdRange) => ({
		...dropped,
		matches: [{ kind: 'owner', id, range } as const],
	});
	return [...onlyUids.map(rule('uid')), ...onlyGids.map(rule('gid')), returning({ kind: 'owned' })];
}

/** Whether the rules let this user answer on Envoy's ports; undefined where it depends on groups, or they let everybody. */
export function mayAnswer(capture: Capture, uid: number): boolean | undefined {
	const { envoy, ignoreUids, ignoreGids, onlyUids, onlyGids } = capture;
	if (capture.hasOnlyCookies === true) return undefined;
	if (envoy.runtime !== 'none') return uid === envoyUser(ignoreUids);
	if (holdsId(ignoreUids, uid)) return true;
	if (ignoreGids.length + onlyGids.length > 0) return undefined;
	return onlyUids.length > 0 && !holdsId(onlyUids, uid);
}

const holdsId = (ranges: readonly IdRange[], id: number): boolean =>
	ranges.some(({ from, to }) => from <= id && id <= to);

/** Where no user is ignored but a group is, our Envoy runs as the user that the 2019 guide gave it. */
const GUIDE_UID = 1337;

/** Our Envoy's own is the first that is ignored; without any, root's traffic is not, so it cannot be root. */
export const envoyUser = (ignoreUids: readonly IdRange[]): number => ignoreUids[0]?.from ?? GUIDE_UID;
