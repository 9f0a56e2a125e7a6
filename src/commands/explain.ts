import { type Given, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { FORMS } from '../cli/explain-request.ts';
import { meshAnswerText } from '../cli/mesh-answer-text.ts';
import { lookUpNames } from '../host/process/look-up-names.ts';
import { isOwnAddress } from '../host/sockets/own-addresses.ts';
import { quote } from '../lib/escape.ts';
import type { MeshAnswer } from '../localapi/explained.ts';
import type { Catalog } from '../mesh/catalog.ts';
import { parseQuestion, QUESTIONS, type Question } from '../mesh/explain/question.ts';
import type { ProxyName } from '../mesh/proxy-name.ts';
import { resolveGateway } from '../mesh/resolve-gateway.ts';
import { resolveNode } from '../mesh/resolve-node.ts';
import { nodeId } from '../values/mesh-node.ts';
import { gatewayAnswer, nodeAnswer } from './explain/mesh-answers.ts';
import type { MeshSettings } from './mesh/mesh-settings.ts';
import { catalogsFor, inMesh, readTask } from './mesh/task.ts';
import { optionsHere, proxyOf } from './mesh/this-node.ts';

/** `turnout explain GET http://serviceB.local/metrics`: what becomes of it, and why. Needs neither root nor a daemon. */
export async function explain(given: Given, words: readonly string[], terminal: CommandContext): Promise<number> {
	const method = typeof given['method'] === 'string' ? given['method'].toUpperCase() : undefined;
	const found = parseQuestion(words, { method, headers: headersOf(given) });
	const [path, surplus] = found?.rest ?? [];
	if (found === undefined) throw usage(`explain takes ${QUESTIONS}; of connections: ${FORMS}`);
	if (surplus !== undefined) throw usage(`unexpected argument ${quote(surplus)}`);
	const task = await readTask(given, path, terminal);
	const wanted = proxyOf(task);
	const catalogs = catalogsFor(task, wanted, 'explain');
	const isHere = wanted.kind === 'virtualNode' && given['node'] === undefined;
	const seen = isHere ? await fromHere(found.question, terminal.signal) : { question: found.question, notes: [] };
	const answer = inMesh(catalogs, wanted, 'explain', (catalog) =>
		answerOf(catalog, wanted, seen.question, task.settings),
	);
	const whole = { ...answer, notes: seen.notes };
	terminal.out(terminal.isJson ? `${JSON.stringify(whole)}\n` : meshAnswerText(whole));
	return 0;
}

function headersOf(given: Given): readonly (readonly [name: string, value: string])[] {
	const all = given['header'];
	return (Array.isArray(all) ? all : []).map((text) => {
		const [, name, value = ''] = /^([^=:\s]+)\s*[=:](.*)$/s.exec(String(text)) ?? [];
		if (name === undefined) throw usage(`--header takes NAME=VALUE, not ${quote(String(text))}`);
		return [name, value];
	});
}

function answerOf(
	catalog: Catalog,
	{ kind, name }: ProxyName,
	question: Question,
	settings: MeshSettings,
): Omit<MeshAnswer, 'notes'> | undefined {
	if (kind === 'virtualGateway') {
		const gateway = resolveGateway(catalog, name);
		return gateway && gatewayAnswer(gateway, question);
	}
	const node = resolveNode(catalog, name);
	return node && nodeAnswer(node, question, optionsHere(settings, nodeId({ mesh: catalog.mesh, kind, name })));
}

/** A name server that does not answer holds nobody up longer. */
const LOOK_UP_MS = 2_000;

/** What comes before Envoy: a program connects to an address of the name, and to one that is not this host's own. */
async function fromHere(question: Question, signal: AbortSignal) {
	const { host, attempt } = question;
	const [known] = attempt.addresses;
	const addresses = known === undefined ? (await lookUpNames([host], LOOK_UP_MS, signal)).get(host) : [known];
	const notes = addresses === undefined ? [] : notesOf(host, addresses);
	return { question: { ...question, attempt: { ...attempt, addresses: addresses ?? [] } }, notes };
}

function notesOf(host: string, addresses: readonly string[]): readonly string[] {
	const local = addresses.find(isOwnAddress);
	if (addresses.length === 0)
		return [`${quote(host)} does not resolve on this host, so that no program can connect to it`];
	if (local === undefined) return [];
	return [
		`${quote(host)} is ${local}, an address of this host: such connections are never captured, and go past Envoy`,
	];
}
