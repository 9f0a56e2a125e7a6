import { isIP } from 'node:net';
import { usage } from '../../cli/arguments.ts';
import type { Loaded } from '../../config/merge-sources.ts';
import type { Asked } from '../../daemon/explain/asked.ts';
import { failureOf } from '../../failure.ts';
import { oneLine, quote, shown } from '../../lib/escape.ts';
import type { ExplainRequest, Judgement, MeshAnswer } from '../../localapi/explained.ts';
import type { Catalog } from '../../mesh/catalog.ts';
import { parseQuestion, type Question } from '../../mesh/explain/question.ts';
import { mistakesFor } from '../../mesh/held-up.ts';
import { loadMesh } from '../../mesh/load-mesh.ts';
import { resolveGateway } from '../../mesh/resolve-gateway.ts';
import { resolveNode } from '../../mesh/resolve-node.ts';
import { type MeshNode, nodeId } from '../../values/mesh-node.ts';
import { parsePlace } from '../../values/place.ts';
import { optionsHere } from '../mesh/this-node.ts';
import { definitionsAt } from '../read-definitions.ts';
import { gatewayAnswer, ingressAnswer, nodeAnswer } from './mesh-answers.ts';

type Settings = Pick<Loaded, 'config' | 'written' | 'passThrough'>;

/** What this host's Envoy does with a connection that the rules give it, or that comes to its gateway's port. */
export async function meshAnswer(
	settings: Settings,
	request: ExplainRequest,
	asked: Asked,
	judged: Judgement,
): Promise<MeshAnswer | undefined> {
	const { mesh } = settings.config;
	const { node, parameters } = mesh;
	if (node === undefined) return undefined;
	const question = questionOf(request, asked);
	try {
		const loaded = loadMesh(await definitionsAt(mesh.definitions, mesh), new Map(parameters));
		const catalog = loaded.catalogs.find(({ mesh }) => mesh === node.mesh);
		const answer = catalog && answerIn(catalog, node, settings, { question, judged });
		return answer && { ...answer, notes: mistakesFor(loaded, node).length === 0 ? [] : [MISTAKEN] };
	} catch (error) {
		return unreadable(node, asked, oneLine(failureOf(error).message));
	}
}

const MISTAKEN =
	'the definitions have mistakes, so that Envoy has those that it accepted before: see `turnout mesh check`';

interface Given {
	readonly question: Question;
	readonly judged: Judgement;
}

function answerIn(catalog: Catalog, node: MeshNode, settings: Settings, { question, judged }: Given) {
	if (node.kind === 'virtualGateway') {
		const gateway = judged.answer === 'app' ? resolveGateway(catalog, node.name) : undefined;
		return gateway && gatewayAnswer(gateway, question);
	}
	const view = resolveNode(catalog, node.name);
	if (view === undefined) return undefined;
	const options = optionsHere({ ...settings, trouble: '' }, nodeId(node));
	if (judged.answer === 'ingress listener') return ingressAnswer(view, question, options);
	return judged.answer === 'egress listener' ? nodeAnswer(view, question, options) : undefined;
}

/** HTTP where a part of a request is told, else any connection. */
function questionOf(request: ExplainRequest, { attempt }: Asked): Question {
	const { to, port } = attempt;
	const place = `${to.includes(':') ? `[${to}]` : to}:${port}`;
	const { method, path, host, headers } = request;
	const isHttp = [method, path, host, headers].some((told) => told !== undefined);
	const found = isHttp ? httpQuestion(request, place, port) : parseQuestion(['tcp', place], NOTHING)?.question;
	if (found === undefined) throw usage(`${quote(path ?? '')} and ${quote(method ?? '')} make no request`);
	return { ...found, attempt: { ...found.attempt, addresses: [to] } };
}

const NOTHING = { method: undefined, headers: [] };

function httpQuestion(
	{ out = '', method = 'GET', path = '/', host = '', headers = [] }: ExplainRequest,
	place: string,
	port: number,
): Question | undefined {
	const asHost = host || hostIn(out, port);
	const lines = [...headers.map(headerIn), ...(asHost === '' ? [] : [['host', asHost] as const])];
	const found = parseQuestion([method, `http://${place}${path}`], { method, headers: lines })?.question;
	return found && { ...found, text: `${method} http://${asHost || place}${path}` };
}

/** What a program would send as the `Host`, which has a name to connect to; '' without a name. */
function hostIn(out: string, port: number): string {
	const name = parsePlace(out)?.host;
	if (name === undefined || isIP(name) > 0) return '';
	return port === HTTP ? name : `${name}:${port}`;
}
const HTTP = 80;

function headerIn(line: string): readonly [string, string] {
	const [, name, value = ''] = /^([^=:\s]+)\s*[=:](.*)$/s.exec(line) ?? [];
	if (name === undefined) throw usage(`--header takes NAME=VALUE, not ${quote(line)}`);
	return [name, value];
}

const unreadable = (node: MeshNode, { attempt }: Asked, why: string): MeshAnswer => ({
	...{ question: `tcp ${shown(`${attempt.to}:${attempt.port}`)}`, node: nodeId(node), listener: '', chain: '' },
	...{ gatewayRoutes: [], rewritten: undefined, service: undefined, router: undefined, routes: [], targets: [] },
	...{ outcome: { kind: 'unknown', why: `the definitions cannot be read: ${why}` }, notes: [] },
});
