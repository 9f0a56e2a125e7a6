import { Failure } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';
import type { DiscoveryRequest } from '../../xds/encoded.ts';
import { type FieldValue, fieldsOf, textIn, textOf } from './message-fields.ts';

type Found = { -readonly [Key in keyof DiscoveryRequest]: DiscoveryRequest[Key] } & { resourceNames: string[] };

/** By the numbers of its fields (envoy/service/discovery/v3/discovery.proto; `id` of Node, `message` of google.rpc.Status). */
const readers: Readonly<Record<number, ((found: Found, value: FieldValue) => void) | undefined>> = {
	1: (found, value) => {
		found.versionInfo = textOf(value);
	},
	2: (found, node) => {
		found.nodeId = textIn(node, 1);
	},
	3: (found, value) => void found.resourceNames.push(textOf(value)),
	4: (found, value) => {
		found.typeUrl = textOf(value);
	},
	5: (found, value) => {
		found.responseNonce = textOf(value);
	},
	6: (found, status) => {
		found.error = reasonOf(textIn(status, 2));
	},
};

/** Throws a Failure where it is none. */
export function decodeDiscoveryRequest(bytes: Uint8Array): DiscoveryRequest {
	const found: Found = {
		...{ typeUrl: '', versionInfo: '', responseNonce: '', resourceNames: [], error: undefined, nodeId: undefined },
	};
	try {
		for (const [field, value] of fieldsOf(bytes)) readers[field]?.(found, value);
		return found;
	} catch (cause) {
		throw new Failure('config', 'it sent no DiscoveryRequest', 'Only Envoy is to use this socket', cause);
	}
}

const LONGEST_HEAD = 500;
const LONGEST_TAIL = 1_500;

/** On one line. Envoy may show all of a value that is wrong, before it says why. */
function reasonOf(message: string): string {
	const text = oneLine(message);
	return text.length <= LONGEST_HEAD + LONGEST_TAIL
		? text
		: `${text.slice(0, LONGEST_HEAD)} … ${text.slice(-LONGEST_TAIL)}`;
}
