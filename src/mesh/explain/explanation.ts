import type { Backend, BackendRoute } from '../resolve-backends.ts';
import type { GatewayRoute } from '../resolve-gateway.ts';
import type { JudgedRoute } from './judged-routes.ts';
import type { MeshRequest } from './request.ts';

/** What a program does: it connects, and may ask for something. */
export interface Attempt {
	readonly port: number;
	/** Where it connects to, as far as it is known. */
	readonly addresses: readonly string[];
	/** With TLS: the name of the server that it asks for; '' if it gives none. */
	readonly tls: { readonly serverName: string } | undefined;
	/** Undefined: it speaks something else than HTTP. */
	readonly request: MeshRequest | undefined;
}

/** Which part of the egress listener has the connection. */
export type EgressChain =
	| { readonly kind: 'http'; readonly port: number; readonly backends: readonly Backend[] }
	| { readonly kind: 'tcp'; readonly backend: Backend; readonly isOnly: boolean }
	/** HTTPS to AWS's own services, by the server's name. */
	| { readonly kind: 'amazonaws' }
	/** `ALLOW_ALL`: whatever else. */
	| { readonly kind: 'allow-all' }
	| { readonly kind: 'none' }
	/** Which of these services depends on the address. */
	| { readonly kind: 'unknown'; readonly among: readonly Backend[] };

export type Outcome =
	| { readonly kind: 'sent'; readonly backend: Backend; readonly route: BackendRoute }
	/** To its own address, past all services. */
	| { readonly kind: 'passed'; readonly why: string }
	/** By Envoy itself; of gRPC calls 404 is the status 12, UNIMPLEMENTED. */
	| { readonly kind: 'answered'; readonly status: 400 | 404; readonly why: string }
	| { readonly kind: 'closed'; readonly why: string }
	| { readonly kind: 'unknown'; readonly why: string };

/** What a node's Envoy does with an attempt of a program on its host. */
export interface Explanation {
	readonly chain: EgressChain;
	/** The virtual service that is meant. */
	readonly backend: Backend | undefined;
	/** Those of the service, in the order in which they are tried. */
	readonly routes: readonly JudgedRoute<BackendRoute>[];
	readonly outcome: Outcome;
}

/** What a gateway's Envoy does with a request from outside. */
export interface GatewayExplanation {
	/** Of the gateway's listener; undefined: it has none on this port. */
	readonly protocol: 'http' | 'http2' | 'grpc' | undefined;
	readonly gatewayRoutes: readonly JudgedRoute<GatewayRoute>[];
	/** As which the request goes on to its service; undefined: it does not. */
	readonly rewritten: MeshRequest | undefined;
	readonly service: string | undefined;
	/** Undefined: nothing provides the service. */
	readonly backend: Backend | undefined;
	readonly routes: readonly JudgedRoute<BackendRoute>[];
	readonly outcome: Outcome;
}
