import { statSync } from 'node:fs';
import { daemonFindings } from '../../doctor/daemon-check.ts';
import { dockerFindings } from '../../doctor/docker-check.ts';
import type { Finding } from '../../doctor/finding.ts';
import { kernelFindings } from '../../doctor/kernel-check.ts';
import { privilegesFindings } from '../../doctor/privileges-check.ts';
import { toolsFindings } from '../../doctor/tools-check.ts';
import { type Failure, failureOf } from '../../failure.ts';
import { backends } from '../../firewall/backends.ts';
import { mayChangeNetwork, mayOpenRawSockets } from '../../host/capabilities.ts';
import { remedyFor } from '../../host/iptables/extensions.ts';
import { iptablesParts } from '../../host/iptables/iptables-parts.ts';
import { findTools, missingTools, readVersions } from '../../host/iptables/programs.ts';
import { noPrivilege, noRawSocket } from '../../host/iptables/save-restore.ts';
import { hasIpv6Sockets } from '../../host/ipv6.ts';
import { readKernelLists } from '../../host/kernel-lists.ts';
import { nftParts } from '../../host/nft/nft-parts.ts';
import { findProgram } from '../../host/process/find-program.ts';
import { buildDesiredRules } from '../../reconcile/desired.ts';
import { localRoutingOf } from '../../routing/local-routing.ts';
import { keepsClient } from '../../ruleset/keep-client.ts';
import type { Family } from '../../values/units.ts';
import { version } from '../../version.ts';
import type { Check, Examination } from './examination.ts';

/** What turnout needs of the host before it can change anything. */
export const programChecks: readonly Check[] = [
	{ names: ['privileges'], run: checkPrivileges },
	{ names: ['daemon'], run: checkDaemon },
	{ names: ['tools'], run: checkTools },
	{ names: ['kernel'], run: checkKernel },
	{ names: ['docker'], run: checkDocker },
];

async function checkPrivileges({ backend, daemon, socket }: Examination): Promise<readonly Finding[]> {
	const isLegacy = await backend().then(
		({ name }) => name === 'iptables-legacy',
		() => false,
	);
	const refusal = await daemon().then(
		() => undefined,
		(error) => failureOf(error),
	);
	const mode = statSync(socket, { throwIfNoEntry: false })?.mode;
	return privilegesFindings({
		isRoot: process.getuid?.() === 0,
		refusal: mayChangeNetwork() ? (isLegacy && !mayOpenRawSockets() ? noRawSocket() : undefined) : noPrivilege(),
		socket:
			mode === undefined ? undefined : { path: socket, isOpen: (mode & 0o002) !== 0, refusal: forbidden(refusal) },
	});
}

const forbidden = (refusal: Failure | undefined): Failure | undefined =>
	refusal?.code === 'permission' ? refusal : undefined;

async function checkDaemon({ daemon, socket }: Examination): Promise<readonly Finding[]> {
	try {
		const { status } = await daemon();
		return daemonFindings({ kind: 'answers', version: status.version, ownVersion: version, is: status.is });
	} catch (error) {
		const { code, message, remedy } = failureOf(error);
		// The check of the privileges tells that.
		if (code === 'permission') throw error;
		return daemonFindings(code === 'not-running' ? { kind: 'none', socket } : { kind: 'silent', why: message, remedy });
	}
}

async function checkTools({ backend, signal }: Examination): Promise<readonly Finding[]> {
	const tools = { iptables: await findTools(signal), nft: findProgram('nft') };
	const isNone = tools.iptables.length === 0 && tools.nft === undefined;
	const versions = await readVersions(tools, signal);
	const chosen = await backend().catch(failureOf);
	const isLacking = 'code' in chosen && chosen.code === 'tools';
	return toolsFindings({ versions, backend: chosen, lack: isNone ? missingTools() : isLacking ? chosen : undefined });
}

async function checkKernel(of: Examination): Promise<readonly Finding[]> {
	const [{ name: dialect }, capture, { config }] = [await of.backend(), await of.capture(), await of.whole()];
	const families: readonly Family[] = hasIpv6Sockets() ? ['ipv4', 'ipv6'] : ['ipv4'];
	const routing = localRoutingOf(config, keepsClient(capture));
	const { rules } = buildDesiredRules(capture, dialect, families, routing);
	const isNft = dialect !== 'iptables-legacy';
	const needed =
		dialect === 'nft'
			? nftParts(
					backends.nft
						.renderInstallations(rules)
						.map(({ document }) => document)
						.join('\n'),
				)
			: iptablesParts(dialect, backends.iptables.renderInstallations(rules));
	return kernelFindings({ needed, lists: readKernelLists(), remedyFor: (lacking) => remedyFor(lacking, isNft) });
}

async function checkDocker({ settings }: Examination): Promise<readonly Finding[]> {
	const { runtime, dockerSocket } = (await settings()).config.envoy;
	if (runtime !== 'docker') return dockerFindings({ kind: 'unused' });
	// Its client takes 13 MB.
	const { describeDocker } = await import('../../host/docker/describe-docker.ts');
	return dockerFindings(await describeDocker(dockerSocket));
}
