import type { Installed } from '../../firewall/firewall.ts';
import type {
	ExplainedConnection,
	ExplainReply,
	ExplainRequest,
	Judgement,
	MeshAnswer,
} from '../../localapi/explained.ts';
import { type Asked, askedOf, connectionsAsked, refused } from './asked.ts';
import type { ExplainFacts, ProcessView } from './asked-facts.ts';
import { judgeByKernel, judgeBySettings, type Wanted } from './judge.ts';

/** All that an answer depends on, as it is now. */
export interface Explained {
	readonly interception: ExplainReply['interception'];
	readonly wanted: Wanted;
	/** Why not, where the installed rules could not be read. */
	readonly installed: Installed | { readonly unread: string };
	/** What else there is to know about the rules on this host. */
	readonly notes: readonly string[];
	/** What the mesh makes of it; undefined without one. */
	readonly meshAnswer: (asked: Asked, judged: Judgement) => Promise<MeshAnswer | undefined>;
}

export async function explainRequest(
	request: ExplainRequest,
	now: Explained,
	facts: ExplainFacts,
): Promise<ExplainReply> {
	if (request.pid !== undefined) return explainProcess(request.pid, now, facts);
	const asked = await connectionsAsked(request, facts);
	return { interception: now.interception, connections: await Promise.all(asked.map((one) => explainOne(one, now))) };
}

async function explainProcess(pid: number, now: Explained, facts: ExplainFacts): Promise<ExplainReply> {
	const found = await facts.process(pid);
	if (found === undefined) throw refused(`there is no process ${pid} whose sockets can be seen`, 'the id of a process');
	const { ingressPort, egressPort } = now.wanted.capture;
	const redirected = await facts.redirected(found.connections, new Set([ingressPort, egressPort]));
	const isCaptured = (asked: Asked) => asked.open !== undefined && redirected.has(asked.open);
	const asked = await Promise.all(found.connections.map((open) => askedOf(open, found, facts)));
	const connections = asked.map(async (one): Promise<ExplainedConnection> => {
		const open = isCaptured(one) ? 'through Envoy' : 'past Envoy';
		return { ...(await explainOne(one, now)), open };
	});
	return {
		interception: now.interception,
		process: processOf(pid, found),
		connections: await Promise.all(connections),
	};
}

const processOf = (pid: number, { program, uid, gid }: ProcessView) => ({ pid, program, uid, gid });

async function explainOne(asked: Asked, now: Explained): Promise<ExplainedConnection> {
	const { family, question, attempt, notes } = asked;
	const settings = judgeBySettings(asked, now.wanted);
	const { installed } = now;
	const isRead = 'traced' in installed;
	const kernel = isRead ? judgeByKernel(asked, installed.traced[family], now.wanted) : undefined;
	const mesh = await now.meshAnswer(asked, settings);
	const drift = kernel === undefined ? '' : driftOf(settings, kernel, now.interception);
	const { from, to, port, uid, gid } = attempt;
	return {
		...{ question, from, to, port, interface: attempt.interface },
		...(uid === undefined ? {} : { uid }),
		...(gid === undefined ? {} : { gid }),
		settings,
		...(kernel === undefined ? {} : { kernel }),
		...(drift === '' ? {} : { drift }),
		...(mesh === undefined ? {} : { mesh }),
		notes: [...notes, ...now.notes, ...(isRead ? [] : [installed.unread])],
	};
}

function driftOf(settings: Judgement, kernel: Judgement, interception: ExplainReply['interception']): string {
	if (interception !== 'on') {
		const isTaken = kernel.port !== undefined || kernel.answer === 'dropped';
		return isTaken ? 'interception is not on, but a rule that is installed takes the connection' : '';
	}
	if (settings.answer === kernel.answer && settings.port === kernel.port) return '';
	return `by the settings: ${placeOf(settings)}; by what is installed: ${placeOf(kernel)}`;
}

const placeOf = ({ answer, port }: Judgement): string => (port === undefined ? answer : `${answer} (port ${port})`);
