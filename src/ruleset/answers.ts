import { type IdRange, type PortRange, single } from '../values/units.ts';
import type { Capture } from './capture.ts';
import type { Chain, Match, Rule } from './model.ts';

/**
 * Only Envoy's user may accept connections on Envoy's ports; otherwise any program that binds them while Envoy is down
 * would get all captured connections. The SYN-ACK carries the owner of the listening socket (owner_mt, xt_owner.c;
 * skb_to_full_sk), so it is dropped for other users. A port without a listener still refuses at once, by RST.
 */
export function buildAnswers(capture: Capture): Chain[] {
	// Then every SYN-ACK is a SYN cookie, which has no owner (tcp_make_synack, TCP_SYNACK_COOKIE).
	if (capture.hasOnlyCookies === true) return [];
	return [
		{
			table: 'mangle',
			name: 'APPMESH_ANSWER',
			hooks: [
				{
					at: 'OUTPUT',
					matches: [{ kind: 'syn-ack' }, { kind: 'own-ports', ports: redirectedTo(capture) }],
					because: "who takes connections on Envoy's ports",
				},
			],
			rules: [...envoyOwners(capture).map(returning), ...captured(capture), dropped],
		},
	];
}

/** The listener ports that traffic is redirected to; a port without redirects needs no protection. */
export const redirectedTo = ({ appPorts, ingressPort, egressPort }: Capture): readonly PortRange[] =>
	(appPorts === '*' || appPorts.length > 0 ? [ingressPort, egressPort] : [egressPort])
		.toSorted((a, b) => a - b)
		.map(single);

const dropped: Rule = {
	matches: [],
	verdict: { kind: 'drop' },
	setting: 'ignoreUids',
	because: "nobody but Envoy's user answers on Envoy's ports",
};

/** Who Envoy runs as: known if we run it; else one of the users and groups whose traffic is ignored. */
export function envoyOwners({ envoy, ignoreUids, ignoreGids }: Capture): Match[] {
	return envoy.runtime === 'none' ? ownersOf(ignoreUids, ignoreGids) : ownersOf([single(envoyUser(ignoreUids))], []);
}

/** A match for each list that has any. */
export const ownersOf = (uids: readonly IdRange[], gids: readonly IdRange[]): Match[] =>
	(
		[
			{ kind: 'owner', id: 'uid', ranges: uids },
			{ kind: 'owner', id: 'gid', ranges: gids },
		] as const
	).filter(({ ranges }) => ranges.length > 0);

const returning = (match: Match): Rule => ({
	...{ matches: [match], verdict: { kind: 'return' }, because: 'Envoy answers' },
	setting: 'ignoreUids',
});

/** With an only-list, an Envoy run by another program may be any user who is not on it. */
function captured({ envoy, onlyUids, onlyGids }: Capture): Rule[] {
	if (envoy.runtime !== 'none' || onlyUids.length + onlyGids.length === 0) return [];
	const listed = ownersOf(onlyUids, onlyGids).map((owner): Rule => ({ ...dropped, matches: [owner] }));
	return [...listed, returning({ kind: 'owned' })];
}

/** Whether the rules let this user accept on Envoy's ports; undefined if it depends on groups, or everybody may. */
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

/** If only a group is ignored, our Envoy runs as the user that the 2019 guide names. */
const GUIDE_UID = 1337;

/** Our Envoy runs as the first ignored user. Without one it cannot be root, whose traffic is captured then. */
export const envoyUser = (ignoreUids: readonly IdRange[]): number => ignoreUids[0]?.from ?? GUIDE_UID;
