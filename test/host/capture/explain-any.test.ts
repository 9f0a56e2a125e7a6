// Any settings and any connections, each of them made: what `turnout explain` says of it is who answers.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { fewAtATime } from '../../../src/lib/few-at-a-time.ts';
import { createClient } from '../../../src/localapi/client.ts';
import type { ExplainedConnection, Recipient } from '../../../src/localapi/explained.ts';
import type { Client } from '../../../src/localapi/protocol.ts';
import { startTransparent } from '../../lab/net/answerer.ts';
import { createHost, type Host } from '../../lab/net/host.ts';
import { containerPorts, createPeers, ids, type Peers } from '../../lab/net/peers.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { anyAttempt, appPorts, envoyPorts, labSettings } from '../../property/any-attempt.ts';
import type { Texts } from '../../property/generators.ts';
import { make, nameOf } from '../../support/calls.ts';
import { backends } from '../../support/dialects.ts';
import { requestAbout } from '../../support/explain-calls.ts';
import { isFull } from '../../support/rounds.ts';
import { type Attempt, places, worldAddresses } from '../../support/rows.ts';

/** Settings that are tried on each backend, and connections under each of them. */
const SETTINGS = isFull ? 500 : 14;
const CONNECTIONS = 8;

/** `TEST_SEED=… node --test …` tries the same again. */
const seed = Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

describe('under any settings explain says who answers each connection', { concurrency: true }, () => {
	for (const { backend } of backends) test(`with rules of ${backend}`, (context) => testBackend(backend, context));
});

async function testBackend(backend: string, context: TestContext): Promise<void> {
	context.diagnostic(`seed ${seed}`);
	using lab = createHost({ worldAddresses });
	using peers = await createPeers(lab, { envoy: false, appPorts, worldPorts: [...appPorts, ...envoyPorts] });
	await peers.container.listen('container', everywhere);
	using _envoy = await listenAsEnvoy(lab);
	using scratch = createScratch('explain-any');
	const file = join(scratch.path, 'turnout.yaml');
	writeFileSync(file, '{}');
	const args = ['--config', file, '--backend', backend, '--start-enabled', '1'];
	await using daemon = await startDaemon(lab.host, { args });
	const client = createClient(daemon.socket);
	const seen = new Map<Recipient, number>();
	const connections = fc.array(anyAttempt, { minLength: CONNECTIONS, maxLength: CONNECTIONS });
	const property = fc.asyncProperty(labSettings, connections, async (texts, attempts) => {
		writeFileSync(file, JSON.stringify(texts));
		await client.reload({});
		const told = await fewAtATime(attempts, AT_A_TIME, (attempt) => explained(client, attempt));
		for (const { settings } of told) seen.set(settings.answer, (seen.get(settings.answer) ?? 0) + 1);
		await requireAnswered(peers, texts, told);
	});
	await fc.assert(property, { seed, numRuns: SETTINGS, examples: [oneOfEach] });
	context.diagnostic([...seen].map(([answer, count]) => `${answer} ${count}`).join(', '));
	assert.deepEqual([...seen.keys()].toSorted(), everyAnswer);
}

const everywhere = [...appPorts, ...envoyPorts].filter((port) => !containerPorts.includes(port));
const everyAnswer: readonly Recipient[] = ['app', 'direct', 'dropped', 'egress listener', 'ingress listener'];
const AT_A_TIME = 4;

/** Each answer is there at least once, whatever else comes up. */
const oneOfEach: [Texts, Attempt[]] = [
	{ ingressPort: '15000', egressPort: '15001', ignoreUids: String(ids.proxy), appPorts: '80', guard: '1' },
	[
		{ who: 'world', address: places.host.v4, port: 80 },
		{ who: 'world', address: places.host.v4, port: 22 },
		{ who: 'world', address: places.host.v4, port: 15_000 },
		{ who: 'app', address: places.remote.v4, port: 443 },
		{ who: 'proxyUser', address: places.remote.v4, port: 443 },
	],
];

/** On each port that the settings may name, for either way, also for TPROXY. */
async function listenAsEnvoy({ host }: Host): Promise<Disposable> {
	using stack = new DisposableStack();
	for (const port of envoyPorts) stack.use(await startTransparent(host, envoyOn(port), port, ids.proxy));
	return stack.move();
}

const envoyOn = (port: number | string | undefined): string => `envoy ${port}`;

type Explained = Pick<ExplainedConnection, 'settings' | 'kernel' | 'drift'> & { readonly attempt: Attempt };

async function explained(client: Client, attempt: Attempt): Promise<Explained> {
	const { connections } = await client.explain(requestAbout(attempt));
	return { ...(connections[0] ?? assert.fail('nothing is explained')), attempt };
}

async function requireAnswered(peers: Peers, texts: Texts, told: readonly Explained[]): Promise<void> {
	const answers = await Promise.all(
		told.map(({ attempt, settings }) => make(peers, attempt, settings.answer === 'dropped')),
	);
	for (const [at, { attempt, settings, kernel, drift }] of told.entries()) {
		const answer = answers[at] ?? assert.fail('nobody has tried');
		const by = nameOf(answer);
		const said = [settings.answer, kernel?.answer].map((recipient) => nameAt(recipient, attempt, texts));
		assert.deepEqual([...said, drift], [by, by, undefined], JSON.stringify({ attempt, settings, kernel, answer }));
	}
}

/** Who answers, if that is who gets it. */
function nameAt(recipient: Recipient | undefined, { address, port }: Attempt, texts: Texts): string {
	switch (recipient) {
		case 'egress listener':
			return envoyOn(texts['egressPort']);
		case 'ingress listener':
			return envoyOn(texts['ingressPort']);
		case 'app':
			return envoyPorts.includes(port) ? envoyOn(port) : 'app';
		case 'direct':
			return [places.container.v4, places.container.v6].some((own) => own === address) ? 'container' : 'remote';
		case 'dropped':
			return 'nobody';
		case 'another port':
		case 'unknown':
		case undefined:
			return String(recipient);
	}
}
