import { quote } from '../lib/escape.ts';
import type { PlacedResource } from './assign-mesh.ts';
import { checkShape, isRecord } from './check-shape.ts';
import { type Fault, faultOf } from './fault.ts';
import { textOfPath } from './path.ts';
import { keyText, type Mistake, type RawResource, type Resource } from './resource.ts';
import { kinds, nameShape } from './schema/kinds.ts';

export interface Validated {
	readonly resources: readonly Resource[];
	readonly faults: readonly Fault[];
}

export interface CheckedResource {
	/** Undefined where it has mistakes. */
	readonly resource: Resource | undefined;
	readonly errors: readonly Mistake[];
}

/** Holds it against the API's shapes and bounds. */
export function checkResource(raw: RawResource): CheckedResource {
	const errors = [...nameMistakes(raw), ...specMistakes(raw)];
	const resource = errors.length === 0 ? ({ ...raw, spec: withoutNulls(raw.spec) } as Resource) : undefined;
	return { resource, errors };
}

/** Checks each resource, and looks for those that stand twice. All mistakes at once. */
export function validate(found: readonly PlacedResource[], check = checkResource): Validated {
	const checked = found.map(check);
	return {
		resources: checked.flatMap(({ resource }) => resource ?? []),
		faults: [...found.flatMap((raw, at) => faultOf(raw, checked[at]?.errors ?? [])), ...duplicates(found)],
	};
}

/** The CLI writes null where a field is not set. The same value where there is none of them. */
function withoutNulls(value: unknown): unknown {
	if (!hasNull(value)) return value;
	if (Array.isArray(value)) return value.map(withoutNulls);
	const set = Object.entries(isRecord(value) ? value : {}).filter(([, inner]) => inner !== null && inner !== undefined);
	return Object.fromEntries(set.map(([key, inner]) => [key, withoutNulls(inner)]));
}

function hasNull(value: unknown): boolean {
	if (Array.isArray(value)) return value.some(hasNull);
	if (!isRecord(value)) return value === null || value === undefined;
	for (const key in value) if (hasNull(value[key])) return true;
	return false;
}

const specMistakes = ({ kind, spec, placeOf }: RawResource): Mistake[] =>
	checkShape(kinds[kind], spec).map(({ path, why, hint }) => ({
		...placeOf(textOfPath(['spec', ...path])),
		...{ why, hint },
	}));

function nameMistakes({ kind, mesh, name, placeOf }: RawResource): Mistake[] {
	const checks = [
		...checkShape(nameShape('mesh'), mesh).map((found) => ({ ...found, key: 'meshName' })),
		...(kind === 'mesh' ? [] : checkShape(nameShape(kind), name)).map((found) => ({ ...found, key: `${kind}Name` })),
	];
	return checks.map(({ key, why, hint }) => ({ ...placeOf(key), why, hint }));
}

/** The first stays; each further one is told with where the first is. */
function duplicates(found: readonly PlacedResource[]): Fault[] {
	const seen = new Map<string, RawResource>();
	return found.flatMap((raw) => {
		const key = keyText(raw);
		const first = seen.get(key);
		if (first === undefined) {
			seen.set(key, raw);
			return [];
		}
		const { file, line } = first.placeOf('');
		const why = `${raw.kind} ${quote(raw.name)} stands twice`;
		return faultOf(raw, [{ ...raw.placeOf(''), why, hint: `it is also at ${file}:${line}` }]);
	});
}
