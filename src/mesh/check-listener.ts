import { quote } from '../lib/escape.ts';
import { checkAbsolute } from './check-match.ts';
import type { Told } from './mistake-at.ts';
import type { Segment } from './path.ts';
import type { Mistake } from './resource.ts';
import type { clientPolicy, listenerTls, logging } from './schema/common.ts';
import type { Value } from './schema/shape.ts';
import type { NodeListener } from './schema/virtual-node.ts';

/** Of a virtual node, or of a virtual gateway, which has less. */
type Listener = Pick<
	NodeListener,
	'connectionPool' | 'healthCheck' | 'outlierDetection' | 'portMapping' | 'timeout' | 'tls'
>;

/** `tell` stands at the spec. */
export const checkListeners = (tell: Told, listeners: readonly Listener[]): Mistake[] =>
	listeners.flatMap((listener, at) => {
		const told: Told = (path, why, hint) => tell(['listeners', at, ...path], why, hint);
		return [
			...checkPortOnce(told, listeners, at),
			...checkKeys(told, listener),
			...checkHealth(told, listener),
			...checkOutliers(told, listener),
			...checkListenerTls(told, listener.tls),
		];
	});

/** Two listeners on one port would be two filter chains with one match, which Envoy refuses. */
export function checkPortOnce(tell: Told, listeners: readonly Pick<Listener, 'portMapping'>[], at: number): Mistake[] {
	const port = listeners[at]?.portMapping.port;
	if (listeners.findIndex(({ portMapping }) => portMapping.port === port) === at) return [];
	return [tell(['portMapping', 'port'], `port ${port} stands twice`, 'one listener for each port')];
}

/** `timeout` and `connectionPool` are unions by protocol. */
const checkKeys = (tell: Told, { connectionPool = {}, timeout = {}, portMapping: { protocol } }: Listener): Mistake[] =>
	Object.entries({ connectionPool, timeout }).flatMap(([field, union]) =>
		Object.entries(union).flatMap(([key, value]) =>
			key === protocol || value === undefined || value === null
				? []
				: [tell([field, key], `${key} does not fit the listener, which has ${protocol}`, `write ${protocol} instead`)],
		),
	);

function checkHealth(tell: Told, { healthCheck: check, portMapping: { protocol } }: Listener): Mistake[] {
	if (check === undefined) return [];
	const path = ['healthCheck', 'protocol'];
	const isGrpc = protocol === 'grpc' || protocol === 'http2';
	return [
		...(check.path === undefined ? [] : checkAbsolute(tell, ['healthCheck', 'path'], check.path)),
		...(check.protocol !== 'grpc' || isGrpc
			? []
			: [tell(path, `Envoy cannot ask a listener with ${protocol} by grpc`, 'use http or tcp')]),
	];
}

function checkOutliers(tell: Told, { outlierDetection: found }: Listener): Mistake[] {
	if (found === undefined) return [];
	return (['baseEjectionDuration', 'interval'] as const).flatMap((key) =>
		(found[key].value ?? 0) > 0
			? []
			: [tell(['outlierDetection', key], 'it takes no time', 'a value above 0, such as {"unit": "s", "value": 10}')],
	);
}

const ACM = 'AWS hands out certificates of ACM to its own Envoys only: export it, and name the files by';

function checkListenerTls(tell: Told, tls: Value<typeof listenerTls> | undefined): Mistake[] {
	if (tls === undefined || tls.mode === 'DISABLED' || tls.certificate.acm === undefined) return [];
	return [tell(['tls', 'certificate', 'acm'], 'acm is not supported', `${ACM} certificate.file`)];
}

export function checkClientPolicy(
	tell: Told,
	policy: Value<typeof clientPolicy> | undefined,
	at: readonly Segment[],
): Mistake[] {
	if (policy?.tls?.validation?.trust.acm === undefined) return [];
	const path = [...at, 'clientPolicy', 'tls', 'validation', 'trust', 'acm'];
	return [tell(path, 'acm is not supported', 'save the authorities as a PEM file, and name it by trust.file')];
}

/** Envoy refuses what is neither plain text nor `%OPERATOR%`, `%OPERATOR(…)%` or `%OPERATOR(…):10%`, on one line. */
export function checkLogging(tell: Told, given: Value<typeof logging> | undefined): Mistake[] {
	const { text, json = [] } = given?.accessLog?.file?.format ?? {};
	const at = ['logging', 'accessLog', 'file', 'format'];
	const formats = [
		...(text === undefined ? [] : [{ path: [...at, 'text'], format: text }]),
		...json.map(({ value }, index) => ({ path: [...at, 'json', index, 'value'], format: value })),
	];
	return formats.flatMap(({ path, format }) => {
		const rest = format.replace(/%%|%[A-Z0-9_]+(?:\([^\n]*?\))?(?::\d+)?%/g, '');
		const from = rest.indexOf('%');
		if (from < 0) return [];
		return [
			tell(path, `no operator of Envoy: ${quote(rest.slice(from, from + 30))}`, 'such as %START_TIME%; %% for a %'),
		];
	});
}
