import { dirname, isAbsolute } from 'node:path';
import { type Given, textOf, usage } from '../../cli/arguments.ts';
import type { CommandContext } from '../../cli/daemon-commands.ts';
import { loadEnvoyVariables } from '../../config/load.ts';
import { bootstrapText } from '../../envoy/bootstrap.ts';
import { podOverlay } from '../../envoy/overlay.ts';
import { quote } from '../../lib/escape.ts';
import { type MeshNode, nodeId } from '../../values/mesh-node.ts';
import { findTcpAddress, type TcpAddress } from '../../values/tcp-address.ts';
import { mergeBootstrap } from '../../xds/merge-bootstrap.ts';
import { remoteAdsBootstrap, type SecretFiles, secrets } from '../../xds/remote-ads-bootstrap.ts';
import { variableParts } from '../../xds/variable-parts.ts';
import { READING_PORT } from '../pods/containers.ts';
import { readMeshSettings } from './mesh-settings.ts';
import { proxyOf } from './this-node.ts';

/** `turnout mesh render --ads`: for an Envoy that gets everything from a `turnout control` elsewhere. Definitions are not needed. */
export async function renderRemote(given: Given, { out }: CommandContext): Promise<number> {
	const form = forms[textOf(given, 'as') ?? 'bootstrap'];
	if (form === undefined) throw usage(`with --ads, --as takes ${Object.keys(forms).join(' or ')}`);
	out(bootstrapText(await form(given)));
	return 0;
}

const forms: Readonly<Record<string, (given: Given) => object | Promise<object>>> = {
	bootstrap: renderBootstrap,
	certificate: (given) => secrets.certificate(filesOf(given), serverOf(given)),
	authority: (given) => secrets.authority(filesOf(given), serverOf(given)),
};

const filesOf = (given: Given): SecretFiles => ({
	...{ certificate: pathOf(given, 'certificate'), privateKey: pathOf(given, 'private-key'), ca: pathOf(given, 'ca') },
});

function serverOf(given: Given): TcpAddress {
	const server = findTcpAddress(textOf(given, 'ads') ?? '');
	if (server === undefined) throw usage('--ads takes HOST:PORT, of a turnout control with --ads');
	return server;
}

/** As the Envoy sees it, which may be in a container. */
function pathOf(given: Given, option: string): string {
	const path = textOf(given, option);
	if (path !== undefined && isAbsolute(path)) return path;
	throw usage(`with --ads, --${option} takes the absolute path of a file`);
}

async function renderBootstrap(given: Given): Promise<object> {
	const node = await nodeOf(given);
	const id = nodeId(node);
	const { variables, files } = await loadEnvoyVariables();
	const cluster = variables['APPMESH_RESOURCE_CLUSTER'] ?? id;
	const folder = dirname(pathOf(given, 'certificate'));
	const parts = variableParts({ variables, files, node, cluster });
	const pod = given['pod'] === true ? [podOverlay(READING_PORT)] : [];
	return mergeBootstrap(remoteAdsBootstrap({ id, cluster }, { ...serverOf(given), folder }), [...parts, ...pod]);
}

/** With its mesh, as no definitions say which there are. */
async function nodeOf(given: Given): Promise<MeshNode> {
	const { mesh, kind, name } = proxyOf({ given, settings: await readMeshSettings(given) });
	if (mesh !== undefined) return { mesh, kind, name };
	throw usage(`--node takes mesh/MESH/virtualNode/NAME here, not ${quote(name)}`);
}
