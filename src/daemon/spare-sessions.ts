import type { OpenConnection } from '../connections/connections.ts';
import type { Sessions } from '../localapi/protocol.ts';
import { computeDesired } from '../reconcile/resolve.ts';
import { createSessionEvaluator, sessionWarning } from '../ruleset/open-login-warning.ts';
import { parseSession, type Session } from '../values/ssh-session.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { appliedOf, type DaemonState } from './state.ts';

/** Spared in any case. */
const SSH = 22;

/** A warning for those who are logged in; '' where no session like theirs would be captured. */
export async function warningOf(state: DaemonState, deps: DaemonDependencies, told: Sessions): Promise<string> {
	const { context } = state.settings;
	const all = parsed(told);
	if (state.desired.wanted === 'disabled' || all.length === 0) return '';
	const { families } = (appliedOf(state) ?? (await computeDesired(context))).target;
	const judge = createSessionEvaluator(context.capture, families);
	const ways = await waysOf(all, deps);
	const isCaptured = (session: Session) => {
		const way = ways(session);
		return way !== undefined && judge(session, way);
	};
	const captured = all.filter(isCaptured);
	const own = parsed({ session: told.session ?? '' }).map(keyOf);
	const isOwn = (session: Session) => own.includes(keyOf(session));
	return sessionWarning(
		captured.filter(isOwn),
		captured.filter((session) => !isOwn(session)),
	);
}

/** The interface that each comes in by; undefined for an outbound connection, which inbound rules do not concern. */
async function waysOf(
	sessions: readonly Session[],
	{ connections }: DaemonDependencies,
): Promise<(session: Session) => string | undefined> {
	const keys = new Set(sessions.map(keyOf));
	// A kernel that does not answer only makes the warning less exact.
	const open = (await connections.open().catch(() => [])).filter((connection) => keys.has(keyOfOpen(connection)));
	const { interfaceOf } = await connections.details(open, { groups: false, interfaces: true, cgroups: [] });
	const known = new Map(open.map((connection) => [keyOfOpen(connection), connection]));
	return (session) => {
		const connection = known.get(keyOf(session));
		if (connection?.isAccepted === false) return undefined;
		if (session.zone !== '' || connection === undefined) return session.zone;
		return interfaceOf(connection) ?? '';
	};
}

/** Cutting connections must not lock anybody out: spared are sessions, and what came in by the same ports. */
export function createSparing(told: Sessions): (connection: OpenConnection) => boolean {
	const sessions = parsed(told);
	const ports = new Set([SSH, ...sessions.map(({ port }) => port)]);
	const keys = new Set(sessions.map(keyOf));
	return (connection) => keys.has(keyOfOpen(connection)) || (connection.isAccepted && ports.has(connection.local.port));
}

const parsed = ({ session, sessions = [] }: Sessions): Session[] =>
	[session ?? '', ...sessions].map(parseSession).filter((found) => found !== undefined);

const keyOf = ({ from, fromPort, to, port }: Session): string => `${from} ${fromPort} ${to} ${port}`;
const keyOfOpen = ({ local, remote }: OpenConnection): string =>
	`${remote.address} ${remote.port} ${local.address} ${local.port}`;
