import type { Kind } from '../mesh/schema/kinds.ts';

/** All that the wizard asks, as it is typed. */
export interface WizardForm {
	readonly mesh: string;
	readonly service: string;
	readonly node: string;
	readonly discovery: 'DNS' | 'None';
	readonly hostname: string;
	/** One on each line. */
	readonly backends: string;
	readonly accessLog: string;
	readonly hasListener: boolean;
	readonly port: string;
	readonly protocol: Protocol;
	readonly hasHealthCheck: boolean;
	readonly healthProtocol: 'http' | 'tcp';
	readonly healthPort: string;
	readonly healthPath: string;
	readonly healthyThreshold: string;
	readonly unhealthyThreshold: string;
	readonly healthInterval: string;
	readonly healthTimeout: string;
	readonly router: string;
	readonly routerPort: string;
	readonly routerProtocol: Protocol;
	readonly route: string;
	readonly routeType: Protocol;
	readonly weight: string;
	readonly prefix: string;
}

type Protocol = 'http' | 'http2' | 'grpc' | 'tcp';

export const emptyForm: WizardForm = {
	...{ mesh: '', service: '', node: '', discovery: 'DNS', hostname: '', backends: '', accessLog: '' },
	...{ hasListener: true, port: '80', protocol: 'http', hasHealthCheck: false, healthProtocol: 'http' },
	...{ healthPort: '', healthPath: '/', healthyThreshold: '2', unhealthyThreshold: '2' },
	...{ healthInterval: '5000', healthTimeout: '2000', router: '', routerPort: '80', routerProtocol: 'http' },
	...{ route: '', routeType: 'http', weight: '100', prefix: '/' },
};

/** 4: what is going to be made is looked at. */
export type Step = 1 | 2 | 3 | 4;

export const stepTitles: Readonly<Record<Step, string>> = {
	1: 'Mesh and service',
	2: 'Virtual node',
	3: 'Router and route',
	4: 'Review and create',
};

export interface WizardField {
	readonly id: keyof WizardForm;
	readonly step: Step;
	readonly group: string;
	readonly label: string;
	readonly hint?: string;
	readonly control: 'text' | 'number' | 'lines' | 'checkbox' | readonly string[];
	/** Where its value goes. */
	readonly kind: Kind;
	readonly path: string;
	/** Undefined: always. */
	readonly isAsked?: (form: WizardForm) => boolean;
}

const protocols = ['http', 'http2', 'grpc', 'tcp'] as const;
const listener = 'spec.listeners[0]';
const check = `${listener}.healthCheck`;
const checksHealth = ({ hasListener, hasHealthCheck }: WizardForm): boolean => hasListener && hasHealthCheck;
const listens = ({ hasListener }: WizardForm): boolean => hasListener;
const isHttp = ({ routeType }: WizardForm): boolean => routeType === 'http' || routeType === 'http2';

type Row = Omit<WizardField, 'step' | 'group'>;

const of = (step: Step, group: string, rows: readonly Row[]): WizardField[] =>
	rows.map((row) => ({ ...row, step, group }));

/** As the guide's console asked them, in its order. */
export const wizardFields: readonly WizardField[] = [
	...of(1, 'Mesh', [
		{
			...{ id: 'mesh', label: 'Mesh name', control: 'text', kind: 'mesh', path: 'meshName' },
			hint: 'What belongs together and knows each other, such as simpleapp.',
		},
	]),
	...of(1, 'Virtual service', [
		{
			...{ id: 'service', label: 'Virtual service name', control: 'text' },
			...{ kind: 'virtualService', path: 'virtualServiceName' },
			hint: 'The name that clients call, such as serviceb.simpleapp.local.',
		},
	]),
	...of(2, 'Virtual node', [
		{ id: 'node', label: 'Virtual node name', control: 'text', kind: 'virtualNode', path: 'virtualNodeName' },
		{
			...{ id: 'discovery', label: 'Service discovery method', control: ['DNS', 'None'] },
			...{ kind: 'virtualNode', path: 'spec.serviceDiscovery' },
			hint: 'None: it takes no requests.',
		},
		{
			...{ id: 'hostname', label: 'DNS hostname', control: 'text' },
			...{ kind: 'virtualNode', path: 'spec.serviceDiscovery.dns.hostname' },
			hint: 'The name or address at which its task group is found.',
			isAsked: ({ discovery }) => discovery === 'DNS',
		},
	]),
	...of(2, 'Listener', [
		{ id: 'hasListener', label: 'It takes requests', control: 'checkbox', kind: 'virtualNode', path: 'spec.listeners' },
		{
			...{ id: 'port', label: 'Port', control: 'number', isAsked: listens },
			...{ kind: 'virtualNode', path: `${listener}.portMapping.port` },
		},
		{
			...{ id: 'protocol', label: 'Protocol', control: protocols, isAsked: listens },
			...{ kind: 'virtualNode', path: `${listener}.portMapping.protocol` },
		},
		{
			...{ id: 'hasHealthCheck', label: 'Health check enabled', control: 'checkbox', isAsked: listens },
			...{ kind: 'virtualNode', path: check },
		},
		{
			...{ id: 'healthProtocol', label: 'Health check protocol', control: ['http', 'tcp'], isAsked: checksHealth },
			...{ kind: 'virtualNode', path: `${check}.protocol` },
		},
		{
			...{ id: 'healthPort', label: 'Health check port', control: 'number', isAsked: checksHealth },
			...{ kind: 'virtualNode', path: `${check}.port`, hint: "Empty: the listener's." },
		},
		{
			...{ id: 'healthPath', label: 'Path', control: 'text', kind: 'virtualNode', path: `${check}.path` },
			isAsked: (form) => checksHealth(form) && form.healthProtocol === 'http',
		},
		{
			...{ id: 'healthyThreshold', label: 'Healthy threshold', control: 'number', isAsked: checksHealth },
			...{ kind: 'virtualNode', path: `${check}.healthyThreshold`, hint: 'Good answers in a row, from 2 to 10.' },
		},
		{
			...{ id: 'unhealthyThreshold', label: 'Unhealthy threshold', control: 'number', isAsked: checksHealth },
			...{ kind: 'virtualNode', path: `${check}.unhealthyThreshold`, hint: 'Bad answers in a row, from 2 to 10.' },
		},
		{
			...{ id: 'healthInterval', label: 'Interval (ms)', control: 'number', isAsked: checksHealth },
			...{ kind: 'virtualNode', path: `${check}.intervalMillis`, hint: 'From 5000 to 300000.' },
		},
		{
			...{ id: 'healthTimeout', label: 'Timeout (ms)', control: 'number', isAsked: checksHealth },
			...{ kind: 'virtualNode', path: `${check}.timeoutMillis`, hint: 'From 2000 to 60000.' },
		},
	]),
	...of(2, 'Additional configuration', [
		{
			...{ id: 'backends', label: 'Backends', control: 'lines', kind: 'virtualNode', path: 'spec.backends' },
			hint: 'Virtual services that it calls: a name or an ARN on each line.',
		},
		{
			...{ id: 'accessLog', label: 'HTTP access logs path', control: 'text' },
			...{ kind: 'virtualNode', path: 'spec.logging.accessLog.file.path', hint: 'Such as /dev/stdout.' },
		},
	]),
	...of(3, 'Virtual router', [
		{ id: 'router', label: 'Virtual router name', control: 'text', kind: 'virtualRouter', path: 'virtualRouterName' },
		{
			...{ id: 'routerPort', label: 'Port', control: 'number' },
			...{ kind: 'virtualRouter', path: `${listener}.portMapping.port` },
		},
		{
			...{ id: 'routerProtocol', label: 'Protocol', control: protocols },
			...{ kind: 'virtualRouter', path: `${listener}.portMapping.protocol` },
		},
	]),
	...of(3, 'Route', [
		{ id: 'route', label: 'Route name', control: 'text', kind: 'route', path: 'routeName' },
		{ id: 'routeType', label: 'Route type', control: protocols, kind: 'route', path: 'spec' },
		{
			...{ id: 'weight', label: 'Weight', control: 'number', kind: 'route' },
			...{ path: 'spec.httpRoute.action', hint: 'From 0 to 100, relative to other targets of the route.' },
		},
		{
			...{ id: 'prefix', label: 'Path prefix', control: 'text', kind: 'route', path: 'spec.httpRoute.match' },
			...{ hint: 'Requests whose path begins so; / takes all.', isAsked: isHttp },
		},
	]),
];
