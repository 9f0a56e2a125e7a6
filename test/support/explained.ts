// What `turnout explain` says of a request, in the words of a test that has asked a real Envoy the same.
import assert from 'node:assert/strict';
import type { MeshAnswer } from '../../src/localapi/explained.ts';
import type { Catalog } from '../../src/mesh/catalog.ts';
import { explainGateway } from '../../src/mesh/explain/explain-gateway.ts';
import { explainNode } from '../../src/mesh/explain/explain-node.ts';
import type { Attempt, Outcome } from '../../src/mesh/explain/explanation.ts';
import { parseQuestion } from '../../src/mesh/explain/question.ts';
import { resolveGateway } from '../../src/mesh/resolve-gateway.ts';
import { resolveNode } from '../../src/mesh/resolve-node.ts';

export interface AskedOf {
	readonly address: string;
	readonly port: number;
	readonly host?: string;
	readonly path?: string;
	/** Of HTTP, or `grpc`, or `tcp`. */
	readonly method?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly isTls?: boolean;
}

export function attemptOf({ address, port, host, path = '/', method = 'GET', headers = {}, isTls }: AskedOf): Attempt {
	const place = `${isTls === true ? host : address}:${port}`;
	const url = `${isTls === true ? 'https' : 'http'}://${place}${path}`;
	const named = { ...(host === undefined ? {} : { host }), ...headers };
	const told = { method: undefined, headers: Object.entries(named) };
	const found = parseQuestion([method, method === 'tcp' ? place : url], told);
	assert.ok(found, url);
	return found.question.attempt;
}

/** Who may answer, `elsewhere` for what passes, or how the request ends. */
export const expectedOf = (outcome: Outcome): readonly string[] =>
	endOf(
		outcome,
		outcome.kind === 'sent' ? outcome.route.targets.map(({ node, weight }) => ({ node: node.name, weight })) : [],
	);

function endOf(outcome: Outcome | MeshAnswer['outcome'], targets: MeshTargets): readonly string[] {
	switch (outcome.kind) {
		case 'sent':
			return targets.filter(({ weight }) => weight > 0).map(({ node }) => node);
		case 'passed':
			return ['elsewhere'];
		case 'answered':
			return [String(outcome.status)];
		case 'closed':
			return ['closed'];
		case 'unknown':
			return assert.fail(outcome.why);
	}
}

type MeshTargets = readonly { readonly node: string; readonly weight: number }[];

export function explainedNode(catalog: Catalog, name: string, asked: AskedOf): readonly string[] {
	const view = resolveNode(catalog, name);
	assert.ok(view);
	return expectedOf(explainNode(view, attemptOf(asked)).outcome);
}

/** With the host and path that the service sees. */
export function explainedGateway(catalog: Catalog, name: string, asked: AskedOf): readonly string[] {
	const view = resolveGateway(catalog, name);
	assert.ok(view);
	const { outcome, rewritten } = explainGateway(view, attemptOf(asked));
	const seen = outcome.kind === 'sent' && rewritten !== undefined ? ` ${rewritten.host} ${rewritten.path}` : '';
	return expectedOf(outcome).map((who) => who + seen);
}

/** The same of what the daemon answers, and Envoy's part of it. */
export const answererIn = ({ outcome, targets }: MeshAnswer): readonly string[] => endOf(outcome, targets);
