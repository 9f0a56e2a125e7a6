import { noSessions, readOpenSessions, sessionText } from '../host/sockets/ssh-sessions.ts';
import type { Sessions } from '../localapi/protocol.ts';
import type { Capture } from '../ruleset/capture.ts';
import { createSessionEvaluator, sessionWarning } from '../ruleset/open-login-warning.ts';
import { parseSession } from '../values/ssh-session.ts';
import type { Family } from '../values/units.ts';

/** The most logins in one request to the daemon. */
const MOST = 200;

/**
 * Finds the SSH login of the caller and of others. The sockets of our parent processes come before SSH_CONNECTION, which
 * sudo drops and tmux may keep from an earlier login.
 */
export async function readSessions(env: NodeJS.ProcessEnv): Promise<Sessions> {
	const { own, called, all } = await read();
	const [session = sessionOf(env), ...more] = own.map(sessionText);
	const others = new Set([...more, ...[...called, ...all].map(sessionText)]);
	others.delete(session);
	return {
		...(session === '' ? {} : { session }),
		...(others.size === 0 ? {} : { sessions: [...others].slice(0, MOST) }),
	};
}

/** For commands without a daemon: a warning about open SSH logins whose port is captured now; '' if there are none. */
export async function sessionRisk(
	capture: Capture,
	families: readonly Family[],
	env: NodeJS.ProcessEnv,
): Promise<string> {
	const { own, all } = await read();
	const isCaptured = createSessionEvaluator(capture, families);
	const captured = (texts: readonly string[]) =>
		texts.flatMap((text) => parseSession(text) ?? []).filter((session) => isCaptured(session, session.zone));
	const texts = own.length > 0 ? own.map(sessionText) : [sessionOf(env)];
	return sessionWarning(captured(texts), captured(all.map(sessionText)));
}

const read = () => readOpenSessions().catch(() => noSessions);

/** SSH_CONNECTION of the environment (sshd(8)); '' if unset or invalid. */
const sessionOf = ({ SSH_CONNECTION: text = '' }: NodeJS.ProcessEnv): string =>
	parseSession(text) === undefined ? '' : text;
