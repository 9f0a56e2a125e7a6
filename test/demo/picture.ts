// PURE. The little world, drawn.
import type { Colours } from './colours.ts';

const world = `
┌─ remote ───────────────────┐     ┌─ host ────────────────────────────────────┐
│ 203.0.113.10  2001:db8::10 │     │                 Envoy              app    │
│ 203.0.113.11  ignored      │     │  ─────── ↓in ──▶ :15000 ────────▶ :8081   │
│ 198.51.100.7  ignored net  ├─────┤  ◀── ↑out ────── :15001 ◀──────── :443    │
│ 169.254.169.254  metadata  │     │  ◀───────────── all else ───────▶ :22 …   │
└────────────────────────────┘     └──┬─ docker0 ─────────────┬─ br-mesh ──────┘
                                   ┌──┴────────────────┐ ┌────┴───────────────┐
                                   │ shop  :80         │ │ meshed             │
                                   │ Docker: host:8080 │ │ bridges: br-mesh   │
                                   └───────────────────┘ └────────────────────┘
`;

const docker = `Docker runs Envoy and the containers. With the keys of the instance's role
turnout gets a login from ECR, has Docker pull Envoy's image with it, and
replaces Envoy under load.
`;

const legend = `Who answers each connection, over IPv4 and IPv6, in each state?
  ↓in ↑out   through Envoy: its access log names these very connections, and the
             number is by how much its listener's own counter rose meanwhile
  dropped    nobody dials Envoy's own ports;   closed: Envoy led it nowhere
`;

export function renderPicture({ bold, dim, inbound, outbound }: Colours, isDocker: boolean): string {
	const paint = (text: string) => text.replace('↓in', inbound).replace('↑out', outbound);
	const drawn = world
		.trim()
		.replace(/[┌┐└┘├┤┬┴─│]+/g, dim)
		.replace(/(?<!: )\b(remote|host|shop|meshed|Envoy|app)\b/g, bold);
	return `${bold('turnout, shown on a little world made of network namespaces')}
This machine's own network is not touched, and nothing of it stays.

${paint(drawn)}

${isDocker ? docker : ''}${paint(legend)}
`;
}
