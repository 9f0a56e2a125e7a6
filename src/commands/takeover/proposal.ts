import type { Predecessor } from '../../firewall/foreign/predecessor.ts';

/** Interceptors that are not taken over, with the commands that remove their rules. */
export interface OtherInterceptors {
	readonly name: string;
	readonly commands: readonly string[];
}

/** The script's own list: turnout's default has these and more. */
const SCRIPT_IPS = ['169.254.169.254', '169.254.170.2'];

/** Settings that capture what these rules capture, by their keys. */
export function proposedSettings({ uids, gids, ...rules }: Predecessor): ReadonlyMap<string, string> {
	const isUsual = rules.ignoredIps.length === 2 && SCRIPT_IPS.every((address) => rules.ignoredIps.includes(address));
	const found: readonly (readonly [key: string, value: string | undefined])[] = [
		['appPorts', rules.ingressPort !== undefined && rules.appPorts.length === 0 ? '"*"' : rules.appPorts.join()],
		['ingressPort', rules.ingressPort],
		['egressPort', rules.egressPort],
		// Without it the default would ignore a user whom these rules do not.
		['ignoreUids', uids.length === 0 && gids.length > 0 ? '""' : uids.join()],
		['ignoreGids', gids.join()],
		['egressIgnoredIps', isUsual ? undefined : `${rules.ignoredIps.join() || '""'}`],
		['egressIgnoredPorts', rules.ignoredPorts.join()],
	];
	return new Map(found.flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[key, value] as const])));
}

/** A settings file, with what settings do not say as comments. */
export function proposalText(
	name: string,
	predecessor: Predecessor | undefined,
	others: readonly OtherInterceptors[],
): string {
	const lines = predecessor === undefined ? NOTHING : settingLines(name, predecessor);
	const comments = others.flatMap(({ name: other, commands }) => [
		`${other} redirects connections here too, and turnout leaves its rules alone. To remove them:`,
		...commands.map((command) => `  ${command}`),
	]);
	return [...lines, ...comments.map((line) => `# ${line}`), ''].join('\n');
}

const NOTHING = ["# Nobody redirects connections with the 2019 script's chains here: there is nothing to take over."];

function settingLines(name: string, predecessor: Predecessor): string[] {
	const { dialect, families, unread } = predecessor;
	return [
		`# What the rules of ${name} say (${dialect}): settings for /etc/turnout/turnout.yaml`,
		...[...proposedSettings(predecessor)].map(([key, value]) => `${key}: ${value}`),
		...(families.includes('ip6') ? [] : ['# They capture IPv4 only; turnout captures IPv6 too, unless:', '# ipv6: 0']),
		...unread.map((rule) => `# No setting says what this rule does, and turnout would drop it: ${rule}`),
	];
}
