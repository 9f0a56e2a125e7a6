// How soon an Envoy is LIVE whose names no DNS server answers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from '../../lab/turnout.ts';
import { meshDaemonOptions } from '../../support/mesh-service.ts';
import { interleave, type Patience } from '../samples.ts';
import { timeOf } from './deaths.ts';
import type { MeshWorld } from './world.ts';

/** From the start of Envoy until it was LIVE and configured: without an answer, and with names that it knows. */
export async function startWithoutDns(
	{ hosts: { silent, outside }, asking, folder }: MeshWorld,
	patience: Patience,
): Promise<Readonly<Record<'silent' | 'known', readonly number[]>>> {
	const resolver = join(folder, 'resolv.conf');
	writeFileSync(resolver, `nameserver ${outside.address}\n`);
	// It takes the questions, and that is all.
	const program = 'require("node:dgram").createSocket("udp4").bind(53, process.argv[1])';
	const server = outside.namespace.spawn(process.execPath, ['-e', program, outside.address], { stdio: 'ignore' });
	const mount = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"';
	const unanswered = ['unshare', '-m', 'sh', '-ec', mount, 'sh', resolver];
	const start = async (through: readonly string[]) => {
		await using daemon = await startDaemon(silent.namespace, { ...meshDaemonOptions(silent, asking), through });
		return timeOf(daemon.log(), 'envoy live') - timeOf(daemon.log(), 'envoy starting');
	};
	try {
		return await interleave(patience, { silent: () => start(unanswered), known: () => start(silent.through) });
	} finally {
		server.kill('SIGKILL');
	}
}
