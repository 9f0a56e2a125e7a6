import { type IptablesBackend, iptables } from './iptables/iptables-firewall.ts';
import { type NftBackend, nft } from './nft/nft-firewall.ts';

/** What the host needs of each implementation to open the firewalls that are installed. */
export interface Backends {
	readonly iptables: IptablesBackend;
	readonly nft: NftBackend;
}

export const backends: Backends = { iptables, nft };
