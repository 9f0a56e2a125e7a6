// What a change by App Mesh's API takes until a request on another host goes by it, with etcd between the two.
import { chownSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { addresses } from '../lab/net/layout.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { type Etcd, startEtcd } from '../lab/services/etcd.ts';
import { NOBODY, startControl } from '../support/control-program.ts';
import { createEtcdStore } from '../support/etcd-store.ts';
import { createGuideByApi, guideRoute } from '../support/guide-by-api.ts';
import { createMeshHost, type MeshLab } from '../support/mesh-host.ts';
import { compare, type Figure } from './figure.ts';
import { monotonicMs } from './mesh/monotonic.ts';
import type { BenchOptions } from './options.ts';

/** As many as a mesh of App Mesh may have; each with a router and two routes, and called by the node that is measured. */
const SERVICES = 200;
const PREFIX = '/turnout/mesh';
const PATIENCE_MS = 30_000;
const target = { address: addresses.remote.v4, port: 80, host: 'serviceB.simpleapp.local' };

type Ask = Awaited<ReturnType<typeof startControl>>['ask'];

export async function benchControl({ flips }: Pick<BenchOptions, 'flips'>): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	const lab = await createMeshHost(stack);
	const etcd = stack.use(await startEtcd(lab.beyond, { address: addresses.world.v4 }));
	const from = `etcd://${addresses.world.v4}:2379${PREFIX}`;
	const { path } = stack.use(createScratch('control'));
	chownSync(path, NOBODY, NOBODY);
	const more = ['virtualServices', 'virtualRouters', 'backendsPerVirtualNode'].map((name) => `${name}=${2 * SERVICES}`);
	const control = stack.use(await startControl(lab.beyond, path, '--definitions', from, '--limits', more.join()));
	await createGuideByApi([control.ask], [100, 0]);
	await addServices(control.ask);
	stack.use(await lab.start(undefined, from));
	await untilAnsweredBy(lab, 'v1');
	const alone = await startAlone(etcd, stack);
	const [ours, reference]: [number[], number[]] = [[], []];
	for (let at = 1; at <= flips; at += 1) {
		const [weights, version] = at % 2 === 0 ? ([[100, 0], 'v1'] as const) : ([[0, 100], 'v2'] as const);
		const startedMs = monotonicMs();
		const { message } = await control.ask('PUT', guideRoute.path, guideRoute.body(weights));
		if (message !== undefined) throw new Error(`the route was not changed: ${message}`);
		await untilAnsweredBy(lab, version);
		ours.push(monotonicMs() - startedMs);
		reference.push(await alone());
	}
	const name = `a change by the API, ${SERVICES} services in etcd, to the first request on another host that goes by it`;
	const watched = { name: 'a write to the same etcd, to its watch', values: reference };
	return [compare(`${name}, median of ${flips}`, ours, watched, { on: 'value', must: 150 })];
}

async function untilAnsweredBy(lab: MeshLab, version: string): Promise<void> {
	const lastMs = monotonicMs() + PATIENCE_MS;
	while ((await lab.app.get(target)).body !== version) {
		if (monotonicMs() > lastMs) throw new Error(`${version} does not answer`);
		await sleep(1);
	}
}

const nameOf = (at: number): string => `service-${at}.simpleapp.local`;

async function addServices(ask: Ask): Promise<void> {
	const put = async (path: string, body: object) => {
		const { message } = await ask('PUT', `/meshes/simpleapp/${path}`, body);
		if (message !== undefined) throw new Error(`${path}: ${message}`);
	};
	const listeners = [{ portMapping: { port: 80, protocol: 'http' } }];
	const route = (virtualNode: string, prefix: string) => ({
		httpRoute: { match: { prefix }, action: { weightedTargets: [{ virtualNode, weight: 1 }] } },
	});
	for (let at = 0; at < SERVICES; at += 1) {
		const router = `router-${at}`;
		await put('virtualRouters', { virtualRouterName: router, spec: { listeners } });
		const routes = `virtualRouter/${router}/routes`;
		await put(routes, { routeName: 'canary', spec: route('serviceBv2', '/v2/') });
		await put(routes, { routeName: 'all', spec: route('serviceB', '/') });
		const provider = { virtualRouter: { virtualRouterName: router } };
		await put('virtualServices', { virtualServiceName: nameOf(at), spec: { provider } });
	}
	const { spec } = await ask('GET', '/meshes/simpleapp/virtualNodes/serviceA');
	const called = Array.from({ length: SERVICES }, (_, at) => ({ virtualService: { virtualServiceName: nameOf(at) } }));
	await put('virtualNodes/serviceA', { spec: { ...spec, backends: [...(spec.backends ?? []), ...called] } });
}

/** Resolves to what takes a write until somebody else who watches is told, in milliseconds. */
async function startAlone(etcd: Etcd, stack: AsyncDisposableStack): Promise<() => Promise<number>> {
	const ending = stack.adopt(new AbortController(), (each) => each.abort());
	const open = () => createEtcdStore([etcd.socket], { prefix: '/alone' }, ending.signal);
	const [writer, watcher] = [open(), open()];
	await Promise.all(
		[writer, watcher].map(({ mirror }) => mirror.until(() => mirror.content() !== undefined, PATIENCE_MS)),
	);
	let count = 0;
	return async () => {
		count += 1;
		const key = Buffer.from('/alone/value');
		const before = watcher.mirror.content()?.revision ?? 0n;
		const startedMs = monotonicMs();
		const success = [{ requestPut: { key, value: Buffer.from(String(count)) } }];
		await writer.session.ask(({ transact }) => transact({ success }));
		await watcher.mirror.until(() => (watcher.mirror.content()?.revision ?? 0n) > before, PATIENCE_MS);
		return monotonicMs() - startedMs;
	};
}
