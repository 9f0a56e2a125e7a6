import type { Loaded } from '../../config/merge-sources.ts';
import type { Asked } from '../../explain/asked.ts';
import { failureOf } from '../../failure.ts';
import { readDefinitions } from '../../host/files/definitions.ts';
import { oneLine, shown } from '../../lib/escape.ts';
import type { ExplainRequest, Judgement, MeshAnswer } from '../../localapi/explained.ts';
import type { Catalog } from '../../mesh/catalog.ts';
import { parseQuestion, type Question } from '../../mesh/explain/question.ts';
import { loadMesh } from '../../mesh/load-mesh.ts';
import { resolveGateway } from '../../mesh/resolve-gateway.ts';
import { resolveNode } from '../../mesh/resolve-node.ts';
import { type MeshNode, nodeId } from '../../values/mesh-node.ts';
import { parsePlace } from '../../values/place.ts';
import { optionsHere } from '../mesh/this-node.ts';
import { gatewayAnswer, ingressAnswer, nodeAnswer } from './answer.ts';

type Settings = Pick<Loaded, 'config' | 'written' | 'passThrough'>;

/** What this host's Envoy does with a connection that the rules give it, or that comes to its gateway's port. */
export async function meshAnswer(
	settings: Settings,
	request: ExplainRequest,
	asked: Asked,
	judged: Judgement,
): Promise<MeshAnswer | undefined> {
	const { node, definitions, parameters } = settings.config.mesh;
	if (node === undefined) return undefined;
	try {
		const { catalogs } = loadMesh(readDefinitions(definitions), new Map(parameters));
		const catalog = catalogs.find(({ mesh }) => mesh === node.mesh);
		const answer = catalog && answerIn(catalog, node, settings, { request, asked, judged });
		return answer && { ...answer, notes: [] };
	} catch (error) {
		return unreadable(node, asked, oneLine(failureOf(error).message));
	}
}

interface Given {
	readonly request: ExplainRequest;
	readonly asked: Asked;
	readonly judged: Judgement;
}

function answerIn(catalog: Catalog, node: MeshNode, settings: Settings, { request, asked, judged }: Given) {
	const question = questionOf(request, asked);
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
function questionOf({ out = '', method, path, host, headers }: ExplainRequest, { attempt }: Asked): Question {
	const { to, port } = attempt;
	const isHttp = [method, path, host, headers].some((told) => told !== undefined);
	const name = host ?? parsePlace(out)?.host ?? to;
	const place = `${name.includes(':') ? `[${name}]` : name}:${port}`;
	const lines = (headers ?? []).map((line) => {
		const at = line.search(/[=:]/);
		return [line.slice(0, at).trim(), line.slice(at + 1)] as const;
	});
	const words = isHttp ? [method ?? 'GET', `http://${place}${path ?? '/'}`] : ['tcp', place];
	const found = parseQuestion(words, { method, headers: lines })?.question;
	const told = found ?? { text: `tcp ${place}`, host: name, attempt: { port, tls: undefined, request: undefined } };
	return { ...told, attempt: { ...told.attempt, addresses: [to] } };
}

const unreadable = (node: MeshNode, { attempt }: Asked, why: string): MeshAnswer => ({
	...{ question: `tcp ${shown(`${attempt.to}:${attempt.port}`)}`, node: nodeId(node), listener: '', chain: '' },
	...{ gatewayRoutes: [], rewritten: undefined, service: undefined, router: undefined, routes: [], targets: [] },
	...{ outcome: { kind: 'unknown', why: `the definitions cannot be read: ${why}` }, notes: [] },
});
