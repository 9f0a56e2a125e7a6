import type { Capture } from '../../src/ruleset/capture.ts';
import { etcdPorts } from '../../src/values/etcd-address.ts';
import type { Unit, UnitCgroup } from '../../src/values/unit-name.ts';
import type { Id, IdRange } from '../../src/values/units.ts';
import { loadTexts, type Texts } from '../property/generators.ts';

/** What settings ask for, as text; the names of two users and groups that every Linux has are known. */
export function captureOf(texts: Texts): Capture {
	const { config } = loadTexts(texts);
	return {
		...config,
		ignoreUids: config.ignoreUids.map(idOf),
		ignoreGids: config.ignoreGids.map(idOf),
		onlyUids: config.onlyUids.map(idOf),
		onlyGids: config.onlyGids.map(idOf),
		etcdPorts: etcdPorts(config.mesh.definitions),
		cgroups: cgroupsOf([...config.ignoreUnits, ...config.onlyUnits]),
	};
}

const accounts: Readonly<Record<string, number>> = { root: 0, daemon: 1 };

function idOf(id: Id): IdRange {
	if (!('name' in id)) return id;
	const known = accounts[id.name];
	if (known === undefined) throw new Error(`nobody here is called ${id.name}`);
	return { from: known, to: known };
}

/** Every unit runs in the slice of the system, with an id by its place; but not those that are called gone. */
const cgroupsOf = (units: readonly Unit[]): UnitCgroup[] =>
	units
		.map((unit, at) => ({ unit, path: unit.startsWith('/') ? unit : `/system.slice/${unit}`, id: 1000 + at }))
		.filter(({ unit }) => !unit.includes('gone'));
