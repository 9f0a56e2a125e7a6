/** What a snapshot depends on beside the definitions. Constant while an Envoy runs, so that its listeners are too. */
export interface RenderOptions {
	readonly ingressPort: number;
	readonly egressPort: number;
	/** Listens on the same ports of IPv6. */
	readonly hasIpv6?: boolean;
	/** Captured connections of containers arrive at their bridge's address and not at the loopback. */
	readonly capturesBridges?: boolean;
	/** Inbound connections arrive with their addresses as they are, by TPROXY. */
	readonly isTransparent?: boolean;
	/** The application sees the client's address. */
	readonly keepsClient?: boolean;
	/** The bootstrap has a server that hands out certificates (SDS). */
	readonly hasSds?: boolean;
	/** It has a tracer. */
	readonly hasTracing?: boolean;
}
