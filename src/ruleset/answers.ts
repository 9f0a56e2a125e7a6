import { type IdRange, type PortRange, single } from '../values/units.ts';
import type { Capture } from './capture.ts';
import { hasIngress } from './ingress.ts';
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
	(hasIngress({ appPorts }) ? [ingressPort, egressPort] : [egressPort]).toSorted((a, b) => a - b).map(single);

const dropped: Rule = {
	matches: [],
	verdict: { kind: 'drop' },
	setting: 'ignoreUids',
	because: "nobody but Envoy's user answers on Envoy's ports",
};

/** Who Envoy runs as: known if we run it; else one of the users and groups whose traffic is ignored. */
export function envoyOwners(capture: Capture): Match[] {
	const { envoy, ignoreUids, ignoreGids } = capture;
	if (envoy.runtime === 'none') return ownersOf(ignoreUids, ignoreGids);
	if (isRootInContainer(capture))
		return ownersOf(
			[],
			ignoreGids.slice(0, 1).map(({ from }) => single(from)),
		);
	return ownersOf([single(envoyUser(capture))], []);
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
function captured({ envoy, onlyUids, onlyGids, onlyUnits }: Capture): Rule[] {
	if (envoy.runtime !== 'none' || onlyUids.length + onlyGids.length + onlyUnits.length === 0) return [];
	const listed = ownersOf(onlyUids, onlyGids).map((owner): Rule => ({ ...dropped, matches: [owner] }));
	return [...listed, returning({ kind: 'owned' })];
}

/** Whether the rules let this user accept on Envoy's ports; undefined if it depends on groups, or everybody may. */
export function mayAnswer(capture: Capture, uid: number): boolean | undefined {
	const { envoy, ignoreUids, ignoreGids, onlyUids, onlyGids, onlyUnits } = capture;
	if (capture.hasOnlyCookies === true) return undefined;
	if (isRootInContainer(capture)) return uid === 0 ? undefined : false;
	if (envoy.runtime !== 'none') return uid === envoyUser(capture);
	if (holdsId(ignoreUids, uid)) return true;
	if (ignoreGids.length + onlyGids.length > 0) return undefined;
	return onlyUids.length + onlyUnits.length > 0 && !holdsId(onlyUids, uid);
}

const holdsId = (ranges: readonly IdRange[], id: number): boolean =>
	ranges.some(({ from, to }) => from <= id && id <= to);

/** If only a group is ignored, our Envoy runs as the user that the 2019 guide names. */
const GUIDE_UID = 1337;

type EnvoyAccount = Pick<Capture, 'ignoreUids' | 'envoy' | 'ingressMode' | 'ingressKeepClient'>;

/** Our Envoy has transparent sockets, for which it takes CAP_NET_ADMIN (IP_TRANSPARENT, ip(7)). */
export const needsTransparency = ({
	ingressMode,
	ingressKeepClient,
}: Omit<EnvoyAccount, 'ignoreUids' | 'envoy'>): boolean =>
	ingressMode === 'tproxy' || ingressKeepClient === 'application';

/** Docker gives capabilities to root only; then Envoy is known by its group. */
const isRootInContainer = (capture: Omit<EnvoyAccount, 'ignoreUids'>): boolean =>
	capture.envoy.runtime === 'docker' && needsTransparency(capture);

/** Our Envoy runs as the first ignored user. Without one it cannot be root, whose traffic is captured then. */
export const envoyUser = (capture: EnvoyAccount): number =>
	isRootInContainer(capture) ? 0 : (capture.ignoreUids[0]?.from ?? GUIDE_UID);
