// How inbound connections reach Envoy, and whose address the application sees.
import type { Namespace } from '../lab/net/namespace.ts';
import { eventually } from './eventually.ts';

export interface WayInbound {
	readonly ingressMode: 'redirect' | 'tproxy';
	readonly ingressKeepClient: 'envoy' | 'application';
}

/** Resolves once the rules are these: they follow when the Envoy that was taken over from has ended. */
export async function untilInbound(host: Namespace, backend: string, way: WayInbound): Promise<void> {
	const list = backend === 'nft' ? ['nft', 'list', 'ruleset'] : [`${backend}-save`];
	const [program = '', ...args] = list;
	await eventually(
		() => host.run(program, args),
		(rules) =>
			/tproxy/i.test(rules) === (way.ingressMode === 'tproxy') &&
			/connmark|ct mark/i.test(rules) === (way.ingressKeepClient === 'application'),
	);
}
