import { flag, integer, list, object, oneOf, text, union } from './shape.ts';

export const name = text({ min: 1, max: 255 });
export const port = integer(1, 65_535);
/** The API names no bound; Envoy counts nanoseconds with 63 bits. */
export const duration = object({}, { unit: oneOf('s', 'ms'), value: integer(0, 9_000_000_000) });
/** The API names no bound; Envoy's numbers end here. */
export const count = (min: number) => integer(min, 2_147_483_647);
export const protocol = oneOf('http', 'tcp', 'http2', 'grpc');
export const ipPreference = oneOf('IPv6_PREFERRED', 'IPv4_PREFERRED', 'IPv4_ONLY', 'IPv6_ONLY');

const certificateFile = object({ certificateChain: name, privateKey: name }, {});
const secret = object({ secretName: text({ min: 1 }) }, {});
const trustFile = object({ certificateChain: name }, {});
const alternativeNames = object({ match: object({ exact: list(text({ min: 1, max: 254 })) }, {}) }, {});
const authorities = object({ certificateAuthorityArns: list(text({}), 1, 3) }, {});

export const clientPolicy = object(
	{},
	{
		tls: object(
			{
				validation: object(
					{ trust: union({ acm: authorities, file: trustFile, sds: secret }) },
					{ subjectAlternativeNames: alternativeNames },
				),
			},
			{ certificate: union({ file: certificateFile, sds: secret }), enforce: flag, ports: list(port) },
		),
	},
);

export const listenerTls = object(
	{
		certificate: union({
			acm: object({ certificateArn: text({}) }, {}),
			file: certificateFile,
			sds: secret,
		}),
		mode: oneOf('STRICT', 'PERMISSIVE', 'DISABLED'),
	},
	{
		validation: object(
			{ trust: union({ file: trustFile, sds: secret }) },
			{ subjectAlternativeNames: alternativeNames },
		),
	},
);

export const healthCheck = <P extends readonly string[]>(...protocols: P) =>
	object(
		{
			healthyThreshold: integer(2, 10),
			intervalMillis: integer(5_000, 300_000),
			protocol: oneOf(...protocols),
			timeoutMillis: integer(2_000, 60_000),
			unhealthyThreshold: integer(2, 10),
		},
		{ path: text({}), port },
	);

export const logging = object(
	{},
	{
		accessLog: union({
			file: object(
				{ path: name },
				{
					format: union({
						json: list(
							object({ key: text({ min: 1, max: 100 }), value: text({ min: 1, max: 100, isFreeText: true }) }, {}),
						),
						text: text({ min: 1, max: 1_000, isFreeText: true }),
					}),
				},
			),
		}),
	},
);

const requests = object({ maxRequests: count(1) }, {});
const connections = object({ maxConnections: count(1) }, {});

export const httpPools = {
	grpc: requests,
	http: object({ maxConnections: count(1) }, { maxPendingRequests: count(1) }),
	http2: requests,
} as const;
export const pools = { ...httpPools, tcp: connections } as const;

export const httpTimeout = object({}, { idle: duration, perRequest: duration });
export const tcpTimeout = object({}, { idle: duration });
