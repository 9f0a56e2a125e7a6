// What Docker 20.10 (with `ip6tables`) has in the kernel on a host that publishes port 8080 of the lab's container as port
// 8080. Written down from a real dockerd; test/lab/services/dockerd.test.ts holds it to that.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses } from './layout.ts';
import type { Namespace } from './namespace.ts';
import { type Dialect, type Family, restore } from './restore.ts';

export interface Published {
	readonly subnet: string;
	readonly container: string;
	readonly loopback: string;
}

export const published: Readonly<Record<Family, Published>> = {
	v4: { subnet: '172.17.0.0/16', container: addresses.container.v4, loopback: '127.0.0.0/8' },
	v6: { subnet: 'fd17::/64', container: addresses.container.v6, loopback: '::1/128' },
};

export function installDockerRules(namespace: Namespace, dialect: Dialect): void {
	restore(namespace, dialect, dockerRules);
}

/**
 * What Docker 29 has for the same with its nftables backend, as `nft list ruleset` prints it: made by Docker's own libnetwork
 * (moby v2.0.0-beta.24), which also drops what others send to the container's address.
 */
export const dockerTables = readFileSync(join(import.meta.dirname, 'docker-nftables.nft'), 'utf8');

/** A document for `iptables-restore --noflush`, or for its twin. */
export function dockerRules(family: Family, { subnet, container, loopback } = published[family]): string {
	const host = family === 'v4' ? `${container}/32` : `${container}/128`;
	const destination = family === 'v4' ? `${container}:80` : `[${container}]:80`;
	// Docker has a place for its user's own rules in one of the two families only.
	const isUserChain = family === 'v4';
	return `*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
${isUserChain ? ':DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n' : ''}-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d ${host} ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
${isUserChain ? '-A DOCKER-USER -j RETURN\n' : ''}COMMIT
*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d ${loopback} -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s ${subnet} ! -o docker0 -j MASQUERADE
-A POSTROUTING -s ${host} -d ${host} -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination ${destination}
COMMIT
`;
}
