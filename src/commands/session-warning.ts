import { noSessions, readOpenSessions, sessionText } from '../host/sockets/ssh-sessions.ts';
import type { Sessions } from '../localapi/protocol.ts';
import type { Capture } from '../ruleset/capture.ts';
import { createSessionEvaluator, sessionWarning } from '../ruleset/ssh-warning.ts';
import { parseSession } from '../values/ssh-session.ts';
import type { Family } from '../values/units.ts';

/** How long a list may be that is handed to the daemon. */
const MOST = 200;

/**
 * Who sits at the keyboard, and who else is logged in. sudo drops SSH_CONNECTION, and in tmux it may be that of another
 * day: what the processes above us hold comes first.
 */
export async function readSessions(env: NodeJS.ProcessEnv): Promise<Sessions> {
	const { own, called, all } = await read();
	const [session = saidBy(env), ...more] = own.map(sessionText);
	const others = new Set([...more, ...[...called, ...all].map(sessionText)]);
	others.delete(session);
	return {
		...(session === '' ? {} : { session }),
		...(others.size === 0 ? {} : { sessions: [...others].slice(0, MOST) }),
	};
}

/** Where no daemon says it: what of those who are logged in is to be told before they leave; '' where there is nothing. */
export async function sessionRisk(
	capture: Capture,
	families: readonly Family[],
	env: NodeJS.ProcessEnv,
): Promise<string> {
	const { own, all } = await read();
	const isCaptured = createSessionEvaluator(capture, families);
	const captured = (texts: readonly string[]) =>
		texts.flatMap((text) => parseSession(text) ?? []).filter((session) => isCaptured(session, session.zone));
	const texts = own.length > 0 ? own.map(sessionText) : [saidBy(env)];
	return sessionWarning(captured(texts), captured(all.map(sessionText)));
}

const read = () => readOpenSessions().catch(() => noSessions);

/** As sshd says it (sshd(8)); '' where it is none, or unreadable. */
const saidBy = ({ SSH_CONNECTION: text = '' }: NodeJS.ProcessEnv): string =>
	parseSession(text) === undefined ? '' : text;
