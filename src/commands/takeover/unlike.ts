import type { Predecessor } from '../../firewall/foreign/predecessor.ts';
import { holderOf, parseCidr, parseCidrs } from '../../values/cidr.ts';
import { parseIds, parsePorts } from '../../values/units.ts';

/** What these rules send to Envoy and the settings would not, or leave alone and the settings would not. */
export function unlike(rules: Predecessor, settings: ReadonlyMap<string, string>): string[] {
	const of = (key: string): string => settings.get(key) ?? '';
	const lacking = (key: string, wanted: readonly string[], has: (value: string) => boolean, what: string): string[] => {
		const missing = wanted.filter((value) => !has(value));
		return missing.length === 0 ? [] : [`${key} lacks ${missing.join(', ')}, ${what}`];
	};
	const captured = 'which they send to Envoy';
	const ignored = 'which they leave alone';
	const isAll = rules.ingressPort !== undefined && rules.appPorts.length === 0;
	// The ports are those of the node's listeners then.
	const isByMesh = of('appPorts') === '' && of('mesh.node') !== '';
	return [
		...lacking('appPorts', isAll ? ['*'] : rules.appPorts, isByMesh ? () => true : portsIn(of('appPorts')), captured),
		...lacking('ignoreUids', rules.uids, idsIn(of('ignoreUids')), ignored),
		...lacking('ignoreGids', rules.gids, idsIn(of('ignoreGids')), ignored),
		...lacking('egressIgnoredIps', rules.ignoredIps, addressesIn(of('egressIgnoredIps')), ignored),
		...lacking('egressIgnoredPorts', rules.ignoredPorts, portsIn(`22,${of('egressIgnoredPorts')}`), ignored),
	];
}

function portsIn(text: string): (value: string) => boolean {
	if (text.trim() === '*') return () => true;
	const ranges = parsePorts(text.replace(/,\s*$/, ''));
	return (value) =>
		value !== '*' &&
		parsePorts(value).every(({ from, to }) => ranges.some((range) => range.from <= from && to <= range.to));
}

/** Names are resolved on the host: whom they mean is not compared. */
function idsIn(text: string): (value: string) => boolean {
	const ids = parseIds(text);
	const isInRange = (id: number) => ids.some((range) => 'from' in range && range.from <= id && id <= range.to);
	return (value) => ids.some((id) => 'name' in id) || value.split('-').map(Number).every(isInRange);
}

function addressesIn(text: string): (value: string) => boolean {
	const cidrs = parseCidrs(text);
	return (value) => {
		const { address, bits, family } = parseCidr(value);
		const wider = cidrs.filter((cidr) => cidr.family === family && cidr.bits <= bits);
		return holderOf(wider)(address);
	};
}
