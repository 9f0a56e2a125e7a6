import type { FileSettings } from '../../config/yaml.ts';
import { parseCidr } from '../../values/cidr.ts';
import { parsePort } from '../../values/units.ts';
import { type CniError, isObject, type Members } from './call.ts';

/** What the configuration of AWS's plugin `aws-appmesh` says. */
interface NetConfig {
	readonly ignoredUID: string;
	readonly ignoredGID: string;
	readonly proxyIngressPort: string;
	readonly proxyEgressPort: string;
	readonly appPorts: readonly string[];
	readonly egressIgnoredPorts: readonly string[];
	readonly egressIgnoredIPs: readonly string[];
	readonly enableIPv6: boolean;
}

export interface NetSettings {
	/** What it says, in our settings. */
	readonly settings: FileSettings;
	/** The result of the plugins before this one; empty where there were none. */
	readonly previous: object;
}

/** Pure. A mistake is told in the words that the plugin has for it. */
export function parseNetConfig(members: Members): NetSettings | CniError {
	try {
		const config = netConfigOf(members);
		const previous = members.get('prevresult') ?? {};
		if (!isObject(previous)) throw misread('prevResult', 'an object');
		return { settings: { values: settingsOf(config), mistakes: [] }, previous };
	} catch (error) {
		return { code: 7, msg: (error as Error).message };
	}
}

function netConfigOf(members: Members): NetConfig {
	const config: NetConfig = {
		ignoredUID: textOf(members, 'ignoredUID'),
		ignoredGID: textOf(members, 'ignoredGID'),
		proxyIngressPort: textOf(members, 'proxyIngressPort'),
		proxyEgressPort: textOf(members, 'proxyEgressPort'),
		appPorts: listOf(members, 'appPorts'),
		egressIgnoredPorts: listOf(members, 'egressIgnoredPorts'),
		egressIgnoredIPs: listOf(members, 'egressIgnoredIPs'),
		enableIPv6: flagOf(members, 'enableIPv6'),
	};
	requireMembers(config);
	for (const port of [config.proxyEgressPort, config.proxyIngressPort].filter(Boolean)) requirePort(port);
	return {
		...config,
		appPorts: withoutEmpty(config.appPorts, requirePort),
		egressIgnoredPorts: withoutEmpty(config.egressIgnoredPorts, requirePort),
		egressIgnoredIPs: withoutEmpty(config.egressIgnoredIPs, requireAddress),
	};
}

/** A member that is missing or null is empty, as in Go. */
function textOf(members: Members, name: string): string {
	const value = members.get(name.toLowerCase()) ?? '';
	if (typeof value !== 'string') throw misread(name, 'text');
	return value;
}

function listOf(members: Members, name: string): readonly string[] {
	const value = members.get(name.toLowerCase()) ?? [];
	if (!Array.isArray(value) || value.some((each) => typeof each !== 'string')) throw misread(name, 'a list of text');
	return value;
}

function flagOf(members: Members, name: string): boolean {
	const value = members.get(name.toLowerCase()) ?? false;
	if (typeof value !== 'boolean') throw misread(name, 'true or false');
	return value;
}

const misread = (name: string, form: string): Error =>
	new Error(`failed to parse network config: ${name} is not ${form}`);

function requireMembers(config: NetConfig): void {
	const { ignoredUID, ignoredGID, proxyIngressPort, proxyEgressPort, appPorts } = config;
	if (ignoredUID === '' && ignoredGID === '') throw new Error('missing required parameter ignoredGID or ignoredUID');
	if (proxyEgressPort === '') throw new Error('missing required parameter proxyEgressPort');
	if (proxyIngressPort === '' && appPorts.length > 0)
		throw new Error('missing parameter proxyIngressPort (required if appPorts are provided)');
	if (proxyIngressPort !== '' && appPorts.length === 0)
		throw new Error('missing parameter appPorts (required if proxyIngressPort is provided)');
}

/** A list of one empty text is an empty list. */
function withoutEmpty(list: readonly string[], require: (element: string) => void): readonly string[] {
	if (list.length === 1 && list[0] === '') return [];
	list.forEach(require);
	return list;
}

function requirePort(text: string): void {
	try {
		parsePort(text);
	} catch {
		throw new Error(`invalid port [${text}] specified`);
	}
}

function requireAddress(text: string): void {
	try {
		parseCidr(text.trim());
	} catch {
		throw new Error(`invalid IP or CIDR block [${text.trim()}] specified in egressIgnoredIPs`);
	}
}

/** Our defaults do not apply: what the plugin captures is captured. */
function settingsOf(config: NetConfig): FileSettings['values'] {
	const { ignoredUID, ignoredGID, proxyIngressPort, proxyEgressPort, appPorts, egressIgnoredPorts } = config;
	const [otherPort, adminPort] = unnamedPorts([proxyIngressPort, proxyEgressPort, ...appPorts]);
	const found: readonly (readonly [key: string, text: string, member: string])[] = [
		['ignoreUids', ignoredUID, 'ignoredUID'],
		['ignoreGids', ignoredGID, 'ignoredGID'],
		['egressPort', proxyEgressPort, 'proxyEgressPort'],
		['ingressPort', proxyIngressPort || otherPort, 'proxyIngressPort'],
		['appPorts', appPorts.join(), 'appPorts'],
		['ingressIgnoredPorts', '', 'appPorts'],
		['egressIgnoredPorts', egressIgnoredPorts.join(), 'egressIgnoredPorts'],
		['egressIgnoredIps', config.egressIgnoredIPs.join(), 'egressIgnoredIPs'],
		['ipv6', config.enableIPv6 ? '1' : '0', 'enableIPv6'],
		// It needs to know both of Envoy's ports.
		['guard', proxyIngressPort === '' ? '0' : '1', 'proxyIngressPort'],
		['envoy.adminPort', adminPort, 'proxyEgressPort'],
	];
	return new Map(found.map(([key, text, member]) => [key, { text, where: member }]));
}

/** For ports of Envoy that the configuration does not tell, and that our settings have to have: they clash with none of its own. */
function unnamedPorts(named: readonly string[]): readonly [string, string] {
	const taken = new Set(named.map(Number));
	const [first = 1, second = 2] = Array.from({ length: taken.size + 2 }, (_, at) => at + 1).filter(
		(port) => !taken.has(port),
	);
	return [String(first), String(second)];
}
