// Which open connections are counted, under each setting, is what the kernel does with new ones (behaviour-settings.test.ts).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost, type Host } from '../../lab/net/host.ts';
import type { Identity, Namespace } from '../../lab/net/namespace.ts';
import { ids } from '../../lab/net/peers.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { acceptConnections, openConnections } from '../../support/many-connections.ts';
import { isFull } from '../../support/rounds.ts';
import { type Call, places, type Who, worldAddresses } from '../../support/rows.ts';
import { variants } from '../../support/variants.ts';

const identities: Readonly<Record<Who, readonly [keyof Host & ('host' | 'world' | 'container'), Identity]>> = {
	app: ['host', { uid: ids.app }],
	root: ['host', {}],
	proxyUser: ['host', { uid: ids.proxy }],
	proxyGroup: ['host', { uid: ids.otherOfProxyGroup, gid: ids.proxy }],
	world: ['world', {}],
	container: ['container', {}],
};

const ports = [22, 80, 443, 5432, 8080, 8081, 9090, 15_000, 15_001, 16_000, 16_001, 20_000, 20_037, 20_038];
const here = [places.host.v4, places.host.v6] as const;

test('the connections counted under each setting are those that would be captured, were they opened now', async (context) => {
	using lab = createHost({ worldAddresses });
	using stack = new DisposableStack();
	for (const namespace of [lab.host, lab.world]) stack.use(await acceptConnections(namespace, ports));
	for (const { title, settings, calls } of variants.filter((_, at) => isFull || at % 4 === 0)) {
		const own = calls.filter(isOfHost);
		using held = await holdAll(lab, own);
		await using daemon = await startDaemon(lab.host, { args: [...settings, '--start-enabled', '1'] });
		assert.equal(daemon.process.exitCode, null, daemon.log());
		const { existing } = daemon.status();
		// Or the daemon would wait for them at its end.
		held[Symbol.dispose]();
		await context.test(title, () => assert.equal(existing, own.filter(isCaptured).length));
	}
});

/** What a container sends elsewhere only passes through. */
const isOfHost = ({ who, address }: Call): boolean => who !== 'container' || here.some((own) => own === address);

/** What stands in Envoy's place has taken what was dialled there. */
const isCaptured = ({ expected, port }: Call): boolean =>
	(expected === 'egress listener' || expected === 'ingress listener') && ![15_000, 15_001].includes(port);

async function holdAll(lab: Host, calls: readonly Call[]): Promise<Disposable> {
	using stack = new DisposableStack();
	const callers = [...new Set(calls.map(({ who }) => who))];
	const held = callers.map((who) => {
		const [place, identity] = identities[who];
		const namespace: Namespace = lab[place];
		return openConnections(
			namespace,
			identity,
			calls.filter((call) => call.who === who),
		);
	});
	for (const each of await Promise.all(held)) stack.use(each);
	const kept = stack.move();
	return { [Symbol.dispose]: () => kept.dispose() };
}
