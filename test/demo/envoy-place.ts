import { spawnSync } from 'node:child_process';
import { copyFileSync, linkSync } from 'node:fs';
import { join } from 'node:path';
import { ids } from '../lab/net/peers.ts';
import { findEnvoy } from '../lab/services/envoy.ts';

/** A path of Envoy's program that Envoy's user may enter: a checkout below /root or a closed home is closed to it. */
export async function placeEnvoy(folder: string): Promise<string> {
	const found = await findEnvoy();
	if (runs(found)) return found;
	const placed = join(folder, 'envoy');
	try {
		linkSync(found, placed);
	} catch {
		copyFileSync(found, placed);
	}
	if (runs(placed)) return placed;
	throw new Error(`Envoy does not run: neither ${found} nor a copy of it in ${folder}`);
}

function runs(program: string): boolean {
	const identity = { uid: ids.proxy, gid: ids.proxy };
	return spawnSync(program, ['--version'], { ...identity, cwd: '/', stdio: 'ignore' }).status === 0;
}
