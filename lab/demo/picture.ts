// PURE. The little world, drawn.
import type { Colours } from './colours.ts';

const world = `
┌─ remote ──────────────────────┐    ┌─ host ─────────────────────────────────┐
│ 203.0.113.10   2001:db8::10   │    │ app      uid 1000   :22 :8081 :9090    │
│ 203.0.113.11   ignored        │    │ Envoy    uid 1337   :15000 ↓in         │
│ 198.51.100.7   ignored net    ├────┤                     :15001 ↑out        │
│ 169.254.169.254   metadata    │    │ turnout  rules that lead there         │
└───────────────────────────────┘    └──┬─ docker0 ─────────────┬─ br-mesh ───┘
                                     ┌──┴───────────────┐ ┌─────┴─────────────┐
                                     │ container  :80   │ │ meshed container  │
                                     │ = host:8080      │ │ (bridges: br-mesh)│
                                     └──────────────────┘ └───────────────────┘
`;

const legend = `
Who answers each connection, over IPv4 and over IPv6, in four states of the host?
↓in, ↑out: through Envoy, as its access log names that very connection; the number
behind is by how much its listener's own counter rose meanwhile.
`;

export function renderPicture({ bold, dim, inbound, outbound }: Colours): string {
	const drawn = world
		.trim()
		.replace(/[┌┐└┘├┤┬┴─│]+/g, dim)
		.replace('↓in', inbound)
		.replace('↑out', outbound)
		.replace(/remote|host(?= )|(meshed )?container|turnout|Envoy/g, bold);
	const explained = legend.trim().replace('↓in', inbound).replace('↑out', outbound);
	return `${bold('turnout, shown on a little world made of network namespaces')}
This machine's own network is not touched, and nothing of it stays.

${drawn}

${explained}
`;
}
