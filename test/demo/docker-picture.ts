// PURE. The little world of the demo with Docker, drawn.
import type { Colours } from './colours.ts';

const world = `
┌─ remote ───────────────────┐     ┌─ host ────────────────────────────────────┐
│ 203.0.113.10  2001:db8::10 │     │   Docker runs   Envoy              app    │
│ 169.254.169.254  metadata: │     │  ─────── ↓in ──▶ :15000 ────────▶ :8081   │
│   the instance's role      ├─────┤  ◀── ↑out ────── :15001 ◀──────── :443    │
│                            │     │   a registry with a login, and an ECR     │
└────────────────────────────┘     └──┬─ docker0 ─────────────┬─ br-mesh ──────┘
                                   ┌──┴────────────────┐ ┌────┴───────────────┐
                                   │ shop  :80         │ │ meshed             │
                                   │ Docker: host:8080 │ │ bridges: br-mesh   │
                                   └───────────────────┘ └────────────────────┘
`;

const legend = `
With the role's keys turnout gets a login from ECR, and has Docker pull Envoy's
image with it. It replaces Envoy under load. Who answers each connection?
  ↓in ↑out   through Envoy: its access log names these very connections, and the
             number is by how much its listener's own counter rose meanwhile
  dropped    nobody dials Envoy's own ports;   closed: Envoy led it nowhere
`;

export function renderDockerPicture({ bold, dim, inbound, outbound }: Colours): string {
	const paint = (text: string) => text.replace('↓in', inbound).replace('↑out', outbound);
	const drawn = world
		.trim()
		.replace(/[┌┐└┘├┤┬┴─│]+/g, dim)
		.replace(/(?<!: )\b(remote|host|shop|meshed|Envoy|app)\b/g, bold);
	return `${bold('turnout with Envoy in Docker, on a little world made of network namespaces')}
This machine's own network is not touched, and nothing of it stays.

${paint(drawn)}

${paint(legend.trim())}

`;
}
